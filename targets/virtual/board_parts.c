/* The small parts: pins, LED, report, random. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "hal/clock.h"
#include "hal/gpio.h"
#include "hal/led.h"
#include "hal/random.h"
#include "hal/report.h"
#include "hal/reset.h"
#include "hal/result.h"
#include "targets/virtual/mcu_link.h"

int hal_gpio_read(unsigned pin)
{
    if (pin >= HAL_GPIO_COUNT) {
        return HAL_ERROR_RANGE;
    }
    return (int)(MCU_REGISTERS->pin_levels >> pin & 1);
}

void hal_led_set(bool on)
{
    static bool is_on; /* off after reset */
    if (on != is_on) {
        is_on = on;
        mcu_send(&(struct link_command){.code = LINK_LED, .value = on, .time_us = hal_clock_us()},
                 NULL);
    }
}

void hal_report(enum hal_report_item item, const char *text)
{
    uint32_t size = (uint32_t)strnlen(text, HAL_REPORT_TEXT_MAX);
    mcu_send(&(struct link_command){.code = LINK_REPORT, .value = item, .size = size}, text);
}

void hal_random(void *data, size_t size)
{
    uint8_t *next = data;
    while (size > 0) {
        ssize_t got = getrandom(next, size, 0);
        if (got > 0) {
            next += got;
            size -= (size_t)got;
        } else if (errno != EINTR) {
            hal_fault("no random numbers");
        }
    }
}

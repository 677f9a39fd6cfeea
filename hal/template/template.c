/* An empty port: every function of the HAL, for a machine that has no part at all. Copy it to
 * targets/NAME and fill it in, part by part.
 *
 * Nothing here claims success: what can fail fails, what cannot does nothing. */
#include <stddef.h>

#include "hal/boot.h"
#include "hal/clock.h"
#include "hal/flash.h"
#include "hal/gpio.h"
#include "hal/interrupt.h"
#include "hal/led.h"
#include "hal/radio.h"
#include "hal/random.h"
#include "hal/report.h"
#include "hal/reset.h"
#include "hal/result.h"
#include "hal/retained.h"
#include "hal/rtc.h"
#include "hal/sdcard.h"
#include "hal/uart.h"
#include "hal/watchdog.h"

/* ---- interrupt.h: set by every interrupt handler, and by a tick at least every 10 ms. */
volatile uint32_t hal_interrupt_pending;

void hal_interrupt_take(void)
{
    hal_interrupt_pending = 0;
}

/* ---- clock.h: a free-running counter; both clocks are the same one where time cannot be sped up.
 */
uint64_t hal_clock_us(void)
{
    return 0;
}

uint64_t hal_clock_link_us(void)
{
    return hal_clock_us();
}

void hal_clock_sleep(uint64_t board_us, uint64_t link_us)
{
    /* Arm a timer for the earlier one; with interrupts masked test hal_interrupt_pending and wait
     * for one (WFI). */
}

/* ---- flash.h */
int hal_flash_read(uint32_t address, void *data, uint32_t size)
{
    return HAL_ERROR_FAILED;
}

int hal_flash_program(uint32_t address, const void *data, uint32_t size)
{
    return HAL_ERROR_FAILED;
}

int hal_flash_erase_sector(uint32_t address)
{
    return HAL_ERROR_FAILED;
}

/* ---- sdcard.h: a slot that is always empty. */
void hal_sdcard_look(struct hal_sdcard *card)
{
    *card = (struct hal_sdcard){0};
}

int hal_sdcard_read(uint32_t insertion, uint32_t block, void *data, uint32_t count)
{
    return HAL_ERROR_GONE;
}

int hal_sdcard_write(uint32_t insertion, uint32_t block, const void *data, uint32_t count)
{
    return HAL_ERROR_GONE;
}

/* ---- gpio.h, led.h */
int hal_gpio_read(unsigned pin)
{
    return pin < HAL_GPIO_COUNT ? 0 : HAL_ERROR_RANGE;
}

void hal_led_set(bool on)
{
}

/* ---- uart.h */
size_t hal_uart_read(void *data, size_t size)
{
    return 0;
}

size_t hal_uart_write(const void *data, size_t size)
{
    return size;
}

/* ---- radio.h */
void hal_radio_mac(uint8_t mac[6])
{
    for (int i = 0; i < 6; i++) {
        mac[i] = 0;
    }
}

int hal_radio_ap_start(const struct hal_radio_ap *ap)
{
    return HAL_ERROR_FAILED;
}

void hal_radio_ap_stop(void)
{
}

int hal_radio_ap_stations(uint8_t (*macs)[6], int max)
{
    return 0;
}

int hal_radio_scan(struct hal_radio_network *networks, int max)
{
    return HAL_ERROR_FAILED;
}

int hal_radio_join(const struct hal_radio_network *network)
{
    return HAL_ERROR_FAILED;
}

void hal_radio_leave(void)
{
}

enum hal_radio_link hal_radio_link(void)
{
    return HAL_RADIO_LEFT;
}

int hal_radio_send(const void *frame, size_t size)
{
    return HAL_ERROR_BUSY;
}

size_t hal_radio_receive(void *frame)
{
    return 0;
}

/* ---- rtc.h */
uint64_t hal_rtc_us(void)
{
    return 0;
}

void hal_rtc_set(uint64_t unix_us)
{
}

/* ---- random.h: never fails, so a machine without a source of true random numbers cannot go on. */
void hal_random(void *data, size_t size)
{
    hal_fault("no source of random numbers");
}

/* ---- report.h: a debug channel, where there is one. */
void hal_report(enum hal_report_item item, const char *text)
{
}

/* ---- reset.h, boot.h, retained.h */
enum hal_reset_cause hal_reset_cause(void)
{
    return HAL_RESET_POWER_ON;
}

void hal_reset(void)
{
    for (;;) { /* write the reset register */
    }
}

void hal_fault(const char *reason)
{
    hal_led_set(true);
    for (;;) { /* park the MCU: interrupts off, wait */
    }
}

void hal_boot(enum hal_boot_slot slot, uint32_t address, uint32_t size)
{
    hal_fault("no way to start an executable"); /* copy it to RAM or map it, and jump to its reset
                                                   vector */
}

void hal_boot_trial(enum hal_boot_slot slot, uint32_t address, uint32_t size)
{
    hal_boot(slot, address, size); /* with a watchdog that only hal_boot_confirm() stops */
}

void hal_boot_confirm(void)
{
}

enum hal_trial_end hal_trial_end(void)
{
    return HAL_TRIAL_NONE;
}

uint32_t hal_retained_read(unsigned index)
{
    return 0; /* backup registers, or RAM that start-up code leaves alone, with a checksum */
}

void hal_retained_write(unsigned index, uint32_t value)
{
}

/* ---- watchdog.h */
int hal_watchdog_start(uint32_t timeout_ms)
{
    return HAL_ERROR_FAILED;
}

void hal_watchdog_feed(void)
{
}

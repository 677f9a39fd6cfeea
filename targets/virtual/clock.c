#include "hal/clock.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

#include "hal/interrupt.h"
#include "hal/rtc.h"
#include "targets/virtual/mcu_link.h"

#define SLEEP_MAX_US                                                                               \
    3600000000u /* then it wakes for no reason, which is allowed, and keeps the sums below small   \
                 */

static uint64_t since_reset_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec - MCU_REGISTERS->start_ns;
}

static uint64_t board_us_at(uint64_t ns)
{
    /* Nanoseconds times 1000 would overflow after seven months. */
    uint32_t speed = MCU_REGISTERS->speed;
    return ns / 1000 * speed + ns % 1000 * speed / 1000;
}

uint64_t hal_clock_us(void)
{
    return board_us_at(since_reset_ns());
}

uint64_t hal_clock_link_us(void)
{
    return since_reset_ns() / 1000;
}

static uint64_t until(uint64_t deadline_us, uint64_t now_us)
{
    uint64_t left = deadline_us > now_us ? deadline_us - now_us : 0;
    return left < SLEEP_MAX_US ? left : SLEEP_MAX_US;
}

void hal_clock_sleep(uint64_t board_us, uint64_t link_us)
{
    if (hal_interrupt_pending) {
        return;
    }
    uint64_t now_ns = since_reset_ns();
    uint32_t speed = MCU_REGISTERS->speed;
    uint64_t board_ns = until(board_us, board_us_at(now_ns)) * 1000 / speed;
    uint64_t sleep_ns = until(link_us, now_ns / 1000) * 1000;
    if (board_ns < sleep_ns) {
        sleep_ns =
            board_ns +
            1; /* what the division cut off must not wake us before the deadline, again and again */
    }
    /* An interrupt from here on is a packet, which makes one of these readable. */
    struct pollfd parts[] = {{.fd = LINK_FD_EVENT, .events = POLLIN},
                             {.fd = LINK_FD_RADIO, .events = POLLIN}};
    struct timespec timeout = {(time_t)(sleep_ns / 1000000000u), (long)(sleep_ns % 1000000000u)};
    int ready = ppoll(parts, 2, &timeout, NULL);
    if (ready > 0) {
        if ((parts[0].revents | parts[1].revents) & ~POLLIN) {
            mcu_end();
        }
        mcu_take_events();
        hal_interrupt_pending = 1;
    }
}

uint64_t hal_rtc_us(void)
{
    return MCU_REGISTERS->rtc_start_us + hal_clock_us();
}

void hal_rtc_set(uint64_t unix_us)
{
    MCU_REGISTERS->rtc_start_us = unix_us - hal_clock_us();
    mcu_send(&(struct link_command){.code = LINK_RTC_SET, .time_us = unix_us}, NULL);
}

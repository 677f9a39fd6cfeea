#include "board/clock.h"

#include <time.h>

static uint64_t read_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_link_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

void clock_start(struct board_clock *clock, uint32_t speed)
{
    clock->start_ns = clock_link_ns();
    clock->speed = speed;
    clock_rtc_power_on(clock);
}

uint64_t clock_us_at(const struct board_clock *clock, uint64_t link_ns)
{
    /* Nanoseconds times 1000 would overflow after seven months. */
    uint64_t ns = link_ns - clock->start_ns;
    return ns / 1000 * clock->speed + ns % 1000 * clock->speed / 1000;
}

uint64_t clock_us(const struct board_clock *clock)
{
    return clock_us_at(clock, clock_link_ns());
}

void clock_rtc_power_on(struct board_clock *clock)
{
    clock_rtc_set(clock, read_ns(CLOCK_REALTIME) / 1000);
}

void clock_rtc_set(struct board_clock *clock, uint64_t utc_us)
{
    clock->rtc_zero_us = (int64_t)(utc_us - clock_us(clock));
}

uint64_t clock_rtc_us_at(const struct board_clock *clock, uint64_t link_ns)
{
    return (uint64_t)clock->rtc_zero_us + clock_us_at(clock, link_ns);
}

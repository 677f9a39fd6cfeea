/* The board's clock, and the real-time clock that hangs on it. */
#ifndef BOARD_CLOCK_H
#define BOARD_CLOCK_H

#include <stdint.h>

#define CLOCK_SPEED_MAX 1000u

struct board_clock {
    uint64_t start_ns; /* CLOCK_MONOTONIC when the board was started */
    uint32_t
        speed; /* board time runs this many times faster than real time; 1 to CLOCK_SPEED_MAX */
    int64_t rtc_zero_us; /* UTC, microseconds since 1970, at board time 0 */
};

void clock_start(struct board_clock *clock, uint32_t speed);

/* Real time: nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_link_ns(void);

/* Board time in microseconds since the start of the board: at the real time `link_ns`, and now. */
uint64_t clock_us_at(const struct board_clock *clock, uint64_t link_ns);
uint64_t clock_us(const struct board_clock *clock);

/* Set the real-time clock to the time of the machine, as a battery does at power-on; or to `utc_us`
 * now. */
void clock_rtc_power_on(struct board_clock *clock);
void clock_rtc_set(struct board_clock *clock, uint64_t utc_us);

/* The real-time clock at the real time `link_ns`. */
uint64_t clock_rtc_us_at(const struct board_clock *clock, uint64_t link_ns);

#endif

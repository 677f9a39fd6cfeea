/* The two clocks of the MCU, and sleep.
 *
 * Board time is what a user sees; `--speed N` makes it run N times faster than real time. Link time is real time: for TCP
 * and transfer time-outs, because the peer lives in real time. Both start at 0 with the hard reset and never go back. */
#ifndef HAL_CLOCK_H
#define HAL_CLOCK_H

#include <stdint.h>

#define HAL_CLOCK_NEVER UINT64_MAX

uint64_t hal_clock_us(void);      /* board time since the hard reset, microseconds */
uint64_t hal_clock_link_us(void); /* link time since the hard reset, microseconds */

/* Sleep until board time `board_us`, link time `link_us` (HAL_CLOCK_NEVER: no such deadline), or an interrupt, whichever is
 * first; may also return early for no reason. Returns at once when an interrupt came since the last
 * hal_interrupt_take(), so that none is lost between looking and sleeping (as SEV/WFE do). */
void hal_clock_sleep(uint64_t board_us, uint64_t link_us);

#endif

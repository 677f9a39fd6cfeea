/* The watchdog: resets the MCU (HAL_RESET_WDT) when it is not fed in time. Once started it can't be stopped but by a
 * reset: it goes on while an image is started, and while the MCU is parked by a hard fault, which it thereby ends. */
#ifndef HAL_WATCHDOG_H
#define HAL_WATCHDOG_H

#include <stdint.h>

#define HAL_WATCHDOG_MIN_MS 1000u
#define HAL_WATCHDOG_MAX_MS 3600000u

/* Start it: it bites after `timeout_ms` of board time without feeding. Starting it again changes the time-out and feeds it.
 * HAL_ERROR_RANGE outside the limits above. */
int hal_watchdog_start(uint32_t timeout_ms);

/* Nothing happens when it was not started. */
void hal_watchdog_feed(void);

#endif

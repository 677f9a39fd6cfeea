/* The real-time clock: UTC, microseconds since 1970-01-01. It runs on board time, survives resets, and starts at power-on with the
 * right time, like one with a battery. */
#ifndef HAL_RTC_H
#define HAL_RTC_H

#include <stdint.h>

uint64_t hal_rtc_us(void);
void hal_rtc_set(uint64_t unix_us);

#endif

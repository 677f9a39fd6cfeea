/* A firmware that starts the watchdog and never feeds it. */
#include "hal/clock.h"
#include "hal/watchdog.h"

int main(void)
{
    hal_watchdog_start(HAL_WATCHDOG_MIN_MS);
    for (;;) {
        hal_clock_sleep(HAL_CLOCK_NEVER, HAL_CLOCK_NEVER);
    }
}

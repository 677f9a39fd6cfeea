/* A firmware that does nothing, for ever. */
#include "hal/clock.h"

int main(void)
{
    for (;;) {
        hal_clock_sleep(HAL_CLOCK_NEVER, HAL_CLOCK_NEVER);
    }
}

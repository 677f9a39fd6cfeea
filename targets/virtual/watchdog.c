#include "hal/watchdog.h"

#include "hal/result.h"
#include "targets/virtual/mcu_link.h"

static uint32_t started_ms; /* 0: not started */

int hal_watchdog_start(uint32_t timeout_ms)
{
    if (timeout_ms < HAL_WATCHDOG_MIN_MS || timeout_ms > HAL_WATCHDOG_MAX_MS) {
        return HAL_ERROR_RANGE;
    }
    started_ms = timeout_ms;
    hal_watchdog_feed();
    return HAL_OK;
}

void hal_watchdog_feed(void)
{
    if (started_ms > 0) {
        mcu_send(&(struct link_command){.code = LINK_WATCHDOG, .value = started_ms}, NULL);
    }
}

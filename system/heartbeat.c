#include "system/heartbeat.h"

#include <stdbool.h>

#include "hal/clock.h"
#include "hal/led.h"

static bool heartbeat_on;
static uint64_t heartbeat_next_us; /* when the LED changes next, board time */

void heartbeat_init(void)
{
    heartbeat_on = false;
    heartbeat_next_us = hal_clock_us() + HEARTBEAT_PERIOD_US;
    hal_led_set(false);
}

void heartbeat_poll(void)
{
    uint64_t now = hal_clock_us();
    if (now < heartbeat_next_us) {
        return;
    }
    heartbeat_on = !heartbeat_on;
    hal_led_set(heartbeat_on);
    if (heartbeat_on) {
        /* A flash keeps its length even when it began late. */
        heartbeat_next_us = now + HEARTBEAT_ON_US;
        return;
    }
    /* The beat keeps its phase; beats that were missed altogether are left out, not made up for. */
    static const uint32_t off_us = HEARTBEAT_PERIOD_US - HEARTBEAT_ON_US;
    heartbeat_next_us += off_us;
    if (heartbeat_next_us <= now) {
        heartbeat_next_us = now + off_us;
    }
}

void heartbeat_deadline(struct loop_deadline *deadline)
{
    if (heartbeat_next_us < deadline->board_us) {
        deadline->board_us = heartbeat_next_us;
    }
}

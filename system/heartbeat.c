#include "system/heartbeat.h"

#include "hal/clock.h"
#include "hal/led.h"
#include "hal/report.h"

static bool heartbeat_is_enabled;
static bool heartbeat_on;
static unsigned
    heartbeat_error_left; /* phases of the error's flashing, the present one included; 0: none */
static uint64_t heartbeat_next_us; /* when the LED changes next, board time */

static void heartbeat_show(bool on, uint64_t until_us)
{
    heartbeat_on = on;
    heartbeat_next_us = until_us;
    hal_led_set(on);
}

/* From here on nothing but the heart beat, if that. */
static void heartbeat_begin(void)
{
    heartbeat_error_left = 0;
    heartbeat_show(false,
                   heartbeat_is_enabled ? hal_clock_us() + HEARTBEAT_PERIOD_US : HAL_CLOCK_NEVER);
    hal_report(HAL_REPORT_LED_PATTERN, heartbeat_is_enabled ? "heartbeat" : "off");
}

void heartbeat_init(void)
{
    heartbeat_is_enabled = true;
    heartbeat_begin();
}

void heartbeat_enable(bool enable)
{
    if (enable == heartbeat_is_enabled) {
        return;
    }
    heartbeat_is_enabled = enable;
    if (heartbeat_error_left == 0) {
        heartbeat_begin();
    }
}

bool heartbeat_enabled(void)
{
    return heartbeat_is_enabled;
}

void heartbeat_error(void)
{
    heartbeat_error_left = HEARTBEAT_ERROR_TOGGLES;
    heartbeat_show(true, hal_clock_us() + HEARTBEAT_ERROR_TOGGLE_US);
    hal_report(HAL_REPORT_LED_PATTERN, "error");
}

/* As with a beat, a phase keeps its length even when it began late: each flash can be seen. */
static void heartbeat_error_step(uint64_t now)
{
    heartbeat_error_left--;
    if (heartbeat_error_left == 0) {
        heartbeat_begin();
    } else {
        heartbeat_show(!heartbeat_on, now + HEARTBEAT_ERROR_TOGGLE_US);
    }
}

static void heartbeat_step(uint64_t now)
{
    if (!heartbeat_on) {
        /* A flash keeps its length even when it began late. */
        heartbeat_show(true, now + HEARTBEAT_ON_US);
        return;
    }
    /* The beat keeps its phase; beats that were missed altogether are left out, not made up for. */
    static const uint32_t off_us = HEARTBEAT_PERIOD_US - HEARTBEAT_ON_US;
    uint64_t next_us = heartbeat_next_us + off_us;
    heartbeat_show(false, next_us > now ? next_us : now + off_us);
}

void heartbeat_poll(void)
{
    uint64_t now = hal_clock_us();
    if (now < heartbeat_next_us) {
        return;
    }
    if (heartbeat_error_left > 0) {
        heartbeat_error_step(now);
    } else {
        heartbeat_step(now);
    }
}

void heartbeat_deadline(struct loop_deadline *deadline)
{
    if (heartbeat_next_us < deadline->board_us) {
        deadline->board_us = heartbeat_next_us;
    }
}

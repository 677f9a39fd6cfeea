/* The heart beat, as the LED's history shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hal/clock.h"
#include "hal/led.h"
#include "system/heartbeat.h"

static uint64_t now_us;
static struct {
    uint64_t us;
    bool on;
} history[32];
static size_t changes;
static bool led;

uint64_t hal_clock_us(void)
{
    return now_us;
}

void hal_led_set(bool on)
{
    if (on != led) {
        led = on;
        history[changes].us = now_us;
        history[changes].on = on;
        changes++;
    }
}

static int set_up(void **state)
{
    now_us = 3000;
    changes = 0;
    led = false;
    heartbeat_init();
    return 0;
}

static uint64_t next_us(void)
{
    struct loop_deadline deadline = {HAL_CLOCK_NEVER, HAL_CLOCK_NEVER};
    heartbeat_deadline(&deadline);
    assert_true(deadline.link_us == HAL_CLOCK_NEVER);
    return deadline.board_us;
}

static void beats_80_ms_every_5_s(void **state)
{
    for (int i = 0; i < 6; i++) {
        now_us = next_us() - 1;
        heartbeat_poll(); /* too early: nothing */
        now_us++;
        heartbeat_poll();
    }
    assert_int_equal(changes, 6);
    for (size_t beat = 0; beat < 3; beat++) {
        assert_true(history[2 * beat].on);
        assert_int_equal(history[2 * beat].us, 3000 + (beat + 1) * 5000000);
        assert_false(history[2 * beat + 1].on);
        assert_int_equal(history[2 * beat + 1].us, 3000 + (beat + 1) * 5000000 + 80000);
    }
}

static void a_late_flash_keeps_its_length(void **state)
{
    now_us = next_us() + 50000;
    heartbeat_poll();
    assert_int_equal(next_us(), now_us + 80000);
}

static void missed_beats_are_not_made_up_for(void **state)
{
    now_us = 1000000000;
    heartbeat_poll();
    now_us = next_us();
    heartbeat_poll();
    assert_int_equal(changes, 2);
    assert_int_equal(next_us() - now_us, 5000000 - 80000);
}

static void a_deadline_only_gets_earlier(void **state)
{
    struct loop_deadline deadline = {5, 7};
    heartbeat_deadline(&deadline);
    assert_int_equal(deadline.board_us, 5);
    assert_int_equal(deadline.link_us, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(beats_80_ms_every_5_s, set_up),
        cmocka_unit_test_setup(a_late_flash_keeps_its_length, set_up),
        cmocka_unit_test_setup(missed_beats_are_not_made_up_for, set_up),
        cmocka_unit_test_setup(a_deadline_only_gets_earlier, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

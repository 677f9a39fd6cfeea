/* The heart beat, as the LED's history shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hal/clock.h"
#include "hal/led.h"
#include "hal/report.h"
#include "system/heartbeat.h"

static uint64_t now_us;
static struct {
    uint64_t us;
    bool on;
} history[64];
static size_t changes;
static bool led;
static char patterns[128]; /* all that were reported, in their order */

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

void hal_report(enum hal_report_item item, const char *text)
{
    assert_int_equal(item, HAL_REPORT_LED_PATTERN);
    assert_true(strlen(patterns) + strlen(text) + 2 <= sizeof patterns);
    strcat(patterns, text);
    strcat(patterns, " ");
}

static int set_up(void **state)
{
    now_us = 3000;
    changes = 0;
    led = false;
    patterns[0] = '\0';
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

/* Poll at every deadline up to and including board time `us`. */
static void run_until(uint64_t us)
{
    while (next_us() <= us) {
        now_us = next_us();
        heartbeat_poll();
    }
    now_us = us;
    heartbeat_poll();
}

static void assert_change(size_t index, uint64_t us, bool on)
{
    assert_true(index < changes);
    assert_int_equal(history[index].us, us);
    assert_int_equal(history[index].on, on);
}

/* 20 changes from `first` on, the first of them at board time `us`. */
static void assert_error_flashes(size_t first, uint64_t us)
{
    for (size_t i = 0; i < 20; i++) {
        assert_change(first + i, us + i * 50000, i % 2 == 0);
    }
}

static void disabled_it_is_dark(void **state)
{
    run_until(10020000); /* within the second flash */
    assert_true(led);
    heartbeat_enable(false);
    assert_false(led);
    assert_false(heartbeat_enabled());
    assert_int_equal(changes, 4);
    assert_true(next_us() == HAL_CLOCK_NEVER);
    now_us += 1000000000;
    heartbeat_poll();
    assert_int_equal(changes, 4);
    assert_string_equal(patterns, "heartbeat off ");
}

static void enabling_begins_a_period(void **state)
{
    heartbeat_enable(false);
    now_us = 7000000;
    heartbeat_enable(true);
    assert_true(heartbeat_enabled());
    assert_int_equal(changes, 0);
    run_until(13000000);
    assert_int_equal(changes, 2);
    assert_change(0, 12000000, true);
    assert_change(1, 12080000, false);
    assert_string_equal(patterns, "heartbeat off heartbeat ");
}

static void enabling_what_is_enabled_changes_nothing(void **state)
{
    now_us = 4000000;
    heartbeat_enable(true);
    run_until(5020000);
    heartbeat_enable(true); /* within the flash */
    run_until(6000000);
    assert_change(0, 5003000, true);
    assert_change(1, 5083000, false);
    assert_string_equal(patterns, "heartbeat ");
}

static void an_error_flashes_and_then_the_heart_beats(void **state)
{
    now_us = 4500000;
    heartbeat_error();
    run_until(10580000);
    assert_int_equal(changes, 22);
    assert_error_flashes(0, 4500000);
    assert_change(20, 10500000, true); /* a period after the second that the error took */
    assert_change(21, 10580000, false);
    assert_string_equal(patterns, "heartbeat error heartbeat ");
}

static void an_error_is_shown_when_the_heart_beat_is_disabled(void **state)
{
    heartbeat_enable(false);
    now_us = 4500000;
    heartbeat_error();
    run_until(20000000);
    assert_int_equal(changes, 20);
    assert_error_flashes(0, 4500000);
    assert_true(next_us() == HAL_CLOCK_NEVER);
    assert_string_equal(patterns, "heartbeat off error off ");
}

static void an_error_within_a_beat_lengthens_it(void **state)
{
    run_until(5023000);
    heartbeat_error();
    run_until(7000000);
    assert_int_equal(changes, 20);
    assert_change(0, 5003000, true);
    assert_change(1, 5073000, false);
    assert_change(19, 5973000, false);
}

static void another_error_begins_anew(void **state)
{
    now_us = 4000000;
    heartbeat_error();
    run_until(4060000); /* on at 0, off at 50 ms */
    heartbeat_error();
    run_until(8000000);
    assert_int_equal(changes, 22);
    assert_error_flashes(2, 4060000);
}

static void enabling_and_disabling_wait_for_the_error_s_end(void **state)
{
    now_us = 1000000;
    heartbeat_error();
    run_until(1100000);
    assert_true(led);
    heartbeat_enable(false);
    assert_true(led);
    run_until(20000000);
    assert_int_equal(changes, 20);
    assert_error_flashes(0, 1000000);
    heartbeat_error();
    run_until(20100000);
    heartbeat_enable(true);
    run_until(26079999);
    assert_int_equal(changes, 41);
    assert_change(40, 26000000, true);
    assert_string_equal(patterns, "heartbeat error off error heartbeat ");
}

static void late_polls_shorten_no_flash_of_an_error(void **state)
{
    now_us = 1000000;
    heartbeat_error();
    for (int i = 0; i < 20; i++) {
        now_us = next_us() + 70000;
        heartbeat_poll();
    }
    assert_int_equal(changes, 20);
    for (size_t i = 1; i < 20; i++) {
        assert_int_equal(history[i].us - history[i - 1].us, 120000);
    }
    assert_int_equal(next_us() - now_us, 5000000);
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
        cmocka_unit_test_setup(disabled_it_is_dark, set_up),
        cmocka_unit_test_setup(enabling_begins_a_period, set_up),
        cmocka_unit_test_setup(enabling_what_is_enabled_changes_nothing, set_up),
        cmocka_unit_test_setup(an_error_flashes_and_then_the_heart_beats, set_up),
        cmocka_unit_test_setup(an_error_is_shown_when_the_heart_beat_is_disabled, set_up),
        cmocka_unit_test_setup(an_error_within_a_beat_lengthens_it, set_up),
        cmocka_unit_test_setup(another_error_begins_anew, set_up),
        cmocka_unit_test_setup(enabling_and_disabling_wait_for_the_error_s_end, set_up),
        cmocka_unit_test_setup(late_polls_shorten_no_flash_of_an_error, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

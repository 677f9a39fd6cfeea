/* Safe boot (boot/safe_boot.h): what the LED shows, and which firmware is chosen, to the
 * microsecond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot/safe_boot.h"

#define START_US 1234u /* the boot loader looks at the pin so long after the reset */
#define MS       1000u
#define NEVER    UINT64_MAX

/* The level of the pin: high at the reset, then changing at these times. */
struct story {
    size_t changes;
    uint64_t at_us[16];
};

static uint64_t toggles_us[64]; /* the LED's history: on, off, on, ... */
static size_t toggles;
static uint64_t booted_us;

static enum safe_boot_choice run(const struct story *story)
{
    struct safe_boot safe_boot;
    uint64_t now_us = START_US;
    size_t change = 0;
    bool led = false, high = true;
    toggles = 0;
    safe_boot_begin(&safe_boot, now_us, high);
    while (!safe_boot.done) {
        uint64_t next_us = safe_boot_deadline(&safe_boot);
        if (change < story->changes && START_US + story->at_us[change] <= next_us) {
            next_us = START_US + story->at_us[change++];
            high = !high;
        }
        assert_true(next_us >= now_us && next_us != NEVER);
        now_us = next_us;
        safe_boot_step(&safe_boot, now_us, high);
        if (safe_boot.led != led) {
            led = safe_boot.led;
            assert_in_range(toggles, 0, sizeof toggles_us / sizeof toggles_us[0] - 1);
            toggles_us[toggles++] = now_us - START_US;
        }
    }
    assert_false(led);
    booted_us = now_us - START_US;
    return safe_boot.choice;
}

static enum safe_boot_choice run_released_at(uint64_t us)
{
    return run(&(struct story){1, {us}});
}

/* What the history is while the pin is held, up to `end_us`, when the LED goes off. */
static void assert_history(uint64_t end_us)
{
    size_t i = 0;
    bool led = false;
    for (uint64_t at_us = 500 * MS; at_us < end_us; at_us += 50 * MS) {
        bool on;
        if (at_us < 3500 * MS) {
            on = (at_us - 500 * MS) / (500 * MS) % 2 == 0;
        } else if (at_us < 6500 * MS) {
            on = (at_us - 3500 * MS) / (250 * MS) % 2 == 0;
        } else {
            on = (at_us - 6500 * MS) / (100 * MS) % 2 == 0;
        }
        if (on != led) {
            led = on;
            assert_int_equal(toggles_us[i], at_us);
            i++;
        }
    }
    if (led) {
        assert_int_equal(toggles_us[i], end_us);
        i++;
    }
    assert_int_equal(toggles, i);
    assert_int_equal(booted_us, end_us);
}

static void a_low_pin_boots_at_once(void **state)
{
    struct safe_boot safe_boot;
    safe_boot_begin(&safe_boot, START_US, false);
    assert_true(safe_boot.done);
    assert_false(safe_boot.led);
    assert_int_equal(safe_boot.choice, SAFE_BOOT_NONE);
}

static void held_throughout_it_is_the_factory_firmware(void **state)
{
    assert_int_equal(run(&(struct story){0}), SAFE_BOOT_FACTORY);
    assert_history(8000 * MS);
    assert_int_equal(toggles, 6 + 12 + 16);
}

/* Released at every 10 ms, from the reset to the last window. */
static void release_boots_at_once_with_the_choice_of_its_window(void **state)
{
    for (uint64_t at_us = 1; at_us < 6500 * MS; at_us += 10 * MS) {
        enum safe_boot_choice expected = at_us < 500 * MS    ? SAFE_BOOT_NONE
                                         : at_us < 3500 * MS ? SAFE_BOOT_LATEST
                                                             : SAFE_BOOT_PREVIOUS;
        assert_int_equal(run_released_at(at_us), expected);
        assert_int_equal(booted_us, at_us + SAFE_BOOT_DEBOUNCE_US);
        if (expected == SAFE_BOOT_NONE) {
            assert_int_equal(toggles, 0);
        }
    }
}

static void the_led_goes_off_at_the_release(void **state)
{
    static const uint64_t releases_us[] = {600 * MS,  1200 * MS, 3400 * MS,
                                           3560 * MS, 5100 * MS, 6440 * MS};
    for (size_t i = 0; i < sizeof releases_us / sizeof releases_us[0]; i++) {
        run_released_at(releases_us[i]);
        assert_history(releases_us[i] + SAFE_BOOT_DEBOUNCE_US);
    }
}

static void the_last_window_runs_to_its_end(void **state)
{
    for (uint64_t at_us = 6500 * MS; at_us < 8000 * MS; at_us += 10 * MS) {
        assert_int_equal(run_released_at(at_us + 1), SAFE_BOOT_FACTORY);
        assert_history(8000 * MS);
    }
}

static void a_release_counts_in_the_window_in_which_it_began(void **state)
{
    assert_int_equal(run_released_at(499 * MS), SAFE_BOOT_NONE);
    assert_int_equal(toggles, 0);
    assert_int_equal(run_released_at(3499 * MS), SAFE_BOOT_LATEST);
    assert_int_equal(booted_us, 3549 * MS);
    assert_int_equal(run_released_at(6499 * MS), SAFE_BOOT_PREVIOUS);
    assert_int_equal(booted_us, 6549 * MS);
}

static void held_for_less_than_the_first_half_second_is_a_normal_boot(void **state)
{
    assert_int_equal(run_released_at(1), SAFE_BOOT_NONE);
    assert_int_equal(booted_us, 1 + SAFE_BOOT_DEBOUNCE_US);
    assert_int_equal(run_released_at(30 * MS), SAFE_BOOT_NONE);
    assert_int_equal(toggles, 0);
}

static void bounces_while_it_is_pressed_do_not_count(void **state)
{
    struct story story = {10,
                          {1 * MS, 3 * MS, 4 * MS, 40 * MS, 41 * MS, 90 * MS, 100 * MS,
                           149 * MS + 999, 200 * MS, 249 * MS}};
    assert_int_equal(run(&story), SAFE_BOOT_FACTORY);
    assert_history(8000 * MS);
}

static void bounces_in_the_windows_do_not_count(void **state)
{
    struct story story = {
        8, {700 * MS, 749 * MS, 1000 * MS, 1049 * MS, 4000 * MS, 4049 * MS, 6400 * MS, 6449 * MS}};
    assert_int_equal(run(&story), SAFE_BOOT_FACTORY);
    assert_history(8000 * MS);
}

static void a_bounce_at_the_end_of_a_window_delays_only_its_first_change_of_the_led(void **state)
{
    assert_int_equal(run(&(struct story){2, {490 * MS, 520 * MS}}), SAFE_BOOT_FACTORY);
    assert_int_equal(toggles_us[0], 520 * MS);
    toggles_us[0] = 500 * MS;
    assert_history(8000 * MS);
    static const struct story later[] = {{2, {3480 * MS, 3520 * MS}}, {2, {6480 * MS, 6520 * MS}}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(run(&later[i]), SAFE_BOOT_FACTORY);
        assert_history(8000 * MS);
    }
}

static void bounces_at_the_release_delay_it(void **state)
{
    struct story story = {5, {1000 * MS + 7, 1005 * MS, 1040 * MS, 1045 * MS, 1060 * MS}};
    assert_int_equal(run(&story), SAFE_BOOT_LATEST);
    assert_int_equal(booted_us, 1110 * MS);
    assert_history(1110 * MS);
}

static void as_long_as_the_debounce_is_a_release(void **state)
{
    assert_int_equal(run(&(struct story){2, {700 * MS, 751 * MS}}), SAFE_BOOT_LATEST);
    assert_int_equal(run(&(struct story){2, {100 * MS, 151 * MS}}), SAFE_BOOT_NONE);
}

/* On a busy host at high speed hours pass between two looks; every change of the LED happens all
 * the same. */
static void who_is_called_late_loses_no_toggle(void **state)
{
    struct safe_boot safe_boot;
    bool led = false;
    unsigned changes = 0;
    safe_boot_begin(&safe_boot, 0, true);
    while (!safe_boot.done) {
        safe_boot_step(&safe_boot, 100000 * MS, true);
        changes += safe_boot.led != led;
        led = safe_boot.led;
    }
    assert_int_equal(changes, 6 + 12 + 16);
    assert_int_equal(safe_boot.choice, SAFE_BOOT_FACTORY);
}

/* A level that was seen late began late: what was due before it comes first, and then it is not
 * forgotten. */
static void a_release_seen_late_counts_from_when_it_was_seen(void **state)
{
    struct safe_boot safe_boot;
    safe_boot_begin(&safe_boot, 0, true);
    uint64_t now_us = 3600 * MS;
    while (safe_boot_deadline(&safe_boot) <= now_us) {
        safe_boot_step(&safe_boot, now_us, false);
    }
    assert_int_equal(safe_boot_deadline(&safe_boot), now_us + SAFE_BOOT_DEBOUNCE_US);
    safe_boot_step(&safe_boot, now_us + SAFE_BOOT_DEBOUNCE_US, false);
    assert_true(safe_boot.done);
    assert_int_equal(safe_boot.choice, SAFE_BOOT_PREVIOUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_low_pin_boots_at_once),
        cmocka_unit_test(held_throughout_it_is_the_factory_firmware),
        cmocka_unit_test(release_boots_at_once_with_the_choice_of_its_window),
        cmocka_unit_test(the_led_goes_off_at_the_release),
        cmocka_unit_test(the_last_window_runs_to_its_end),
        cmocka_unit_test(a_release_counts_in_the_window_in_which_it_began),
        cmocka_unit_test(held_for_less_than_the_first_half_second_is_a_normal_boot),
        cmocka_unit_test(bounces_while_it_is_pressed_do_not_count),
        cmocka_unit_test(bounces_in_the_windows_do_not_count),
        cmocka_unit_test(a_bounce_at_the_end_of_a_window_delays_only_its_first_change_of_the_led),
        cmocka_unit_test(bounces_at_the_release_delay_it),
        cmocka_unit_test(as_long_as_the_debounce_is_a_release),
        cmocka_unit_test(who_is_called_late_loses_no_toggle),
        cmocka_unit_test(a_release_seen_late_counts_from_when_it_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

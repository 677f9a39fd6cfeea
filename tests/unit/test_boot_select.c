/* What the boot loader decides (boot/select.h): trials and how they end, damage, and power cuts at
 * every flash command of a trial's life. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/boot_record.h"
#include "lib/flash_map.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/boot_world.h"

static struct boot_selection selection;

/* Latest in A, previous in B, an update that waits in C. */
static int an_update_waits(void **state)
{
    boot_world_reset();
    struct boot_record record = {
        .latest = HAL_BOOT_SLOT_A, .previous = HAL_BOOT_SLOT_B, .trial = HAL_BOOT_SLOT_C};
    for (int slot = HAL_BOOT_SLOT_A; slot < HAL_BOOT_SLOTS; slot++) {
        boot_world_put((enum hal_boot_slot)slot);
    }
    return boot_record_write(&record);
}

static struct boot_record record_now(void)
{
    struct boot_record record;
    boot_record_read(&record);
    return record;
}

static void assert_runs(enum safe_boot_choice choice, enum hal_boot_slot slot, bool trial)
{
    assert_true(boot_world_boot(choice, &selection));
    assert_int_equal(selection.note.slot, slot);
    assert_int_equal(selection.note.trial, trial);
}

static void a_new_board_runs_the_factory_firmware_and_has_nothing_to_say(void **state)
{
    boot_world_reset();
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_FACTORY, false);
    assert_string_equal(selection.header.version, "1.0.0");
    assert_int_equal(selection.note.role, BOOT_ROLE_FACTORY);
    assert_int_equal(selection.note.wanted, BOOT_ROLE_FACTORY);
    assert_string_equal(boot_world.wire, "");
    assert_int_equal(ram_chip.commands, 0);
}

static void an_update_is_tried_as_the_latest(void **state)
{
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_C, true);
    assert_string_equal(selection.header.version, "1.C.0");
    assert_int_equal(selection.note.role, BOOT_ROLE_LATEST);
    assert_int_equal(selection.note.rolled_back, BOOT_FAILURE_NONE);
    assert_string_equal(boot_world.wire, "");
    assert_int_equal(record_now().starts, 1);
}

static void a_confirmed_update_stays(void **state)
{
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_C, true);
    struct boot_record record = record_now();
    boot_record_confirm(&record, true);
    boot_record_write(&record);
    uint64_t commands = ram_chip.commands;
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_C, false);
    assert_runs(SAFE_BOOT_PREVIOUS, HAL_BOOT_SLOT_A, false);
    assert_runs(SAFE_BOOT_FACTORY, HAL_BOOT_FACTORY, false);
    assert_int_equal(ram_chip.commands, commands);
}

static void a_trial_that_ends_badly_is_rolled_back_once_and_for_all(void **state)
{
    static const struct {
        enum hal_trial_end end;
        enum boot_failure failure;
        const char *words;
    } ends[] = {
        {HAL_TRIAL_FAULT, BOOT_FAILURE_FAULT, "firmware 1.C.0 was rolled back: hard fault"},
        {HAL_TRIAL_TIMEOUT, BOOT_FAILURE_TIMEOUT,
         "firmware 1.C.0 was rolled back: its services did not come up in time"},
        {HAL_TRIAL_RESET, BOOT_FAILURE_RESET, "firmware 1.C.0 was rolled back: it reset itself"},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        an_update_waits(state);
        assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_C, true);
        boot_world.trial_end = ends[i].end;
        assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_A, false);
        assert_int_equal(selection.note.rolled_back, ends[i].failure);
        assert_int_equal(selection.note.wanted, BOOT_ROLE_LATEST);
        assert_non_null(strstr(boot_world.notices, ends[i].words));
        assert_non_null(strstr(boot_world.wire, ends[i].words));
        struct boot_record expected = {.latest = HAL_BOOT_SLOT_A,
                                       .previous = HAL_BOOT_SLOT_B,
                                       .failed = HAL_BOOT_SLOT_C,
                                       .failure = (uint8_t)ends[i].failure};
        struct boot_record found = record_now();
        assert_memory_equal(&found, &expected, sizeof found);

        assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_A, false);
        assert_int_equal(selection.note.rolled_back, BOOT_FAILURE_NONE);
        assert_string_equal(boot_world.wire, "");
    }
}

static void the_first_update_of_all_is_rolled_back_to_the_factory_firmware(void **state)
{
    struct boot_record record = {.trial = HAL_BOOT_SLOT_C};
    boot_record_write(&record);
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_C, true);
    boot_world.trial_end = HAL_TRIAL_FAULT;
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_FACTORY, false);
    assert_int_equal(selection.note.wanted, BOOT_ROLE_FACTORY);
}

static void power_or_switch_end_a_trial_so_often_and_no_more(void **state)
{
    for (int start = 1; start <= BOOT_RECORD_STARTS_MAX; start++) {
        assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_C, true);
        assert_int_equal(record_now().starts, start);
    }
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_A, false);
    assert_int_equal(selection.note.rolled_back, BOOT_FAILURE_STARTS);
    assert_int_equal(record_now().failure, BOOT_FAILURE_STARTS);
    assert_int_equal(record_now().trial, 0);
}

static void the_end_of_a_trial_without_a_record_of_it_means_nothing(void **state)
{
    struct boot_record record = {.latest = HAL_BOOT_SLOT_A};
    boot_record_write(&record);
    boot_world.trial_end = HAL_TRIAL_FAULT;
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_A, false);
    assert_int_equal(selection.note.rolled_back, BOOT_FAILURE_NONE);
}

static void an_update_that_was_damaged_while_it_waited_never_starts(void **state)
{
    boot_world_damage(HAL_BOOT_SLOT_C);
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_A, false);
    assert_int_equal(selection.note.rolled_back, BOOT_FAILURE_INVALID);
    assert_int_equal(selection.note.wanted, BOOT_ROLE_LATEST);
    assert_string_equal(boot_world.notices,
                        "firmware 1.C.0 was rolled back: its image is damaged\n");
    assert_int_equal(record_now().failed, HAL_BOOT_SLOT_C);
    assert_int_equal(record_now().failure, BOOT_FAILURE_INVALID);
}

static void an_update_of_which_nothing_is_left_has_no_version_to_tell(void **state)
{
    boot_world_erase(HAL_BOOT_SLOT_C);
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_A, false);
    assert_string_equal(boot_world.notices, "the update was rolled back: its image is damaged\n");
}

static void a_damaged_latest_gives_way_and_it_says_so(void **state)
{
    struct boot_record record = {.latest = HAL_BOOT_SLOT_A, .previous = HAL_BOOT_SLOT_B};
    boot_record_write(&record);
    boot_world_damage(HAL_BOOT_SLOT_A);
    uint64_t commands = ram_chip.commands;
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_B, false);
    assert_int_equal(selection.note.role, BOOT_ROLE_PREVIOUS);
    assert_int_equal(selection.note.wanted, BOOT_ROLE_LATEST);
    assert_string_equal(
        boot_world.notices,
        "damaged firmware (latest: MD5 mismatch): previous firmware 1.B.0 runs instead\n");
    boot_world_damage(HAL_BOOT_SLOT_B);
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_FACTORY, false);
    assert_string_equal(boot_world.notices, "damaged firmware (latest: MD5 mismatch, previous: MD5 "
                                            "mismatch): factory firmware 1.0.0 runs instead\n");
    assert_int_equal(ram_chip.commands, commands);
}

static void safe_boot_without_previous_update_is_the_factory_firmware(void **state)
{
    struct boot_record record = {.latest = HAL_BOOT_SLOT_A};
    boot_record_write(&record);
    assert_runs(SAFE_BOOT_PREVIOUS, HAL_BOOT_FACTORY, false);
    assert_int_equal(selection.note.wanted, BOOT_ROLE_FACTORY);
    assert_true(selection.note.safe);
    assert_string_equal(boot_world.notices, "");
}

static void a_damaged_record_is_the_factory_firmware(void **state)
{
    ram_chip_damage(FLASH_BOOT_RECORD_ADDRESS, 0);
    ram_chip_damage(FLASH_BOOT_RECORD_ADDRESS + FLASH_SECTOR_SIZE, 0);
    for (int choice = SAFE_BOOT_NONE; choice < SAFE_BOOT_CHOICES; choice++) {
        assert_runs((enum safe_boot_choice)choice, HAL_BOOT_FACTORY, false);
        assert_string_equal(boot_world.notices, "the boot record is damaged: no update is used\n");
    }
}

static void without_any_valid_image_it_says_why(void **state)
{
    boot_world_reset();
    boot_world_damage(HAL_BOOT_FACTORY);
    assert_false(boot_world_boot(SAFE_BOOT_NONE, &selection));
    assert_string_equal(selection.failure.text, "no valid firmware: factory: MD5 mismatch");

    an_update_waits(state);
    for (int slot = HAL_BOOT_FACTORY; slot < HAL_BOOT_SLOTS; slot++) {
        boot_world_erase((enum hal_boot_slot)slot);
    }
    assert_false(boot_world_boot(SAFE_BOOT_NONE, &selection));
    assert_string_equal(selection.failure.text,
                        "no valid firmware: latest: not a firmware image, previous: not a firmware "
                        "image, factory: not a firmware image");
}

static void what_cannot_be_recorded_is_not_tried(void **state)
{
    ram_chip.fails = true;
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_A, false);
    assert_string_equal(boot_world.notices,
                        "the boot record cannot be written: firmware 1.C.0 is not tried\n");
    ram_chip.fails = false;
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_C, true); /* it still waits */
    boot_world.trial_end = HAL_TRIAL_FAULT;
    ram_chip.fails = true;
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_A, false);
    assert_int_equal(selection.note.rolled_back, BOOT_FAILURE_FAULT);
    assert_non_null(strstr(boot_world.notices, "the boot record cannot be written\n"));
}

static void safe_boot_writes_nothing_and_uses_no_start(void **state)
{
    uint64_t commands = ram_chip.commands;
    for (int end = HAL_TRIAL_NONE; end <= HAL_TRIAL_RESET; end++) {
        boot_world.trial_end = (enum hal_trial_end)end;
        assert_runs(SAFE_BOOT_LATEST, HAL_BOOT_SLOT_A, false);
        assert_runs(SAFE_BOOT_PREVIOUS, HAL_BOOT_SLOT_B, false);
        assert_runs(SAFE_BOOT_FACTORY, HAL_BOOT_FACTORY, false);
        assert_string_equal(boot_world.notices, "");
    }
    boot_world_damage(HAL_BOOT_SLOT_C);
    assert_runs(SAFE_BOOT_LATEST, HAL_BOOT_SLOT_A, false);
    assert_int_equal(ram_chip.commands, commands);
    boot_world_put(HAL_BOOT_SLOT_C);
    assert_runs(SAFE_BOOT_NONE, HAL_BOOT_SLOT_C, true);
    assert_int_equal(record_now().starts, 1);
}

/* A trial's life, as far as it touches the flash: begun, then confirmed by the image, or ended by
 * `end` and rolled back. */
static void live(enum hal_trial_end end)
{
    boot_world_boot(SAFE_BOOT_NONE, &selection);
    if (!selection.note.trial) {
        return;
    }
    if (end == HAL_TRIAL_NONE) {
        struct boot_record record = record_now();
        boot_record_confirm(&record, true);
        boot_record_write(&record);
        return;
    }
    boot_world.trial_end = end;
    boot_world_boot(SAFE_BOOT_NONE, &selection);
}

/* Lose the power in command number `at` of it. False: it has fewer. */
static bool live_and_lose_power(enum hal_trial_end end, uint64_t at, uint64_t seed)
{
    ram_chip.commands = seed * 1000;
    ram_chip.cut_at = ram_chip.commands + at;
    bool lost = setjmp(ram_chip.power_lost) != 0;
    if (!lost) {
        live(end);
    }
    ram_chip.cut_at = 0;
    boot_world.trial_end = HAL_TRIAL_NONE;
    return lost;
}

/* Boot until what runs is no trial, each trial ended as before: soon it is a confirmed image, and
 * stays. */
static void assert_settles(enum hal_trial_end end)
{
    for (int boots = 0; boots <= BOOT_RECORD_STARTS_MAX; boots++) {
        struct boot_record record;
        assert_int_equal(boot_record_read(&record), BOOT_RECORD_VALID);
        assert_runs(SAFE_BOOT_FACTORY, HAL_BOOT_FACTORY, false);
        live(end);
    }
    enum hal_boot_slot expected = end == HAL_TRIAL_NONE ? HAL_BOOT_SLOT_C : HAL_BOOT_SLOT_A;
    assert_runs(SAFE_BOOT_NONE, expected, false);
    assert_int_equal(selection.note.role, BOOT_ROLE_LATEST);
    assert_string_equal(boot_world.notices, "");
    assert_int_equal(record_now().previous,
                     end == HAL_TRIAL_NONE ? HAL_BOOT_SLOT_A : HAL_BOOT_SLOT_B);
}

static void a_power_cut_at_any_command_of_a_trial_costs_nothing(void **state)
{
    for (int end = HAL_TRIAL_NONE; end <= HAL_TRIAL_RESET; end++) {
        for (uint64_t seed = 0; seed < 50; seed++) {
            bool lost = true;
            for (uint64_t at = 1; lost; at++) {
                ram_chip_mark();
                lost = live_and_lose_power((enum hal_trial_end)end, at, seed);
                assert_settles((enum hal_trial_end)end);
                ram_chip_wind_back();
            }
        }
    }
    assert_int_equal(ram_chip.misuses, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_new_board_runs_the_factory_firmware_and_has_nothing_to_say,
                               an_update_waits),
        cmocka_unit_test_setup(an_update_is_tried_as_the_latest, an_update_waits),
        cmocka_unit_test_setup(a_confirmed_update_stays, an_update_waits),
        cmocka_unit_test_setup(a_trial_that_ends_badly_is_rolled_back_once_and_for_all,
                               an_update_waits),
        cmocka_unit_test_setup(the_first_update_of_all_is_rolled_back_to_the_factory_firmware,
                               an_update_waits),
        cmocka_unit_test_setup(power_or_switch_end_a_trial_so_often_and_no_more, an_update_waits),
        cmocka_unit_test_setup(the_end_of_a_trial_without_a_record_of_it_means_nothing,
                               an_update_waits),
        cmocka_unit_test_setup(an_update_that_was_damaged_while_it_waited_never_starts,
                               an_update_waits),
        cmocka_unit_test_setup(an_update_of_which_nothing_is_left_has_no_version_to_tell,
                               an_update_waits),
        cmocka_unit_test_setup(a_damaged_latest_gives_way_and_it_says_so, an_update_waits),
        cmocka_unit_test_setup(safe_boot_without_previous_update_is_the_factory_firmware,
                               an_update_waits),
        cmocka_unit_test_setup(a_damaged_record_is_the_factory_firmware, an_update_waits),
        cmocka_unit_test_setup(without_any_valid_image_it_says_why, an_update_waits),
        cmocka_unit_test_setup(what_cannot_be_recorded_is_not_tried, an_update_waits),
        cmocka_unit_test_setup(safe_boot_writes_nothing_and_uses_no_start, an_update_waits),
        cmocka_unit_test_setup(a_power_cut_at_any_command_of_a_trial_costs_nothing,
                               an_update_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The confirmation of an update, and what is told of the firmwares on a board (update/update.h). */
#include "hal/retained.h"
#include "tests/unit/update_world.h"

static const char *text(void)
{
    static char line[UPDATE_TEXT_MAX];
    size_t size = update_text(line, sizeof line);
    assert_int_equal(size, strlen(line));
    return line;
}

static void a_confirmed_update_is_the_latest(void **state)
{
    update_confirm();
    assert_int_equal(confirmations, 0); /* nothing was on trial */
    install("2.0.0");
    assert_int_equal(confirmations, 1);
    assert_int_equal(record_now().latest, running.note.slot);
    assert_int_equal(record_now().trial, HAL_BOOT_FACTORY);
    update_confirm(); /* after a soft reset */
    assert_int_equal(confirmations, 1);
    boot();
    assert_runs("2.0.0");
    assert_false(running.note.trial);
}

static void without_a_record_there_is_no_confirmation(void **state)
{
    upload_good("2.0.0");
    boot();
    ram_chip.fails = true;
    assert_int_equal(update_confirm(), UPDATE_FAILED);
    ram_chip.fails = false;
    assert_int_equal(confirmations, 0);
    assert_int_equal(record_now().latest, HAL_BOOT_FACTORY);
}

static void a_damaged_firmware_does_not_become_the_previous_one(void **state)
{
    install("2.0.0");
    install("3.0.0");
    upload_good("4.0.0");
    enum hal_boot_slot latest = (enum hal_boot_slot)record_now().latest;
    boot();
    ram_chip_damage(boot_place_address(latest) + 700, 1);
    assert_int_equal(update_confirm(), UPDATE_OK);
    assert_true(boot_world_boot(SAFE_BOOT_LATEST, &running));
    assert_runs("4.0.0");
    assert_true(boot_world_boot(SAFE_BOOT_PREVIOUS, &running));
    assert_runs("2.0.0");
    assert_string_equal(boot_world.notices, "");
}

static void what_runs_is_told_in_a_line(void **state)
{
    assert_string_equal(text(), "firmware 1.0.0");
    assert_false(update_is_safe_boot());
    install("2.0.0");
    install("3.0.0");
    assert_string_equal(text(), "firmware 3.0.0");
    assert_true(boot_world_boot(SAFE_BOOT_PREVIOUS, &running));
    boot_note_set(&running.note);
    assert_string_equal(text(), "safe boot, previous firmware 2.0.0");
    assert_true(update_is_safe_boot());

    ram_chip_damage(boot_place_address((enum hal_boot_slot)record_now().latest) + 700, 1);
    boot();
    assert_string_equal(text(), "previous firmware 2.0.0, since the latest one is damaged");

    upload_good("4.0.0");
    boot();
    assert_runs("4.0.0");
    boot_world.trial_end = HAL_TRIAL_FAULT;
    boot();
    assert_string_equal(text(), "previous firmware 2.0.0, since the latest one is damaged; 4.0.0 "
                                "was rolled back: hard fault");
    char small[20];
    assert_int_equal(update_text(small, sizeof small), 19);
    assert_string_equal(small, "previous firmware 2");
}

static void the_version_is_the_images_and_without_one_the_programs(void **state)
{
    assert_string_equal(update_version(), "1.0.0");
    install("2.0.0");
    assert_string_equal(update_version(), "2.0.0");
    hal_retained_write(HAL_RETAINED_BOOT_NOTE, 0); /* as without a boot loader */
    assert_string_equal(update_version(), firmware_version);
    assert_string_equal(text(), "firmware of the tests");
}

static void assert_place(enum hal_boot_slot slot, const char *name, const char *role,
                         const char *version, const char *state)
{
    struct update_place place;
    update_place(slot, &place);
    assert_string_equal(place.name, name);
    assert_string_equal(place.role, role);
    assert_string_equal(place.version, version);
    assert_string_equal(update_state_name(place.state), state);
}

static void the_places_are_told(void **state)
{
    new_board(state);
    assert_place(HAL_BOOT_FACTORY, "factory", "factory", "1.0.0", "running");
    assert_place(HAL_BOOT_SLOT_A, "A", "", "", "empty");
    full_board(state);
    assert_place(HAL_BOOT_FACTORY, "factory", "factory", "1.0.0", "valid");
    assert_place(HAL_BOOT_SLOT_A, "A", "previous", "2.0.0", "valid");
    assert_place(HAL_BOOT_SLOT_B, "B", "latest", "3.0.0", "running");
    assert_place(HAL_BOOT_SLOT_C, "C", "trial", "4.0.0", "waiting");
    ram_chip_damage(boot_place_address(HAL_BOOT_SLOT_A) + 700, 1);
    assert_place(HAL_BOOT_SLOT_A, "A", "previous", "", "damaged");
    boot();
    assert_place(HAL_BOOT_SLOT_C, "C", "trial", "4.0.0", "running");
    boot_world.trial_end = HAL_TRIAL_FAULT;
    boot();
    assert_place(HAL_BOOT_SLOT_C, "C", "", "4.0.0", "rolled back");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_confirmed_update_is_the_latest, new_board),
        cmocka_unit_test_setup(without_a_record_there_is_no_confirmation, new_board),
        cmocka_unit_test_setup(a_damaged_firmware_does_not_become_the_previous_one, new_board),
        cmocka_unit_test_setup(what_runs_is_told_in_a_line, new_board),
        cmocka_unit_test_setup(the_version_is_the_images_and_without_one_the_programs, new_board),
        cmocka_unit_test_setup(the_places_are_told, new_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Power is lost at every flash command of an upload and of a confirmation, and inside of it:
 * afterwards the boot record names nothing but valid images, what must run runs, and the next
 * upload works. */
#include "tests/unit/update_world.h"

struct story {
    void (*act)(void);
    /* What may run after a cut, in this order: with later cuts it never goes back. NULL: no more.
     */
    const char *runs[4];
};

static void upload_5(void)
{
    upload_good("5.0.0");
}

static void assert_record_is_sound(void)
{
    struct boot_record record;
    assert_int_not_equal(boot_record_read(&record), BOOT_RECORD_DAMAGED);
    const uint8_t named[] = {record.latest, record.previous, record.trial};
    for (size_t i = 0; i < sizeof named; i++) {
        struct image_header header;
        enum hal_boot_slot slot = (enum hal_boot_slot)named[i];
        assert_int_equal(image_check_flash(boot_place_address(slot), boot_place_size(slot),
                                           IMAGE_TARGET_HERE, &header),
                         IMAGE_OK);
    }
}

static bool cut_in(const struct story *story, uint64_t command)
{
    bool cut = setjmp(ram_chip.power_lost) != 0;
    if (!cut) {
        ram_chip.cut_at = ram_chip.commands + command;
        story->act();
    }
    ram_chip.cut_at = 0;
    return cut;
}

/* How far the story has come, by what runs. */
static unsigned stage_of(const struct story *story)
{
    for (unsigned i = 0; i < 4 && story->runs[i]; i++) {
        if (strcmp(story->runs[i], running.header.version) == 0) {
            return i;
        }
    }
    fail_msg("%s runs", running.header.version);
    return 0;
}

/* Only in the story with three firmwares there is one: the update that waited is gone, and the new
 * one is not there. */
static void assert_a_loss_is_told(const struct story *story)
{
    static const char words[] = "rolled back: another upload was to replace it, and broke off";
    bool lost = story->runs[2] && strcmp(running.header.version, story->runs[1]) == 0;
    char line[UPDATE_TEXT_MAX];
    update_text(line, sizeof line);
    assert_int_equal(strstr(boot_world.notices, words) != NULL, lost);
    assert_int_equal(strstr(line, words) != NULL, lost);
    if (lost) { /* once */
        boot();
        assert_string_equal(boot_world.notices, "");
        assert_int_equal(record_now().failed, HAL_BOOT_FACTORY);
    }
}

static void tell(const struct story *story)
{
    unsigned stage = 0;
    const uint8_t latest = record_now().latest;
    const bool on_trial = running.note.trial;
    bool cut = true;
    for (uint64_t command = 1; cut; command++) {
        struct boot_note note = running.note;
        ram_chip_mark();
        cut = cut_in(story, command);
        boot();
        unsigned now = stage_of(story);
        if (now < stage) {
            fail_msg("the cut in command %u goes back", (unsigned)command);
        }
        stage = now;
        assert_record_is_sound();
        assert_a_loss_is_told(story);
        if (!on_trial) {
            assert_int_equal(record_now().latest, latest);
        }
        make_image("6.0.0");
        int result = upload(image, length, 4096);
        if (running.note.trial && result == UPDATE_BUSY) { /* every place is taken */
            update_confirm();
            result = upload(image, length, 4096);
        }
        assert_int_equal(result, UPDATE_OK);
        assert_record_is_sound();
        boot();
        assert_runs("6.0.0");
        assert_int_equal(ram_chip.misuses, 0);
        ram_chip_wind_back();
        running.note = note;
        boot_note_set(&note);
        storage_init();
    }
    assert_null(story->runs[stage + 1]); /* the last one told it to the end */
}

static void of_the_first_upload(void **state)
{
    tell(&(struct story){upload_5, {"1.0.0", "5.0.0"}});
}

static void of_an_upload_next_to_two_others(void **state)
{
    install("2.0.0");
    install("3.0.0");
    tell(&(struct story){upload_5, {"3.0.0", "5.0.0"}});
}

static void of_an_upload_while_another_one_waits(void **state)
{
    install("3.0.0");
    upload_good("4.0.0");
    tell(&(struct story){upload_5, {"4.0.0", "5.0.0"}});
}

static void of_an_upload_when_every_place_is_taken(void **state)
{
    full_board(state);
    tell(&(struct story){upload_5, {"4.0.0", "3.0.0", "5.0.0"}});
}

static void of_an_upload_over_a_failed_one(void **state)
{
    install("2.0.0");
    install("3.0.0");
    upload_good("4.0.0");
    boot();
    boot_world.trial_end = HAL_TRIAL_TIMEOUT;
    boot();
    assert_int_not_equal(record_now().failed, HAL_BOOT_FACTORY);
    tell(&(struct story){upload_5, {"3.0.0", "5.0.0"}});
}

static void confirm(void)
{
    assert_int_equal(update_confirm(), UPDATE_OK);
}

static void of_a_confirmation(void **state)
{
    full_board(state);
    boot();
    assert_runs("4.0.0");
    tell(&(struct story){confirm, {"4.0.0"}});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(of_the_first_upload, new_board),
        cmocka_unit_test_setup(of_an_upload_next_to_two_others, new_board),
        cmocka_unit_test_setup(of_an_upload_while_another_one_waits, new_board),
        cmocka_unit_test_setup(of_an_upload_when_every_place_is_taken, new_board),
        cmocka_unit_test_setup(of_an_upload_over_a_failed_one, new_board),
        cmocka_unit_test_setup(of_a_confirmation, new_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

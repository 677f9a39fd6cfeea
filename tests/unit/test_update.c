/* Uploads of firmware (update/update.h): what is accepted, what is refused and why, where it is
 * written, and what runs afterwards. */
#include "tests/unit/update_world.h"

static void a_good_image_is_accepted_and_tried_at_the_next_boot(void **state)
{
    upload_good("2.0.0");
    assert_string_equal(update_words(),
                        "firmware 2.0.0 for the virtual target accepted: reset to run it");
    boot();
    assert_runs("2.0.0");
    assert_true(running.note.trial);
}

static void it_may_come_in_pieces_of_any_size(void **state)
{
    static const uint32_t pieces[] = {1, 3, 255, 256, 257, 1460, 4095, 4096};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        new_board(state);
        make_image("2.0.0");
        assert_int_equal(upload(image, length, pieces[i]), UPDATE_OK);
        boot();
        assert_runs("2.0.0");
        assert_int_equal(ram_chip.misuses, 0);
    }
}

/* ---- what is refused */

static struct boot_record before;

/* The upload of `size` bytes of the image is refused with these words, and changes nothing. */
static void assert_refused(uint32_t size, int code, const char *words)
{
    assert_int_equal(upload(image, size, FLASH_SECTOR_SIZE), code);
    assert_string_equal(update_words(), words);
    struct boot_record after = record_now();
    assert_memory_equal(&before, &after, sizeof before);
}

static struct image_header *fresh_header(void)
{
    make_image("9.9.9");
    return (struct image_header *)image;
}

static void refuse_each_flaw(void)
{
    before = record_now();
    fresh_header()->magic[0] = 'w';
    assert_refused(length, UPDATE_REFUSED, "not a firmware image");
    fresh_header()->version[1] = '\n';
    assert_refused(length, UPDATE_REFUSED, "not a firmware image");
    fresh_header()->target = IMAGE_TARGET_MPS2;
    assert_refused(length, UPDATE_REFUSED,
                   "image for another target: it is for mps2, this is virtual");
    fresh_header()->payload_size = FLASH_SLOT_SIZE;
    assert_refused(length, UPDATE_TOO_LARGE, "image empty or too large");
    fresh_header()->payload_size = 0;
    assert_refused(length, UPDATE_TOO_LARGE, "image empty or too large");
    fresh_header()->payload_sha256[5] ^= 1;
    assert_refused(length, UPDATE_REFUSED, "MD5 mismatch");
    make_image("9.9.9");
    image[length - 1] ^= 1;
    assert_refused(length, UPDATE_REFUSED, "MD5 mismatch");
    make_image("9.9.9");
    image[5000] ^= 1;
    assert_refused(length, UPDATE_REFUSED, "MD5 mismatch");

    make_image("9.9.9");
    assert_refused(0, UPDATE_REFUSED, "not a firmware image");
    assert_refused(100, UPDATE_REFUSED, "image truncated: 100 of at least 256 bytes came");
    assert_refused(256, UPDATE_REFUSED, "image truncated: 256 of 10288 bytes came");
    assert_refused(8192, UPDATE_REFUSED, "image truncated: 8192 of 10288 bytes came");
    assert_refused(length - 1, UPDATE_REFUSED, "image truncated: 10287 of 10288 bytes came");
    assert_refused(length + 1, UPDATE_REFUSED, "something follows the image: it has 10288 bytes");
    assert_refused(length + 9000, UPDATE_REFUSED,
                   "something follows the image: it has 10288 bytes");
}

static void abandon_after_every_piece(void)
{
    before = record_now();
    make_image("9.9.9");
    for (uint32_t end = 0; end <= length; end += 500) {
        assert_int_equal(update_begin(), UPDATE_OK);
        for (uint32_t at = 0; at < end; at += 500) {
            assert_int_equal(update_write(image + at, 500), 500);
        }
        update_abandon();
        struct boot_record after = record_now();
        assert_memory_equal(&before, &after, sizeof before);
    }
}

static void what_is_refused_or_abandoned_changes_nothing(void **state)
{
    refuse_each_flaw();
    abandon_after_every_piece();
    boot();
    assert_runs("1.0.0");
}

static void an_update_that_waits_survives_it(void **state)
{
    upload_good("2.0.0");
    refuse_each_flaw();
    abandon_after_every_piece();
    boot();
    assert_runs("2.0.0");
}

static uint32_t free_blocks(void)
{
    struct storage_volume volume;
    assert_int_equal(storage_volume("/flash", &volume), STORAGE_OK);
    return volume.free_blocks;
}

static void it_does_so_when_every_place_is_taken(void **state)
{
    uint32_t room = free_blocks();
    refuse_each_flaw();
    abandon_after_every_piece();
    assert_int_equal(free_blocks(), room);
    boot();
    assert_runs("4.0.0");
}

static void a_bad_header_costs_no_flash(void **state)
{
    uint64_t commands = ram_chip.commands;
    fresh_header()->target = IMAGE_TARGET_MPS2;
    assert_int_equal(update_begin(), UPDATE_OK);
    assert_int_equal(update_write(image, 255), 255);
    assert_int_equal(update_write(image + 255, 1), UPDATE_REFUSED);
    assert_int_equal(update_write(image + 256, 1), UPDATE_REFUSED);
    assert_int_equal(update_commit(), UPDATE_REFUSED);
    assert_true(ram_chip.commands == commands);
    assert_int_equal(upload(image, 0, 1), UPDATE_REFUSED); /* the next one may begin */
}

static void one_upload_at_a_time(void **state)
{
    make_image("2.0.0");
    assert_int_equal(update_commit(), UPDATE_REFUSED);
    assert_int_equal(update_begin(), UPDATE_OK);
    assert_int_equal(update_write(image, 4096), 4096);
    assert_int_equal(update_begin(), UPDATE_BUSY);
    assert_string_equal(update_words(), "another upload of a firmware is under way");
    assert_int_equal(update_write(image + 4096, 4096), 4096);
    assert_int_equal(update_write(image + 8192, length - 8192), length - 8192);
    assert_int_equal(update_commit(), UPDATE_OK);
    assert_int_equal(upload(image, length, 4096), UPDATE_OK);
}

static void a_chip_that_fails_is_named(void **state)
{
    make_image("2.0.0");
    ram_chip.fails = true;
    assert_int_equal(upload(image, length, 4096), UPDATE_FAILED);
    assert_string_equal(update_words(), "the flash chip fails");
    ram_chip.fails = false;
    boot();
    assert_runs("1.0.0");
}

/* ---- where it is written */

static uint8_t untouchable; /* bit n: place n */

static void watch_places(const struct ram_chip_command *command)
{
    for (int slot = HAL_BOOT_FACTORY; slot < HAL_BOOT_SLOTS; slot++) {
        uint32_t begin = boot_place_address((enum hal_boot_slot)slot);
        if (untouchable >> slot & 1 && command->address >= begin &&
            command->address - begin < boot_place_size((enum hal_boot_slot)slot)) {
            fail_msg("place %d was touched", slot);
        }
    }
}

static void many_uploads_touch_nothing_that_has_a_role_or_runs(void **state)
{
    for (unsigned round = 0; round < 8; round++) {
        struct boot_record record = record_now();
        untouchable =
            (uint8_t)(1 | 1 << record.latest | 1 << record.previous | 1 << running.note.slot);
        ram_chip.watch = watch_places;
        char version[] = "0.0.0";
        for (unsigned i = 0; i < 4; i++) {
            version[0] = (char)('0' + round);
            version[2] = (char)('0' + i);
            upload_good(version);
            fresh_header()->payload_sha256[0] ^= 1;
            assert_int_equal(upload(image, length, 4096), UPDATE_REFUSED);
        }
        ram_chip.watch = NULL;
        boot();
        assert_runs(version);
        if (round % 2 == 0) {
            update_confirm();
        } else {
            boot_world.trial_end = HAL_TRIAL_FAULT;
            boot();
        }
    }
    assert_int_equal(ram_chip.misuses, 0);
}

static void a_previous_firmware_that_runs_is_not_overwritten(void **state)
{
    install("2.0.0");
    install("3.0.0");
    assert_true(boot_world_boot(SAFE_BOOT_PREVIOUS, &running));
    boot_note_set(&running.note);
    many_uploads_touch_nothing_that_has_a_role_or_runs(state);
}

static void a_place_of_a_failed_update_is_taken_last_and_forgotten_then(void **state)
{
    upload_good("2.0.0");
    boot();
    boot_world.trial_end = HAL_TRIAL_FAULT;
    boot();
    uint8_t failed = record_now().failed;
    assert_int_equal(failed, HAL_BOOT_SLOT_A);

    upload_good("3.0.0");
    upload_good("4.0.0");
    assert_int_equal(record_now().failed, failed);
    install("5.0.0");
    upload_good("6.0.0");
    assert_int_equal(record_now().failed, failed);
    upload_good("7.0.0");
    assert_int_equal(record_now().failed, HAL_BOOT_FACTORY);
    assert_int_equal(record_now().failure, BOOT_FAILURE_NONE);
    boot();
    assert_runs("7.0.0");
}

static void a_running_update_is_not_overwritten_when_the_record_is_damaged(void **state)
{
    install("2.0.0");
    for (uint32_t i = 0; i < FLASH_BOOT_RECORD_SIZE; i++) {
        ram_chip_damage(FLASH_BOOT_RECORD_ADDRESS + i, 0);
    }
    untouchable = (uint8_t)(1 | 1 << running.note.slot);
    ram_chip.watch = watch_places;
    upload_good("3.0.0");
    upload_good("4.0.0");
    upload_good("5.0.0");
    ram_chip.watch = NULL;
    boot();
    assert_runs("5.0.0");
}

/* ---- when every place is taken */

static void a_valid_image_replaces_the_one_that_waits(void **state)
{
    uint32_t room = free_blocks();
    upload_good("5.0.0");
    assert_int_equal(free_blocks(), room);
    upload_good("6.0.0");
    boot();
    assert_runs("6.0.0");
    assert_string_equal(boot_world.notices, ""); /* nothing was lost */
    update_confirm();
    assert_true(boot_world_boot(SAFE_BOOT_PREVIOUS, &running));
    assert_runs("3.0.0");
}

static void the_one_that_waits_is_not_touched_before(void **state)
{
    make_image("5.0.0");
    untouchable = 0xff;
    ram_chip.watch = watch_places;
    assert_int_equal(update_begin(), UPDATE_OK);
    for (uint32_t at = 0; at < length; at += 1000) {
        uint32_t part = length - at < 1000 ? length - at : 1000;
        assert_int_equal(update_write(image + at, part), part);
    }
    ram_chip.watch = NULL;
    boot();
    assert_runs("4.0.0");
}

static void nobody_sees_it_on_its_way(void **state)
{
    struct storage_dir *dir;
    struct storage_entry entry;
    make_image("5.0.0");
    assert_int_equal(update_begin(), UPDATE_OK);
    assert_int_equal(update_write(image, 4096), 4096);
    static const char *const folders[] = {"/flash", "/flash/sys"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(storage_opendir(&dir, folders[i]), STORAGE_OK);
        while (storage_readdir(dir, &entry) > 0) {
            assert_true(entry.stat.is_dir || strcmp(entry.name, "boot.py") == 0 ||
                        strcmp(entry.name, "main.py") == 0);
        }
        storage_closedir(dir);
    }
    assert_int_equal(storage_stat("/flash/.uploads/A", &entry.stat), STORAGE_DENIED);
    update_abandon();
}

static void without_room_in_flash_the_one_that_waits_stays(void **state)
{
    static uint8_t zeros[4096];
    struct storage_file *file;
    assert_int_equal(storage_open(&file, "/flash/large", STORAGE_WRITE | STORAGE_CREATE),
                     STORAGE_OK);
    while (free_blocks() > 5) {
        assert_int_equal(storage_write(file, zeros, sizeof zeros), sizeof zeros);
        assert_int_equal(storage_sync(file), STORAGE_OK);
    }
    /* There is room at first, and then there is none. */
    make_image("5.0.0");
    assert_int_equal(update_begin(), UPDATE_OK);
    assert_int_equal(update_write(image, 256), 256);
    while (free_blocks() > 2) {
        assert_int_equal(storage_write(file, zeros, sizeof zeros), sizeof zeros);
        assert_int_equal(storage_sync(file), STORAGE_OK);
    }
    int32_t result = 0;
    for (uint32_t at = 256; at < length && result >= 0; at += 4096) {
        result = update_write(image + at, length - at < 4096 ? length - at : 4096);
    }
    assert_int_equal(result < 0 ? result : update_commit(), UPDATE_TOO_LARGE);
    assert_string_equal(update_words(), "no room for it in /flash, and an update waits already: "
                                        "reset to run it, then send this one");
    update_abandon();
    storage_close(file);

    uint64_t commands = ram_chip.commands;
    assert_int_equal(upload(image, length, 4096), UPDATE_TOO_LARGE);
    assert_true(ram_chip.commands == commands); /* said at once */
    boot();
    assert_runs("4.0.0");
}

static void with_flash_damaged_the_one_that_waits_stays(void **state)
{
    for (uint32_t i = 0; i < 2 * FLASH_SECTOR_SIZE; i++) {
        ram_chip_damage(FLASH_FS_ADDRESS + i, 0);
    }
    assert_int_equal(storage_init(), STORAGE_FLASH_DAMAGED);
    make_image("5.0.0");
    assert_int_equal(upload(image, length, 4096), UPDATE_REFUSED);
    assert_string_equal(update_words(), "/flash is damaged, and an update waits already: reset "
                                        "to run it, then send this one");
    boot();
    assert_runs("4.0.0");
    update_confirm();
    upload_good("5.0.0"); /* a place is free: /flash is not needed */
    boot();
    assert_runs("5.0.0");
}

static unsigned unfed, fed_before; /* commands for a place since the watchdog was fed last */

static void watch_food(const struct ram_chip_command *command)
{
    if (boot_world.fed != fed_before) {
        fed_before = boot_world.fed;
        unfed = 0;
    }
    if (command->address < FLASH_BOOT_RECORD_ADDRESS) {
        assert_true(++unfed <= 2); /* one chunk: an erase and a program */
    }
}

static void a_watchdog_is_fed_while_the_image_is_verified_and_copied(void **state)
{
    make_image("5.0.0");
    assert_int_equal(update_begin(), UPDATE_OK);
    for (uint32_t at = 0; at < length; at += 1000) {
        uint32_t part = length - at < 1000 ? length - at : 1000;
        assert_int_equal(update_write(image + at, part), part);
    }
    fed_before = boot_world.fed;
    unsigned before_commit = boot_world.fed;
    ram_chip.watch = watch_food;
    assert_int_equal(update_commit(), UPDATE_OK);
    ram_chip.watch = NULL;
    /* Read in /flash, copied, and read in its place, never more than a sector at a time. */
    assert_true(boot_world.fed - before_commit >= 3 * length / FLASH_SECTOR_SIZE);

    new_board(state); /* a place is free: there is no copy */
    make_image("5.0.0");
    assert_int_equal(update_begin(), UPDATE_OK);
    assert_int_equal(update_write(image, 4096), 4096);
    assert_int_equal(update_write(image + 4096, 4096), 4096);
    assert_int_equal(update_write(image + 8192, length - 8192), length - 8192);
    before_commit = boot_world.fed;
    assert_int_equal(update_commit(), UPDATE_OK);
    assert_true(boot_world.fed - before_commit >= length / FLASH_SECTOR_SIZE);
}

static void fail_at_place(const struct ram_chip_command *command)
{
    ram_chip.fails = ram_chip.fails || command->address < FLASH_BOOT_RECORD_ADDRESS;
}

static void a_chip_that_fails_in_the_last_copy_costs_what_waited_and_that_is_told(void **state)
{
    make_image("5.0.0");
    ram_chip.watch = fail_at_place;
    assert_int_equal(upload(image, length, 4096), UPDATE_FAILED);
    ram_chip.watch = NULL;
    ram_chip.fails = false;
    struct update_place place;
    update_place(HAL_BOOT_SLOT_C, &place);
    assert_string_equal(place.role, "");
    uint64_t commands = ram_chip.commands;
    assert_true(boot_world_boot(SAFE_BOOT_LATEST, &running));
    assert_true(ram_chip.commands == commands); /* safe boot leaves it to the next normal boot */
    assert_string_equal(boot_world.notices, "");
    boot();
    assert_runs("3.0.0");
    assert_non_null(strstr(boot_world.notices, "another upload was to replace it"));
    boot();
    assert_string_equal(boot_world.notices, "");
}

static void what_was_lost_is_not_told_when_the_next_upload_made_up_for_it(void **state)
{
    make_image("5.0.0");
    ram_chip.watch = fail_at_place;
    assert_int_equal(upload(image, length, 4096), UPDATE_FAILED);
    ram_chip.watch = NULL;
    ram_chip.fails = false;
    upload_good("5.0.0");
    boot();
    assert_runs("5.0.0");
    assert_string_equal(boot_world.notices, "");
}

static void a_firmware_on_trial_does_not_overwrite_itself(void **state)
{
    boot();
    assert_runs("4.0.0");
    make_image("5.0.0");
    assert_int_equal(upload(image, length, 4096), UPDATE_BUSY);
    assert_string_equal(update_words(),
                        "the firmware that runs is still on trial: try again later");
    update_confirm();
    assert_int_equal(upload(image, length, 4096), UPDATE_OK);
}

int main(void)
{
#define NEW(name)  cmocka_unit_test_setup(name, new_board)
#define FULL(name) cmocka_unit_test_setup(name, full_board)
    const struct CMUnitTest tests[] = {
        NEW(a_good_image_is_accepted_and_tried_at_the_next_boot),
        NEW(it_may_come_in_pieces_of_any_size),
        NEW(what_is_refused_or_abandoned_changes_nothing),
        NEW(an_update_that_waits_survives_it),
        FULL(it_does_so_when_every_place_is_taken),
        NEW(a_bad_header_costs_no_flash),
        NEW(one_upload_at_a_time),
        NEW(a_chip_that_fails_is_named),
        NEW(many_uploads_touch_nothing_that_has_a_role_or_runs),
        FULL(many_uploads_touch_nothing_that_has_a_role_or_runs),
        NEW(a_previous_firmware_that_runs_is_not_overwritten),
        NEW(a_place_of_a_failed_update_is_taken_last_and_forgotten_then),
        NEW(a_running_update_is_not_overwritten_when_the_record_is_damaged),
        FULL(a_valid_image_replaces_the_one_that_waits),
        FULL(the_one_that_waits_is_not_touched_before),
        FULL(nobody_sees_it_on_its_way),
        FULL(without_room_in_flash_the_one_that_waits_stays),
        FULL(with_flash_damaged_the_one_that_waits_stays),
        FULL(a_watchdog_is_fed_while_the_image_is_verified_and_copied),
        FULL(a_chip_that_fails_in_the_last_copy_costs_what_waited_and_that_is_told),
        FULL(what_was_lost_is_not_told_when_the_next_upload_made_up_for_it),
        FULL(a_firmware_on_trial_does_not_overwrite_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

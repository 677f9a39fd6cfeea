/* Boot record and boot note (image/boot_record.h, image/boot_note.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hal/retained.h"
#include "image/boot_note.h"
#include "image/boot_record.h"
#include "lib/flash_map.h"
#include "storage/record.h"
#include "tests/powerloss/ram_chip.h"

static uint32_t retained;

uint32_t hal_retained_read(unsigned index)
{
    assert_int_equal(index, HAL_RETAINED_BOOT_NOTE);
    return retained;
}

void hal_retained_write(unsigned index, uint32_t value)
{
    assert_int_equal(index, HAL_RETAINED_BOOT_NOTE);
    retained = value;
}

static const struct boot_record none;

static int new_chip(void **state)
{
    ram_chip_reset();
    return 0;
}

static void a_new_chip_has_no_record(void **state)
{
    struct boot_record record;
    memset(&record, 0x55, sizeof record);
    assert_int_equal(boot_record_read(&record), BOOT_RECORD_NEW);
    assert_memory_equal(&record, &none, sizeof record);
}

static void what_was_written_is_read(void **state)
{
    struct boot_record record = {.latest = HAL_BOOT_SLOT_A,
                                 .previous = HAL_BOOT_SLOT_C,
                                 .trial = HAL_BOOT_SLOT_B,
                                 .starts = 2};
    struct boot_record read;
    assert_int_equal(boot_record_write(&record), 0);
    assert_int_equal(boot_record_read(&read), BOOT_RECORD_VALID);
    assert_memory_equal(&read, &record, sizeof record);
}

static void a_damaged_record_reads_as_none(void **state)
{
    struct boot_record record = {.latest = HAL_BOOT_SLOT_A};
    boot_record_write(&record);
    ram_chip_damage(FLASH_BOOT_RECORD_ADDRESS, 0);
    assert_int_equal(boot_record_read(&record), BOOT_RECORD_VALID);
    assert_int_equal(record.latest, HAL_BOOT_SLOT_A);
    ram_chip_damage(FLASH_BOOT_RECORD_ADDRESS + FLASH_SECTOR_SIZE, 0);
    assert_int_equal(boot_record_read(&record), BOOT_RECORD_DAMAGED);
    assert_memory_equal(&record, &none, sizeof record);
}

/* With a right CRC, as other firmware might write it; "WOBT" is the record's magic. */
static void put_raw(const void *data, uint32_t size)
{
    static const struct record_place place = {FLASH_BOOT_RECORD_ADDRESS, FLASH_SECTOR_SIZE,
                                              0x54424f57};
    assert_int_equal(record_write(&place, data, size), STORAGE_OK);
}

static void a_record_that_makes_no_sense_is_a_damaged_one(void **state)
{
    static const struct boot_record senseless[] = {
        {.latest = HAL_BOOT_SLOTS},
        {.previous = HAL_BOOT_SLOTS},
        {.trial = 0xff},
        {.failed = HAL_BOOT_SLOTS},
        {.failure = BOOT_FAILURES},
        {.latest = HAL_BOOT_SLOT_A, .previous = HAL_BOOT_SLOT_A},
        {.latest = HAL_BOOT_SLOT_B, .trial = HAL_BOOT_SLOT_B},
        {.previous = HAL_BOOT_SLOT_C, .trial = HAL_BOOT_SLOT_C},
        {.reserved = {1, 0}},
        {.reserved = {0, 1}},
    };
    struct boot_record record;
    for (size_t i = 0; i < sizeof senseless / sizeof senseless[0]; i++) {
        put_raw(&senseless[i], sizeof senseless[i]);
        assert_int_equal(boot_record_read(&record), BOOT_RECORD_DAMAGED);
        assert_memory_equal(&record, &none, sizeof record);
        assert_int_equal(boot_record_write(&senseless[i]), STORAGE_INVALID);
    }
    put_raw("1234567", 7);
    assert_int_equal(boot_record_read(&record), BOOT_RECORD_DAMAGED);
    put_raw("\0\0\0\0\0\0\0\0", 9);
    assert_int_equal(boot_record_read(&record), BOOT_RECORD_DAMAGED);
    put_raw(&none, sizeof none);
    assert_int_equal(boot_record_read(&record), BOOT_RECORD_VALID);
}

static void confirmation_moves_the_roles(void **state)
{
    struct boot_record record = {.trial = HAL_BOOT_SLOT_A, .starts = 1};
    boot_record_confirm(&record, true);
    assert_memory_equal(&record, (&(struct boot_record){.latest = HAL_BOOT_SLOT_A}), 8);
    record.trial = HAL_BOOT_SLOT_B;
    boot_record_confirm(&record, true);
    record.trial = HAL_BOOT_SLOT_C;
    record.starts = 3;
    boot_record_confirm(&record, true);
    struct boot_record expected = {.latest = HAL_BOOT_SLOT_C, .previous = HAL_BOOT_SLOT_B};
    assert_memory_equal(&record, &expected, sizeof record);
    boot_record_confirm(&record, true); /* nothing is on trial */
    assert_memory_equal(&record, &expected, sizeof record);
    record.trial = HAL_BOOT_SLOT_A;
    boot_record_confirm(&record, false); /* C is damaged */
    expected.latest = HAL_BOOT_SLOT_A;
    assert_memory_equal(&record, &expected, sizeof record);
}

static void failure_leaves_the_roles(void **state)
{
    struct boot_record record = {.latest = HAL_BOOT_SLOT_A,
                                 .previous = HAL_BOOT_SLOT_B,
                                 .trial = HAL_BOOT_SLOT_C,
                                 .starts = 2};
    boot_record_fail(&record, BOOT_FAILURE_TIMEOUT);
    struct boot_record expected = {.latest = HAL_BOOT_SLOT_A,
                                   .previous = HAL_BOOT_SLOT_B,
                                   .failed = HAL_BOOT_SLOT_C,
                                   .failure = BOOT_FAILURE_TIMEOUT};
    assert_memory_equal(&record, &expected, sizeof record);
    boot_record_fail(&record, BOOT_FAILURE_FAULT); /* nothing is on trial */
    assert_memory_equal(&record, &expected, sizeof record);
}

static void the_places_are_those_of_the_flash_map(void **state)
{
    static const uint32_t addresses[] = {FLASH_FACTORY_ADDRESS, FLASH_SLOT_A_ADDRESS,
                                         FLASH_SLOT_B_ADDRESS, FLASH_SLOT_C_ADDRESS};
    static const char *const names[] = {"factory", "A", "B", "C"};
    for (int slot = 0; slot < HAL_BOOT_SLOTS; slot++) {
        assert_int_equal(boot_place_address((enum hal_boot_slot)slot), addresses[slot]);
        assert_string_equal(boot_place_name((enum hal_boot_slot)slot), names[slot]);
        assert_int_equal(boot_place_size((enum hal_boot_slot)slot), FLASH_SLOT_SIZE);
    }
}

static void every_failure_has_words(void **state)
{
    for (int failure = BOOT_FAILURE_NONE; failure < BOOT_FAILURES; failure++) {
        assert_string_not_equal(boot_failure_text((enum boot_failure)failure), "unknown failure");
    }
}

static void every_note_arrives(void **state)
{
    for (unsigned i = 0; i < 2 * 2 * 3 * 3 * 4 * BOOT_FAILURES; i++) {
        struct boot_note note, got;
        memset(&note, 0, sizeof note);
        note.safe = i % 2;
        note.trial = i / 2 % 2;
        note.role = (enum boot_role)(i / 4 % 3);
        note.wanted = (enum boot_role)(i / 12 % 3);
        note.slot = (enum hal_boot_slot)(i / 36 % 4);
        note.rolled_back = (enum boot_failure)(i / 144);
        boot_note_set(&note);
        memset(&got, 0x55, sizeof got);
        boot_note_get(&got);
        assert_int_equal(got.safe, note.safe);
        assert_int_equal(got.trial, note.trial);
        assert_int_equal(got.role, note.role);
        assert_int_equal(got.wanted, note.wanted);
        assert_int_equal(got.slot, note.slot);
        assert_int_equal(got.rolled_back, note.rolled_back);
    }
}

static void what_is_no_note_reads_as_none(void **state)
{
    boot_note_set(&(struct boot_note){.role = BOOT_ROLE_LATEST, .slot = HAL_BOOT_SLOT_A});
    uint32_t good = retained;
    const uint32_t garbage[] = {0,
                                UINT32_MAX,
                                1,
                                good & 0xffff,
                                good ^ 1u << 31,
                                good | 1u << 15,
                                good | 3u << 2 /* no such role */,
                                good | 3u << 4,
                                good | 7u << 8 /* no such failure */};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        struct boot_note note;
        retained = garbage[i];
        boot_note_get(&note);
        assert_false(note.safe || note.trial || note.role || note.wanted || note.slot ||
                     note.rolled_back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_new_chip_has_no_record, new_chip),
        cmocka_unit_test_setup(what_was_written_is_read, new_chip),
        cmocka_unit_test_setup(a_damaged_record_reads_as_none, new_chip),
        cmocka_unit_test_setup(a_record_that_makes_no_sense_is_a_damaged_one, new_chip),
        cmocka_unit_test(confirmation_moves_the_roles),
        cmocka_unit_test(failure_leaves_the_roles),
        cmocka_unit_test(the_places_are_those_of_the_flash_map),
        cmocka_unit_test(every_failure_has_words),
        cmocka_unit_test(every_note_arrives),
        cmocka_unit_test(what_is_no_note_reads_as_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Records in raw flash (storage/record.h): after a power cut at any command there is the old record
 * or the new one, and what is damaged is noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/flash_map.h"
#include "storage/record.h"
#include "tests/powerloss/ram_chip.h"

#define SEEDS 25 /* each cut tears its command in so many ways */

static const struct record_place small = {FLASH_BOOT_RECORD_ADDRESS, FLASH_SECTOR_SIZE, 0x12345678};
static const struct record_place large = {FLASH_HIDDEN_ADDRESS, 2 * FLASH_SECTOR_SIZE, 0x9abcdef0};

static uint8_t buffer[3 * FLASH_SECTOR_SIZE];

static int new_chip(void **state)
{
    ram_chip_reset();
    return 0;
}

/* The record of `generation`; 0: none yet. */
static uint32_t size_of(const struct record_place *place, int generation)
{
    static const uint32_t small_sizes[] = {8, 1, 0, 300, FLASH_SECTOR_SIZE - RECORD_HEADER_SIZE};
    static const uint32_t large_sizes[] = {5000, 8160, FLASH_SECTOR_SIZE - RECORD_HEADER_SIZE,
                                           FLASH_SECTOR_SIZE - RECORD_HEADER_SIZE + 1, 10};
    return place == &small ? small_sizes[generation % 5] : large_sizes[generation % 5];
}

static const uint8_t *data_of(int generation)
{
    static uint8_t data[sizeof buffer];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + (size_t)generation * 31);
    }
    return data;
}

static int put(const struct record_place *place, int generation)
{
    return record_write(place, data_of(generation), size_of(place, generation));
}

static bool holds(const struct record_place *place, int generation)
{
    memset(buffer, 0x55, sizeof buffer);
    int32_t size = record_read(place, buffer, sizeof buffer);
    if (generation == 0) {
        return size == STORAGE_NOT_FOUND;
    }
    return size == (int32_t)size_of(place, generation) &&
           memcmp(buffer, data_of(generation), (size_t)size) == 0;
}

static void damage_copy(const struct record_place *place, int copy, uint32_t offset)
{
    uint32_t address = place->address + (uint32_t)copy * place->copy_size + offset;
    ram_chip_damage(address, (uint8_t)(*ram_chip_cells(address) ^ 0xff ^ 0x10));
}

static void what_was_written_is_read(void **state)
{
    assert_true(holds(&small, 0));
    for (int generation = 1; generation < 12; generation++) {
        assert_int_equal(put(&small, generation), STORAGE_OK);
        assert_int_equal(put(&large, generation), STORAGE_OK);
        assert_true(holds(&small, generation));
        assert_true(holds(&large, generation));
    }
    assert_int_equal(ram_chip.misuses, 0);
}

static void only_so_much_is_stored_as_there_is_room_for(void **state)
{
    assert_int_equal(record_write(&small, "0123456789", 10), STORAGE_OK);
    char data[5] = "....";
    assert_int_equal(record_read(&small, data, 3), 10);
    assert_string_equal(data, "012.");
}

static void what_is_too_large_is_refused_and_changes_nothing(void **state)
{
    put(&small, 1);
    uint64_t commands = ram_chip.commands;
    assert_int_equal(record_write(&small, data_of(2), FLASH_SECTOR_SIZE - RECORD_HEADER_SIZE + 1),
                     STORAGE_INVALID);
    assert_int_equal(record_write(&small, data_of(2), UINT32_MAX), STORAGE_INVALID);
    assert_int_equal(ram_chip.commands, commands);
    assert_true(holds(&small, 1));
}

/* Write `generation` and lose the power in its command number `at`. False: it has fewer commands.
 */
static bool lose_power(const struct record_place *place, int generation, uint64_t at, uint64_t seed)
{
    ram_chip.commands = seed * 1000;
    ram_chip.cut_at = ram_chip.commands + at;
    bool lost = setjmp(ram_chip.power_lost) != 0;
    if (!lost) {
        put(place, generation);
    }
    ram_chip.cut_at = 0;
    return lost;
}

static void cut_at_every_command(const struct record_place *place)
{
    for (int generation = 1; generation <= 12; generation++) {
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            bool lost = true;
            for (uint64_t at = 1; lost; at++) {
                ram_chip_mark();
                lost = lose_power(place, generation, at, seed);
                assert_true(holds(place, generation) || (lost && holds(place, generation - 1)));
                /* The next write finds its way from whatever the cut left. */
                assert_int_equal(put(place, generation + 1), STORAGE_OK);
                assert_true(holds(place, generation + 1));
                ram_chip_wind_back();
            }
        }
        assert_int_equal(put(place, generation), STORAGE_OK);
    }
    assert_int_equal(ram_chip.misuses, 0);
}

static void a_power_cut_at_any_command_leaves_the_old_or_the_new(void **state)
{
    cut_at_every_command(&small);
    cut_at_every_command(&large);
}

static void a_failing_chip_leaves_the_old(void **state)
{
    put(&small, 1);
    ram_chip.fails = true;
    assert_int_equal(put(&small, 2), STORAGE_IO);
    assert_true(holds(&small, 1));
}

static void the_first_write_survives_damage_to_one_copy(void **state)
{
    for (int copy = 0; copy < 2; copy++) {
        ram_chip_reset();
        put(&small, 1);
        damage_copy(&small, copy, RECORD_HEADER_SIZE + 3);
        assert_true(holds(&small, 1));
    }
}

static void a_damaged_copy_gives_way_to_the_other_wherever_it_is_damaged(void **state)
{
    put(&small, 1);
    put(&small, 3);     /* in copy 0: the first write filled both */
    uint32_t used = 16; /* what follows in the header is reserved */
    for (uint32_t offset = 0; offset < RECORD_HEADER_SIZE + 300; offset++) {
        if (offset >= used && offset < RECORD_HEADER_SIZE) {
            continue;
        }
        ram_chip_mark();
        damage_copy(&small, 0, offset);
        assert_true(holds(&small, 1));
        /* Damaged is the one that is written next, not the one that holds the truth. */
        assert_int_equal(put(&small, 4), STORAGE_OK);
        assert_true(holds(&small, 4));
        ram_chip_wind_back();
        assert_true(holds(&small, 3));
    }
}

static void two_damaged_copies_are_an_error_until_the_next_write(void **state)
{
    put(&small, 1);
    put(&small, 3);
    damage_copy(&small, 0, 0);
    damage_copy(&small, 1, RECORD_HEADER_SIZE);
    assert_int_equal(record_read(&small, buffer, sizeof buffer), STORAGE_IO);
    assert_int_equal(put(&small, 4), STORAGE_OK);
    assert_true(holds(&small, 4));
}

static void a_record_of_another_kind_is_none(void **state)
{
    put(&small, 1);
    struct record_place other = small;
    other.magic++;
    assert_int_equal(record_read(&other, buffer, sizeof buffer), STORAGE_IO);
}

/* A copy with any sequence number: as often written as nobody waits for in a test. */
static void put_copy(int copy, uint32_t sequence, int generation)
{
    struct {
        uint32_t magic, sequence, size, crc, reserved[4];
        uint8_t data[8];
    } image = {.magic = small.magic, .sequence = sequence, .size = 8};
    memcpy(image.data, data_of(generation), 8);
    uint8_t summed[20];
    memcpy(summed, &image, 12);
    memcpy(summed + 12, image.data, 8);
    image.crc = 0xffffffff; /* CRC-32 with the polynomial 0x04c11db7, reflected, not inverted */
    for (size_t i = 0; i < sizeof summed; i++) {
        image.crc ^= summed[i];
        for (int bit = 0; bit < 8; bit++) {
            image.crc = image.crc >> 1 ^ (image.crc & 1 ? 0xedb88320 : 0);
        }
    }
    for (size_t i = 0; i < sizeof image; i++) {
        ram_chip_damage(small.address + (uint32_t)copy * small.copy_size + (uint32_t)i,
                        ((const uint8_t *)&image)[i]);
    }
}

static void the_sequence_number_wraps(void **state)
{
    put_copy(0, UINT32_MAX, 5); /* generations 5, 10, 15: of 8 bytes */
    put_copy(1, UINT32_MAX - 1, 10);
    assert_true(holds(&small, 5));
    assert_int_equal(put(&small, 15), STORAGE_OK);
    assert_true(holds(&small, 15));
    for (int generation = 1; generation < 5; generation++) {
        assert_int_equal(put(&small, generation), STORAGE_OK);
        assert_true(holds(&small, generation));
    }
    put_copy(0, INT32_MAX, 5);
    put_copy(1, (uint32_t)INT32_MAX + 1, 10);
    assert_true(holds(&small, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_written_is_read, new_chip),
        cmocka_unit_test_setup(only_so_much_is_stored_as_there_is_room_for, new_chip),
        cmocka_unit_test_setup(what_is_too_large_is_refused_and_changes_nothing, new_chip),
        cmocka_unit_test_setup(a_power_cut_at_any_command_leaves_the_old_or_the_new, new_chip),
        cmocka_unit_test_setup(a_failing_chip_leaves_the_old, new_chip),
        cmocka_unit_test_setup(the_first_write_survives_damage_to_one_copy, new_chip),
        cmocka_unit_test_setup(a_damaged_copy_gives_way_to_the_other_wherever_it_is_damaged,
                               new_chip),
        cmocka_unit_test_setup(two_damaged_copies_are_an_error_until_the_next_write, new_chip),
        cmocka_unit_test_setup(a_record_of_another_kind_is_none, new_chip),
        cmocka_unit_test_setup(the_sequence_number_wraps, new_chip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

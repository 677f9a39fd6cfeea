/* The hidden store (update/hidden.h): a file is replaced as a whole or not at all, also when power
 * is lost at any flash command, and nothing of a removed one stays in the chip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/flash_map.h"
#include "tests/powerloss/ram_chip.h"
#include "update/hidden.h"

static uint8_t old[HIDDEN_SIZE_MAX], new[HIDDEN_SIZE_MAX + 1], read[HIDDEN_SIZE_MAX];

static int new_chip(void **state)
{
    ram_chip_reset();
    hidden_abandon();
    memset(old, 'o', sizeof old);
    memset(new, 'n', sizeof new);
    return 0;
}

static int store(enum hidden_file file, const uint8_t *data, uint32_t size)
{
    int result = hidden_begin(file);
    for (uint32_t at = 0; at < size && result >= 0; at += 1000) {
        result = (int)hidden_write(data + at, size - at < 1000 ? size - at : 1000);
    }
    if (result < 0) {
        hidden_abandon();
        return result;
    }
    return hidden_commit();
}

static void assert_holds(enum hidden_file file, const uint8_t *data, uint32_t size)
{
    assert_int_equal(hidden_read(file, read, sizeof read), size);
    assert_memory_equal(read, data, size);
}

static bool chip_contains(uint8_t byte)
{
    uint8_t inverted[16];
    memset(inverted, ~byte, sizeof inverted);
    const uint8_t *cells = ram_chip_cells(FLASH_HIDDEN_ADDRESS);
    for (uint32_t at = 0; at + sizeof inverted <= FLASH_HIDDEN_SIZE; at++) {
        if (memcmp(cells + at, inverted, sizeof inverted) == 0) {
            return true;
        }
    }
    return false;
}

static void each_file_is_kept_on_its_own(void **state)
{
    for (int file = 0; file < HIDDEN_FILES; file++) {
        assert_int_equal(hidden_read((enum hidden_file)file, read, sizeof read), STORAGE_NOT_FOUND);
    }
    assert_int_equal(store(HIDDEN_CA, old, 1), STORAGE_OK);
    assert_int_equal(store(HIDDEN_CERTIFICATE, new, HIDDEN_SIZE_MAX), STORAGE_OK);
    assert_int_equal(store(HIDDEN_PRIVATE_KEY, old, 5000), STORAGE_OK);
    assert_int_equal(store(HIDDEN_CA, new, 3000), STORAGE_OK);
    assert_holds(HIDDEN_CA, new, 3000);
    assert_holds(HIDDEN_CERTIFICATE, new, HIDDEN_SIZE_MAX);
    assert_holds(HIDDEN_PRIVATE_KEY, old, 5000);
    assert_int_equal(hidden_read(HIDDEN_PRIVATE_KEY, read, 10), 5000);
}

static void what_is_too_large_or_abandoned_changes_nothing(void **state)
{
    assert_int_equal(store(HIDDEN_CA, old, 100), STORAGE_OK);
    assert_int_equal(store(HIDDEN_CA, new, HIDDEN_SIZE_MAX + 1), STORAGE_FULL);
    assert_holds(HIDDEN_CA, old, 100);
    assert_int_equal(hidden_begin(HIDDEN_CA), STORAGE_OK);
    assert_int_equal(hidden_begin(HIDDEN_CERTIFICATE), STORAGE_BUSY);
    assert_int_equal(hidden_write(new, 100), 100);
    hidden_abandon();
    assert_int_equal(hidden_commit(), STORAGE_INVALID);
    assert_holds(HIDDEN_CA, old, 100);
    /* too large, and committed all the same */
    assert_int_equal(hidden_begin(HIDDEN_CA), STORAGE_OK);
    assert_int_equal(hidden_write(new, HIDDEN_SIZE_MAX), HIDDEN_SIZE_MAX);
    assert_int_equal(hidden_write(new, 1), STORAGE_FULL);
    assert_int_equal(hidden_commit(), STORAGE_INVALID);
    assert_holds(HIDDEN_CA, old, 100);
}

static void nothing_of_a_removed_file_stays(void **state)
{
    assert_int_equal(hidden_remove(HIDDEN_PRIVATE_KEY), STORAGE_NOT_FOUND);
    assert_int_equal(store(HIDDEN_PRIVATE_KEY, old, HIDDEN_SIZE_MAX), STORAGE_OK);
    assert_int_equal(store(HIDDEN_PRIVATE_KEY, new, HIDDEN_SIZE_MAX), STORAGE_OK);
    assert_true(chip_contains('n'));
    assert_int_equal(hidden_remove(HIDDEN_PRIVATE_KEY), STORAGE_OK);
    assert_false(chip_contains('o'));
    assert_false(chip_contains('n'));
    assert_int_equal(hidden_read(HIDDEN_PRIVATE_KEY, read, sizeof read), STORAGE_NOT_FOUND);
    assert_int_equal(hidden_remove(HIDDEN_PRIVATE_KEY), STORAGE_NOT_FOUND);
    assert_int_equal(store(HIDDEN_PRIVATE_KEY, old, 10), STORAGE_OK);
    assert_holds(HIDDEN_PRIVATE_KEY, old, 10);
}

static void an_empty_file_is_none(void **state)
{
    assert_int_equal(store(HIDDEN_CA, old, 10), STORAGE_OK);
    assert_int_equal(store(HIDDEN_CA, old, 0), STORAGE_OK);
    assert_int_equal(hidden_read(HIDDEN_CA, read, sizeof read), STORAGE_NOT_FOUND);
}

static void damage_is_told_and_can_be_removed(void **state)
{
    assert_int_equal(store(HIDDEN_CA, old, 10), STORAGE_OK);
    for (uint32_t i = 0; i < 4 * FLASH_SECTOR_SIZE; i++) {
        ram_chip_damage(FLASH_HIDDEN_ADDRESS + i, 0);
    }
    assert_int_equal(hidden_read(HIDDEN_CA, read, sizeof read), STORAGE_IO);
    assert_int_equal(hidden_remove(HIDDEN_CA), STORAGE_OK);
    assert_int_equal(hidden_read(HIDDEN_CA, read, sizeof read), STORAGE_NOT_FOUND);
}

/* ---- power cuts */

static void replace(void)
{
    store(HIDDEN_CERTIFICATE, new, 6000);
}

static void remove_it(void)
{
    hidden_remove(HIDDEN_CERTIFICATE);
}

static bool cut_in(void (*act)(void), uint64_t command)
{
    bool cut = setjmp(ram_chip.power_lost) != 0;
    if (!cut) {
        ram_chip.cut_at = ram_chip.commands + command;
        act();
    }
    ram_chip.cut_at = 0;
    hidden_abandon();
    return cut;
}

/* What it holds: 'o', 'n', or 0 for none. */
static char held(void)
{
    int32_t size = hidden_read(HIDDEN_CERTIFICATE, read, sizeof read);
    if (size == STORAGE_NOT_FOUND) {
        return 0;
    }
    if (size == 6000) {
        assert_memory_equal(read, new, 6000);
        return 'n';
    }
    assert_int_equal(size, 7000);
    assert_memory_equal(read, old, 7000);
    return 'o';
}

static void cut_everywhere(void (*act)(void), char before, char after)
{
    bool cut = true, changed = false;
    store(HIDDEN_CA, old, 50);
    for (uint64_t command = 1; cut; command++) {
        ram_chip_mark();
        cut = cut_in(act, command);
        char now = held();
        assert_true(now == after || (now == before && cut && !changed));
        changed = now == after;
        assert_holds(HIDDEN_CA, old, 50);
        replace();
        assert_holds(HIDDEN_CERTIFICATE, new, 6000);
        ram_chip_wind_back();
    }
    assert_int_equal(ram_chip.misuses, 0);
}

static void a_power_cut_leaves_the_old_file_or_the_new_one(void **state)
{
    cut_everywhere(replace, 0, 'n');
    new_chip(state);
    store(HIDDEN_CERTIFICATE, old, 7000);
    cut_everywhere(replace, 'o', 'n');
    store(HIDDEN_CERTIFICATE, new, 10); /* the other copy's turn */
    store(HIDDEN_CERTIFICATE, old, 7000);
    store(HIDDEN_CERTIFICATE, old, 7000);
    cut_everywhere(replace, 'o', 'n');
}

static void a_power_cut_leaves_the_file_or_removes_it(void **state)
{
    store(HIDDEN_CERTIFICATE, old, 7000);
    cut_everywhere(remove_it, 'o', 0);
    store(HIDDEN_CERTIFICATE, old, 7000);
    cut_everywhere(remove_it, 'o', 0);
}

static void a_removal_that_lost_its_power_can_be_done_again(void **state)
{
    bool cut = true, was_gone_with_traces = false;
    store(HIDDEN_CERTIFICATE, new, 6000);
    store(HIDDEN_CERTIFICATE, old, 7000);
    for (uint64_t command = 1; cut; command++) {
        ram_chip_mark();
        cut = cut_in(remove_it, command);
        bool was_there = held() == 'o';
        was_gone_with_traces |= !was_there && (chip_contains('o') || chip_contains('n'));
        assert_int_equal(hidden_remove(HIDDEN_CERTIFICATE),
                         was_there ? STORAGE_OK : STORAGE_NOT_FOUND);
        assert_int_equal(held(), 0);
        assert_false(chip_contains('o'));
        assert_false(chip_contains('n'));
        ram_chip_wind_back();
    }
    assert_true(was_gone_with_traces); /* else there was no cut between the two writes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_file_is_kept_on_its_own, new_chip),
        cmocka_unit_test_setup(what_is_too_large_or_abandoned_changes_nothing, new_chip),
        cmocka_unit_test_setup(nothing_of_a_removed_file_stays, new_chip),
        cmocka_unit_test_setup(an_empty_file_is_none, new_chip),
        cmocka_unit_test_setup(damage_is_told_and_can_be_removed, new_chip),
        cmocka_unit_test_setup(a_power_cut_leaves_the_old_file_or_the_new_one, new_chip),
        cmocka_unit_test_setup(a_power_cut_leaves_the_file_or_removes_it, new_chip),
        cmocka_unit_test_setup(a_removal_that_lost_its_power_can_be_done_again, new_chip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

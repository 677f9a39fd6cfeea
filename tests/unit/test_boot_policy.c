/* The boot policy (boot/policy.h): each row of the table, alone and with every set of valid images.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/policy.h"
#include "image/boot_record.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/boot_world.h"

/* The rows as a user reads them, T(rial) L(atest) P(revious) F(actory); T is in place C, L in A, P
 * in B. */
static const char *const rows[SAFE_BOOT_CHOICES] = {
    [SAFE_BOOT_NONE] = "TLPF",
    [SAFE_BOOT_LATEST] = "LPF",
    [SAFE_BOOT_PREVIOUS] = "PFL",
    [SAFE_BOOT_FACTORY] = "FPL",
};

static void assert_row(enum safe_boot_choice choice)
{
    const enum boot_candidate *row = boot_policy(choice);
    for (size_t i = 0; i < BOOT_CANDIDATES; i++) {
        char letter = "-TLPF"[row[i]];
        assert_int_equal(letter, i < strlen(rows[choice]) ? rows[choice][i] : '-');
    }
}

static void normal_boot_tries_the_update_that_waits_and_else_runs_the_latest(void **state)
{
    assert_row(SAFE_BOOT_NONE);
}

static void the_first_window_is_the_confirmed_latest(void **state)
{
    assert_row(SAFE_BOOT_LATEST);
}

static void the_second_window_is_the_previous(void **state)
{
    assert_row(SAFE_BOOT_PREVIOUS);
}

static void the_last_window_is_the_factory_firmware(void **state)
{
    assert_row(SAFE_BOOT_FACTORY);
}

static enum hal_boot_slot place_of(char letter)
{
    return letter == 'T'   ? HAL_BOOT_SLOT_C
           : letter == 'L' ? HAL_BOOT_SLOT_A
           : letter == 'P' ? HAL_BOOT_SLOT_B
                           : HAL_BOOT_FACTORY;
}

/* Those in `recorded` have a place, those in `valid` a valid image there; the factory firmware
 * always has its place. */
static void assert_boot(enum safe_boot_choice choice, unsigned recorded, unsigned valid)
{
    static const char letters[] = "TLPF";
    boot_world_reset();
    struct boot_record record = {0};
    record.trial = recorded & 1 ? place_of('T') : 0;
    record.latest = recorded & 2 ? place_of('L') : 0;
    record.previous = recorded & 4 ? place_of('P') : 0;
    assert_int_equal(boot_record_write(&record), 0);
    for (unsigned i = 0; i < 4; i++) {
        boot_world_put(place_of(letters[i]));
        if (!(valid >> i & 1)) {
            boot_world_damage(place_of(letters[i]));
        }
    }

    char expected = 0, wanted = 0;
    for (const char *next = rows[choice]; *next && !expected; next++) {
        unsigned bit = 1u << (strchr(letters, *next) - letters);
        if (*next != 'F' && !(recorded & bit)) {
            continue;
        }
        if (!wanted && (*next != 'T' || valid & bit)) {
            wanted = *next;
        }
        if (valid & bit) {
            expected = *next;
        }
    }
    struct boot_selection selection;
    assert_int_equal(boot_world_boot(choice, &selection), expected != 0);
    if (!expected) {
        return;
    }
    const struct boot_note *note = &selection.note;
    assert_int_equal(note->slot, place_of(expected));
    assert_string_equal(boot_role_name(note->role), expected == 'P'   ? "previous"
                                                    : expected == 'F' ? "factory"
                                                                      : "latest");
    assert_string_equal(boot_role_name(note->wanted), wanted == 'P'   ? "previous"
                                                      : wanted == 'F' ? "factory"
                                                                      : "latest");
    assert_int_equal(note->trial, expected == 'T');
    assert_int_equal(note->safe, choice != SAFE_BOOT_NONE);
    bool fell_back = wanted != expected;
    assert_int_equal(strstr(boot_world.notices, "runs instead") != NULL, fell_back);
}

static void with_every_set_of_images_the_first_valid_one_of_the_row_runs(void **state)
{
    for (int choice = SAFE_BOOT_NONE; choice < SAFE_BOOT_CHOICES; choice++) {
        for (unsigned recorded = 0; recorded < 8; recorded++) {
            for (unsigned valid = 0; valid < 16; valid++) {
                assert_boot((enum safe_boot_choice)choice, recorded, valid);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_boot_tries_the_update_that_waits_and_else_runs_the_latest),
        cmocka_unit_test(the_first_window_is_the_confirmed_latest),
        cmocka_unit_test(the_second_window_is_the_previous),
        cmocka_unit_test(the_last_window_is_the_factory_firmware),
        cmocka_unit_test(with_every_set_of_images_the_first_valid_one_of_the_row_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

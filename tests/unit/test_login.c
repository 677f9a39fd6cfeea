/* Who may log in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hal/flash.h"
#include "hal/random.h"
#include "hal/result.h"
#include "lib/flash_map.h"
#include "net/login/login.h"
#include "net/login/pbkdf2.h"
#include "tests/powerloss/ram_chip.h"

#define SECOND 1000000u

static uint64_t now_us; /* link time */
static uint64_t refuse_us;

void hal_random(void *data, size_t size)
{
    static uint8_t next;
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)data)[i] = next += 37;
    }
}

static bool try(const char *user, const char *password)
{
    return login_try(user, password, now_us, &refuse_us);
}

/* How long a wrong try keeps its client waiting. */
static uint64_t delay_of_a_failure(void)
{
    assert_false(try("micro", "guess"));
    return refuse_us - now_us;
}

static int new_board(void **state)
{
    ram_chip_reset();
    now_us = 5 * SECOND;
    assert_int_equal(login_init(false), LOGIN_OK);
    return 0;
}

static void reset(void)
{
    assert_int_equal(login_init(false), LOGIN_OK);
}

static void test_factory_credentials(void **state)
{
    assert_true(try("micro", "python"));
    assert_non_null(login_notice());
}

static void test_anything_else_is_refused(void **state)
{
    static const char *const wrong[][2] = {
        {"", ""},
        {"micro", ""},
        {"", "python"},
        {"micro", "pytho"},
        {"micro", "pythonn"},
        {"micr", "python"},
        {"microo", "python"},
        {"Micro", "python"},
        {"micro", "Python"},
        {"python", "micro"},
        {"micro ", "python"},
        {"micro", " python"},
        {"micropython", ""},
        {"micro", "micro"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(try(wrong[i][0], wrong[i][1]));
    }
}

static void test_long_texts(void **state)
{
    char text[300];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_false(try(text, text));
    memcpy(text, "micro", 5);
    assert_false(try(text, "python"));
    assert_false(try("micro", text));
}

static void test_other_credentials(void **state)
{
    char longest[LOGIN_TEXT_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[LOGIN_TEXT_MAX + 1] = '\0';
    assert_int_equal(login_set(longest, "secret", false), LOGIN_INVALID);
    assert_int_equal(login_set("anna", longest, false), LOGIN_INVALID);
    assert_int_equal(login_set("", "secret", false), LOGIN_INVALID);
    assert_int_equal(login_set("anna", "", true), LOGIN_INVALID);
    assert_int_equal(login_set("an\rna", "secret", false), LOGIN_INVALID);
    assert_int_equal(login_set("anna", "not \xff UTF-8", false), LOGIN_INVALID);
    assert_true(try("micro", "python")); /* nothing of these counted */

    longest[LOGIN_TEXT_MAX] = '\0';
    assert_int_equal(login_set(longest, "\xc5\xbelu\xc5\xa5", false), LOGIN_OK);
    assert_true(try(longest, "\xc5\xbelu\xc5\xa5"));
    assert_false(try("micro", "python"));
    assert_null(login_notice());
    reset();
    assert_true(try("micro", "python"));
}

static void test_saved_credentials(void **state)
{
    assert_int_equal(login_set("anna", "secret", true), LOGIN_OK);
    assert_true(try("anna", "secret"));
    reset();
    assert_null(login_notice());
    assert_false(try("micro", "python"));
    assert_false(try("anna", "Secret"));
    for (int i = 0; i < 2; i++) { /* the second time it is checked in another way */
        assert_true(try("anna", "secret"));
        assert_false(try("anna", "Secret"));
        assert_false(try("Anna", "secret"));
    }
    /* another one, not saved, lasts until the next reset */
    assert_int_equal(login_set("bert", "other", false), LOGIN_OK);
    assert_false(try("anna", "secret"));
    assert_true(try("bert", "other"));
    reset();
    assert_true(try("anna", "secret"));
    /* back to the factory's */
    assert_int_equal(login_set("micro", "python", true), LOGIN_OK);
    assert_non_null(login_notice());
    reset();
    assert_true(try("micro", "python"));
    assert_false(try("anna", "secret"));
}

static void test_password_is_not_in_flash(void **state)
{
    assert_int_equal(login_set("anna", "correct horse", true), LOGIN_OK);
    static char chip[FLASH_CONFIG_SIZE];
    assert_int_equal(hal_flash_read(FLASH_CONFIG_ADDRESS, chip, sizeof chip), HAL_OK);
    assert_non_null(memmem(chip, sizeof chip, "anna", 4));
    assert_null(memmem(chip, sizeof chip, "correct", 7));
}

static void test_safe_boot_uses_the_factory_login(void **state)
{
    assert_int_equal(login_set("anna", "secret", true), LOGIN_OK);
    assert_int_equal(login_init(true), LOGIN_OK);
    assert_true(try("micro", "python"));
    assert_false(try("anna", "secret"));
    reset();
    assert_true(try("anna", "secret")); /* the safe boot has changed nothing */
}

static void test_saving_the_same_again_wears_nothing(void **state)
{
    assert_int_equal(login_set("micro", "python", true), LOGIN_OK);
    assert_int_equal(ram_chip.commands, 0); /* it is the factory's anyway */
    assert_int_equal(login_set("anna", "secret", true), LOGIN_OK);
    reset();
    uint32_t commands = (uint32_t)ram_chip.commands;
    assert_int_equal(login_set("anna", "secret", true), LOGIN_OK);
    assert_int_equal(ram_chip.commands, commands);
    assert_int_equal(login_set("anna", "another", true), LOGIN_OK);
    assert_true((uint32_t)ram_chip.commands > commands);
}

static void test_power_cut_leaves_the_old_or_the_new(void **state)
{
    assert_int_equal(login_set("anna", "secret", true), LOGIN_OK);
    bool lost = true;
    for (uint64_t at = 1; lost; at++) {
        ram_chip_mark();
        ram_chip.cut_at = ram_chip.commands + at;
        lost = setjmp(ram_chip.power_lost) != 0;
        if (!lost) {
            login_set("bert", "other", true);
        }
        ram_chip.cut_at = 0;
        reset();
        assert_true(try("bert", "other") || (lost && try("anna", "secret")));
        ram_chip_wind_back();
    }
}

static void test_failing_chip_changes_nothing(void **state)
{
    ram_chip.fails = true;
    assert_int_equal(login_set("anna", "secret", true), LOGIN_NOT_SAVED);
    assert_true(try("micro", "python"));
    assert_false(try("anna", "secret"));
}

static void test_damaged_configuration_opens_to_nobody(void **state)
{
    assert_int_equal(login_set("anna", "secret", true), LOGIN_OK);
    for (uint32_t copy = 0; copy < 2; copy++) {
        ram_chip_damage(FLASH_CONFIG_ADDRESS + copy * FLASH_SECTOR_SIZE + 40, 0);
    }
    assert_int_equal(login_init(false), LOGIN_DAMAGED);
    assert_false(try("micro", "python"));
    assert_false(try("anna", "secret"));
    assert_false(try("", ""));
    assert_string_equal(login_user(), "");
    assert_null(login_notice());
    assert_int_equal(login_init(true), LOGIN_DAMAGED); /* safe boot */
    assert_true(try("micro", "python"));
    assert_int_equal(login_init(false), LOGIN_DAMAGED);
    assert_int_equal(login_set("anna", "secret", true), LOGIN_OK);
    assert_true(try("anna", "secret"));
    assert_string_equal(login_user(), "anna");
    reset();
    assert_true(try("anna", "secret"));
}

/* ---- failures */

static void test_refusals_come_later_and_later(void **state)
{
    static const uint32_t ms[] = {250, 500, 1000, 2000, 4000, 4000, 4000};
    for (size_t i = 0; i < sizeof ms / sizeof ms[0]; i++) {
        assert_int_equal(delay_of_a_failure(), ms[i] * 1000);
        assert_true(try("micro", "python")); /* at once, and it changes nothing for who guesses */
    }
}

static void test_failures_are_forgotten(void **state)
{
    for (int i = 0; i < 4; i++) {
        delay_of_a_failure();
    }
    now_us += LOGIN_FORGET_US;
    assert_int_equal(delay_of_a_failure(), 2000000);
    now_us += 3 * LOGIN_FORGET_US - 1;
    assert_int_equal(delay_of_a_failure(), 1000000);
    now_us += 100 * LOGIN_FORGET_US;
    assert_int_equal(delay_of_a_failure(), 250000);
}

/* ---- the hash: RFC 4231, test cases 2 and 6; RFC 7914, section 11, of which the first block */

static void test_hmac(void **state)
{
    static const uint8_t jefe[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
                                   0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
                                   0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
    static const uint8_t long_key[] = {0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f,
                                       0x0d, 0x8a, 0x26, 0xaa, 0xcb, 0xf5, 0xb7, 0x7f,
                                       0x8e, 0x0b, 0xc6, 0x21, 0x37, 0x28, 0xc5, 0x14,
                                       0x05, 0x46, 0x04, 0x0f, 0x0e, 0xe3, 0x7f, 0x54};
    uint8_t out[HMAC_SIZE];
    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    assert_memory_equal(out, jefe, sizeof out);
    uint8_t key[131];
    memset(key, 0xaa, sizeof key);
    static const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    hmac_sha256(key, sizeof key, text, sizeof text - 1, out);
    assert_memory_equal(out, long_key, sizeof out);
}

static void test_pbkdf2(void **state)
{
    static const uint8_t once[] = {0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f, 0xec, 0x16, 0x91,
                                   0xc2, 0x25, 0x44, 0xb6, 0x05, 0xf9, 0x41, 0x85, 0x21, 0x6d, 0xde,
                                   0x04, 0x65, 0xe6, 0x8b, 0x9d, 0x57, 0xc2, 0x0d, 0xac, 0xbc};
    static const uint8_t often[] = {0x4d, 0xdc, 0xd8, 0xf6, 0x0b, 0x98, 0xbe, 0x21,
                                    0x83, 0x0c, 0xee, 0x5e, 0xf2, 0x27, 0x01, 0xf9,
                                    0x64, 0x1a, 0x44, 0x18, 0xd0, 0x4c, 0x04, 0x14,
                                    0xae, 0xff, 0x08, 0x87, 0x6b, 0x34, 0xab, 0x56};
    uint8_t out[HMAC_SIZE];
    pbkdf2_sha256("passwd", 6, "salt", 4, 1, out);
    assert_memory_equal(out, once, sizeof out);
    pbkdf2_sha256("Password", 8, "NaCl", 4, 80000, out);
    assert_memory_equal(out, often, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_factory_credentials, new_board),
        cmocka_unit_test_setup(test_anything_else_is_refused, new_board),
        cmocka_unit_test_setup(test_long_texts, new_board),
        cmocka_unit_test_setup(test_other_credentials, new_board),
        cmocka_unit_test_setup(test_saved_credentials, new_board),
        cmocka_unit_test_setup(test_password_is_not_in_flash, new_board),
        cmocka_unit_test_setup(test_safe_boot_uses_the_factory_login, new_board),
        cmocka_unit_test_setup(test_saving_the_same_again_wears_nothing, new_board),
        cmocka_unit_test_setup(test_power_cut_leaves_the_old_or_the_new, new_board),
        cmocka_unit_test_setup(test_failing_chip_changes_nothing, new_board),
        cmocka_unit_test_setup(test_damaged_configuration_opens_to_nobody, new_board),
        cmocka_unit_test_setup(test_refusals_come_later_and_later, new_board),
        cmocka_unit_test_setup(test_failures_are_forgotten, new_board),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_pbkdf2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

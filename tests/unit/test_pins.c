/* The pins from outside (board/pins.h), and what the MCU says of itself in text (board/text.h,
 * board/reports.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "board/pins.h"
#include "board/reports.h"
#include "board/text.h"

static void nobody_drives_then_somebody_does(void **state)
{
    struct pins pins = {0};
    assert_string_equal(pins_driver(&pins, 28), "pull-down");
    assert_true(pins_drive(&pins, 28, true));
    assert_false(pins_drive(&pins, 28, true));
    assert_int_equal(pins.levels, UINT32_C(1) << 28);
    assert_string_equal(pins_driver(&pins, 28), "external");
    assert_true(pins_drive(&pins, 28, false));
    assert_string_equal(pins_driver(&pins, 28), "external");
    assert_false(pins_release(&pins, 28));
    assert_string_equal(pins_driver(&pins, 28), "pull-down");
}

static void release_of_a_high_pin_is_a_change(void **state)
{
    struct pins pins = {0};
    pins_drive(&pins, 31, true);
    pins_drive(&pins, 0, true);
    assert_true(pins_release(&pins, 31));
    assert_int_equal(pins.levels, 1);
}

static void only_real_pins_have_names(void **state)
{
    static const char *const wrong[] = {
        "",     "GP",   "GP32", "GP99", "GP-1", "GP+1",  "GP 1",         "gp1",
        "GP01", "GP1 ", "GP1x", "28",   "G28",  "GP0x1", "GP4294967296", "GP99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(pins_number(wrong[i]), -1);
    }
    for (int pin = 0; pin < (int)PINS_COUNT; pin++) {
        char name[8];
        snprintf(name, sizeof name, "GP%d", pin);
        assert_int_equal(pins_number(name), pin);
    }
}

static void assert_clean(const char *text, size_t size, size_t room, const char *expected)
{
    char out[64];
    memset(out, 'x', sizeof out);
    text_clean(out, room, text, size);
    assert_string_equal(out, expected);
    assert_int_equal(out[room], 'x');
}

static void text_becomes_fit_to_print(void **state)
{
    assert_clean("plain", 5, 32, "plain");
    assert_clean("plain", 3, 32, "pla");
    assert_clean("a\0b", 3, 32, "a");
    assert_clean("\x1b[31m\n\x7f", 7, 32, "?[31m??");
    assert_clean("M\xc3\xbcll \xe2\x82\xac \xf0\x9f\x90\x8d", 15, 32,
                 "M\xc3\xbcll \xe2\x82\xac \xf0\x9f\x90\x8d");
    assert_clean("\xc0\x80 \xed\xa0\x80 \xf5\x80\x80\x80 \xc2\x9b", 14, 32, "?? ??? ???? ??");
    assert_clean("\xe2\x82", 2, 32, "??");      /* cut off at the end */
    assert_clean("ab\xe2\x82\xac", 5, 5, "ab"); /* no half characters */
    assert_clean("abcd", 4, 1, "");
}

static void notices_are_kept_up_to_a_limit(void **state)
{
    static struct reports reports;
    reports_clear(&reports);
    assert_null(reports_notice(&reports, 0));
    for (unsigned i = 0; i < REPORTS_NOTICES + 2; i++) {
        char text[16];
        snprintf(text, sizeof text, "notice %u", i);
        reports_set(&reports, HAL_REPORT_NOTICE, text, strlen(text));
    }
    assert_string_equal(reports_notice(&reports, 0), "notice 2");
    assert_string_equal(reports_notice(&reports, REPORTS_NOTICES - 1), "notice 17");
    assert_null(reports_notice(&reports, REPORTS_NOTICES));
    reports_clear(&reports);
    assert_null(reports_notice(&reports, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_drives_then_somebody_does),
        cmocka_unit_test(release_of_a_high_pin_is_a_change),
        cmocka_unit_test(only_real_pins_have_names),
        cmocka_unit_test(text_becomes_fit_to_print),
        cmocka_unit_test(notices_are_kept_up_to_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

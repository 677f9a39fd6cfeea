/* Who may log in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/login/login.h"

static void test_factory_credentials(void **state)
{
    assert_true(login_check("micro", "python"));
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
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(login_check(wrong[i][0], wrong[i][1]));
}

static void test_longest_texts(void **state)
{
    char text[LOGIN_TEXT_MAX + 1];
    memset(text, 'x', LOGIN_TEXT_MAX);
    text[LOGIN_TEXT_MAX] = '\0';
    assert_false(login_check(text, text));
    memcpy(text, "micro", 5);
    assert_false(login_check(text, "python"));
}

static void test_other_credentials(void **state)
{
    char longest[LOGIN_TEXT_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[LOGIN_TEXT_MAX + 1] = '\0';
    assert_false(login_set(longest, "secret"));
    assert_false(login_set("anna", longest));
    assert_false(login_set("", "secret"));
    assert_false(login_set("anna", ""));
    assert_false(login_set("an\rna", "secret"));
    assert_true(login_check("micro", "python")); /* nothing of these counted */

    longest[LOGIN_TEXT_MAX] = '\0';
    assert_true(login_set("anna", longest));
    assert_true(login_check("anna", longest));
    assert_false(login_check("micro", "python"));
    assert_true(login_set("micro", "python"));
    assert_true(login_check("micro", "python"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_factory_credentials),
        cmocka_unit_test(test_anything_else_is_refused),
        cmocka_unit_test(test_longest_texts),
        cmocka_unit_test(test_other_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

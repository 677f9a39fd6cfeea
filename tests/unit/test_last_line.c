/* The line that a telnet client is shown when it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/telnet/last_line.h"

static struct last_line line;

static int start(void **state)
{
    memset(&line, 0, sizeof line);
    return 0;
}

static void print(const char *text)
{
    last_line_print(&line, text, strlen(text));
}

static void assert_line(const char *text)
{
    assert_int_equal(line.size, strlen(text));
    assert_memory_equal(line.text, text, line.size);
}

static void test_prompt_with_what_was_typed(void **state)
{
    print("Hello\r\n>>> ");
    assert_line(">>> ");
    print("pri");
    print("nt(");
    assert_line(">>> print(");
    print("1)\r\n1\r\n>>> ");
    assert_line(">>> ");
    print("x\n");
    assert_line("");
}

static void test_of_a_long_line_its_end(void **state)
{
    for (unsigned i = 0; i < 2 * LAST_LINE_MAX; i++)
        print("ab");
    assert_int_equal(line.size, LAST_LINE_MAX);
    assert_memory_equal(line.text + line.size - 4, "abab", 4);
    static char all[3 * LAST_LINE_MAX];
    memset(all, 'z', sizeof all);
    last_line_print(&line, all, sizeof all);
    assert_int_equal(line.size, LAST_LINE_MAX);
    assert_int_equal(line.text[0], 'z');
}

static void test_cut_between_characters(void **state)
{
    print("x");
    for (unsigned i = 0; i < LAST_LINE_MAX; i++)
        print("\xe2\x82\xac");
    assert_true(line.size <= LAST_LINE_MAX);
    assert_int_equal((unsigned char)line.text[0], 0xe2);
}

static void test_random_pieces(void **state)
{
    srand(3);
    for (int i = 0; i < 20000; i++) {
        char piece[700];
        size_t size = (size_t)rand() % sizeof piece;
        memset(piece, rand() % 3 ? 'p' : (char)0xa0, size);
        if (size > 0 && rand() % 8 == 0)
            piece[(size_t)rand() % size] = '\n';
        last_line_print(&line, piece, size);
        assert_true(line.size <= LAST_LINE_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_prompt_with_what_was_typed, start),
        cmocka_unit_test_setup(test_of_a_long_line_its_end, start),
        cmocka_unit_test_setup(test_cut_between_characters, start),
        cmocka_unit_test_setup(test_random_pieces, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The parts of the FTP session: command lines, paths, listings, dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/ftp/ftp_command.h"
#include "net/ftp/ftp_facts.h"
#include "net/ftp/ftp_list.h"
#include "net/ftp/ftp_path.h"
#include "net/ftp/ftp_time.h"
#include "net/ftp/ftp_words.h"

/* ---- command lines */

/* Feed `size` bytes, `step` at a time; the lines come out as "VERB|argument\n", too long ones as
 * "!\n". */
static const char *lines_of(const char *data, size_t size, size_t step)
{
    static char out[4096];
    struct ftp_command command;
    ftp_command_init(&command);
    out[0] = '\0';
    for (size_t at = 0; at < size;) {
        size_t part = size - at < step ? size - at : step;
        enum ftp_command_event event;
        size_t taken = ftp_command_feed(&command, (const uint8_t *)data + at, part, &event);
        assert_true(taken <= part);
        assert_true(taken > 0);
        at += taken;
        if (event == FTP_COMMAND_LINE) {
            strcat(strcat(strcat(strcat(out, command.verb), "|"), command.argument), "\n");
        } else if (event == FTP_COMMAND_TOO_LONG) {
            strcat(out, "!\n");
        }
    }
    return out;
}

#define assert_lines(data, expected)                                                               \
    do {                                                                                           \
        for (size_t step = 1; step <= sizeof(data); step++) {                                      \
            assert_string_equal(lines_of(data, sizeof(data) - 1, step), expected);                 \
        }                                                                                          \
    } while (0)

static void test_lines(void **state)
{
    assert_lines("USER micro\r\n", "USER|micro\n");
    assert_lines("user micro\r\nPass x y\nPWD\r\n", "USER|micro\nPASS|x y\nPWD|\n");
    assert_lines("CWD  two spaces \r\n", "CWD| two spaces \n");
    assert_lines("\r\n\n", "|\n|\n");
    assert_lines("LONGVERB x\r\n12 x\r\n", "|x\n|x\n");
    assert_lines("RETR \xc3\xa4.py\r\n", "RETR|\xc3\xa4.py\n");
    assert_lines("RETR a\0b\r\n", "RETR|a\x01"
                                  "b\n");
}

static void test_telnet_sequences_are_skipped(void **state)
{
    assert_lines("\xff\xf4\xff\xf2"
                 "ABOR\r\n",
                 "ABOR|\n");
    assert_lines("\xff\xf4\xff"
                 "ABOR\r\n", /* the urgent byte of DM was lost on the way */
                 "ABOR|\n");
    assert_lines("\xff\xfb\x01NO\xff\xfd\x03OP\r\n", "NOOP|\n");
    assert_lines("NO\xff\xfa\x1f\n\xff\xff\n\xff\xf0OP\r\n", "NOOP|\n");
    assert_lines("RETR \xff\xff\r\n", "RETR|\xff\n");
}

static void test_what_is_no_telnet_is_not_skipped(void **state)
{
    assert_lines("MKD a\xff"
                 "b\r\n",
                 "MKD|a\xff"
                 "b\n");
    assert_lines("MKD a\xff\r\nPWD\r\n", "MKD|a\xff\nPWD|\n");
    assert_lines("MKD a\xff\xfa"
                 "b\nc\rd\r\nPWD\r\n", /* a subnegotiation that does not end */
                 "MKD|a\xff\nPWD|\n");
}

static void test_line_too_long(void **state)
{
    static char big[100000 + 8];
    memset(big, 'A', 100000);
    memcpy(big + 100000, "\r\nPWD\r\n", 7);
    assert_string_equal(lines_of(big, 100007, 1460), "!\nPWD|\n");

    char edge[FTP_COMMAND_MAX + 3];
    memset(edge, 'A', sizeof edge);
    edge[FTP_COMMAND_MAX] = '\n';
    assert_string_not_equal(lines_of(edge, FTP_COMMAND_MAX + 1, 7), "!\n");
    edge[FTP_COMMAND_MAX] = 'A';
    edge[FTP_COMMAND_MAX + 1] = '\n';
    assert_string_equal(lines_of(edge, FTP_COMMAND_MAX + 2, 7), "!\n");
}

/* ---- paths */

static void assert_path(const char *directory, const char *name, const char *expected)
{
    char path[STORAGE_PATH_MAX];
    assert_int_equal(ftp_path_resolve(path, directory, name), STORAGE_OK);
    assert_string_equal(path, expected);
}

static void test_paths(void **state)
{
    assert_path("/", "", "/");
    assert_path("/flash", "", "/flash");
    assert_path("/", "flash", "/flash");
    assert_path("/flash", "a.py", "/flash/a.py");
    assert_path("/flash", "/sd/a.py", "/sd/a.py");
    assert_path("/flash/lib", "..", "/flash");
    assert_path("/flash", "..", "/");
    assert_path("/", "../..", "/");
    assert_path("/flash", "a/../../..//./b/", "/b");
    assert_path("/", "//flash///lib//", "/flash/lib");
    assert_path("/flash", "./-x", "/flash/-x");
    assert_path("/flash", "...", "/flash/...");
    assert_path("/flash", " a  b ", "/flash/ a  b ");
    assert_path("/flash", "\xc3\xa4\xe2\x82\xac", "/flash/\xc3\xa4\xe2\x82\xac");
}

static void test_paths_that_cannot_be(void **state)
{
    char path[STORAGE_PATH_MAX];
    assert_int_equal(ftp_path_resolve(path, "/", "a\tb"), FTP_FILES_NO_TEXT);
    assert_int_equal(ftp_path_resolve(path, "/", "a\x7f"), FTP_FILES_NO_TEXT);
    assert_int_equal(ftp_path_resolve(path, "/", "a/\xe2\x82/b"), FTP_FILES_NO_TEXT);

    char name[700];
    memset(name, 'a', sizeof name);
    name[STORAGE_NAME_MAX + 1] = '\0';
    assert_int_equal(ftp_path_resolve(path, "/", name), STORAGE_NAME_TOO_LONG);
    name[STORAGE_NAME_MAX] = '\0';
    assert_int_equal(ftp_path_resolve(path, "/", name), STORAGE_OK);

    memset(name, 'a', sizeof name);
    for (size_t i = 0; i < sizeof name; i += 100) {
        name[i] = '/';
    }
    name[STORAGE_PATH_MAX] = '\0'; /* one byte too long, with its NUL */
    assert_int_equal(ftp_path_resolve(path, "/", name), STORAGE_NAME_TOO_LONG);
    name[STORAGE_PATH_MAX - 1] = '\0';
    assert_int_equal(ftp_path_resolve(path, "/", name), STORAGE_OK);
    assert_int_equal(strlen(path), STORAGE_PATH_MAX - 1);
}

/* ---- listings */

static void assert_line(const char *name, struct storage_stat stat, uint32_t now,
                        const char *expected)
{
    char line[FTP_LIST_LINE_MAX + 1];
    struct text out = {.data = line, .size = FTP_LIST_LINE_MAX};
    ftp_list_line(&out, name, &stat, now);
    line[out.length] = '\0';
    assert_string_equal(line, expected);
}

static void test_list_lines(void **state)
{
    const uint32_t now = 1795358400; /* 2026-11-22 15:20:00 */
    assert_line("main.py", (struct storage_stat){.size = 34, .mtime = now - 60}, now,
                "-rw-r--r-- 1 wipy wipy         34 Nov 22 14:39 main.py\r\n");
    assert_line("a b\xc3\xa4", (struct storage_stat){.size = 4294967295u, .mtime = 1440000000}, now,
                "-rw-r--r-- 1 wipy wipy 4294967295 Aug 19  2015 a b\xc3\xa4\r\n");
    assert_line("lib", (struct storage_stat){.is_dir = true, .mtime = 0}, now,
                "drwxr-xr-x 2 wipy wipy          0 Jan  1  1970 lib\r\n");
    assert_line("soon", (struct storage_stat){.mtime = now + 1}, now,
                "-rw-r--r-- 1 wipy wipy          0 Nov 22  2026 soon\r\n");
    assert_line("kept", (struct storage_stat){.read_only = true, .mtime = now + 1}, now,
                "-r--r--r-- 1 wipy wipy          0 Nov 22  2026 kept\r\n");
}

static void test_dates(void **state)
{
    static const struct {
        uint32_t seconds;
        struct ftp_date date;
    } cases[] = {
        {0, {1970, 1, 1, 0, 0, 0}},
        {951782399, {2000, 2, 28, 23, 59, 59}},
        {951782400, {2000, 2, 29, 0, 0, 0}},
        {1078099199, {2004, 2, 29, 23, 59, 59}},
        {1798761599, {2026, 12, 31, 23, 59, 59}},
        {4107542399u, {2100, 2, 28, 23, 59, 59}},
        {4107542400u, {2100, 3, 1, 0, 0, 0}},
        {4294967295u, {2106, 2, 7, 6, 28, 15}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ftp_date date = ftp_date(cases[i].seconds);
        assert_int_equal(date.year, cases[i].date.year);
        assert_int_equal(date.month, cases[i].date.month);
        assert_int_equal(date.day, cases[i].date.day);
        assert_int_equal(date.hour, cases[i].date.hour);
        assert_int_equal(date.minute, cases[i].date.minute);
        assert_int_equal(date.second, cases[i].date.second);
    }
}

static void assert_time(const char *text, size_t size, uint32_t expected)
{
    uint32_t seconds = 0;
    assert_int_equal(ftp_time_read(text, &seconds), size);
    if (size > 0) {
        assert_int_equal(seconds, expected);
    }
}

static void test_time_stamps(void **state)
{
    assert_time("19700101000000", 14, 0);
    assert_time("20150819160000", 14, 1440000000);
    assert_time("20150819160000.123 x", 18, 1440000000);
    assert_time("20150819160000. x", 14, 1440000000);
    assert_time("201508191600 name", 12, 1440000000);
    assert_time("20240229235960", 14, 1709251200);
    assert_time("21060207062815", 14, 4294967295u);
    static const char *const wrong[] = {"",
                                        "x",
                                        "2015081916000",
                                        "201508191600001",
                                        "19691231235959",
                                        "21060207062816",
                                        "20150229000000",
                                        "20151301000000",
                                        "20150001000000",
                                        "20150100000000",
                                        "20150101240000",
                                        "20150101006000",
                                        "99999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_time(wrong[i], 0, 0);
    }
    /* There and back. */
    for (uint64_t seconds = 0; seconds <= UINT32_MAX; seconds += 7777777) {
        char stamp[15] = "";
        struct text out = {.data = stamp, .size = 14};
        ftp_time_put(&out, (uint32_t)seconds);
        assert_time(stamp, 14, (uint32_t)seconds);
    }
}

static void assert_facts(unsigned facts, const char *type, enum ftp_place place,
                         struct storage_stat stat, const char *expected)
{
    char line[200];
    struct text out = {.data = line, .size = sizeof line - 1};
    ftp_facts_put(&out, facts, type, place, &stat);
    line[out.length] = '\0';
    assert_string_equal(line, expected);
}

static void test_facts(void **state)
{
    const struct storage_stat file = {.size = 34, .mtime = 1440000000};
    const struct storage_stat dir = {.is_dir = true, .mtime = 1440000000};
    assert_facts(FTP_FACTS_ALL, "file", FTP_PLACE_INSIDE, file,
                 "type=file;size=34;modify=20150819160000;perm=adfrw;UNIX.mode=0644; ");
    assert_facts(FTP_FACTS_ALL, "dir", FTP_PLACE_INSIDE, dir,
                 "type=dir;modify=20150819160000;perm=cdeflmp;UNIX.mode=0755; ");
    assert_facts(FTP_FACTS_ALL, "dir", FTP_PLACE_VOLUME, (struct storage_stat){.is_dir = true},
                 "type=dir;perm=celmp;UNIX.mode=0755; ");
    assert_facts(FTP_FACTS_ALL, "dir", FTP_PLACE_FIXED, (struct storage_stat){.is_dir = true},
                 "type=dir;perm=celp;UNIX.mode=0755; ");
    assert_facts(FTP_FACTS_ALL, "cdir", FTP_PLACE_ROOT, (struct storage_stat){.is_dir = true},
                 "type=cdir;perm=el;UNIX.mode=0755; ");
    assert_facts(FTP_FACT_PERM | FTP_FACT_MODE, "file", FTP_PLACE_INSIDE,
                 (struct storage_stat){.read_only = true}, "perm=r;UNIX.mode=0444; ");
    assert_facts(0, "file", FTP_PLACE_INSIDE, file, " ");
    assert_int_equal(ftp_facts_read("Type;SIZE;"), FTP_FACT_TYPE | FTP_FACT_SIZE);
    assert_int_equal(ftp_facts_read("modify;UNIX.mode;unique;perm"),
                     FTP_FACT_MODIFY | FTP_FACT_PERM | FTP_FACT_MODE);
    assert_int_equal(ftp_facts_read(";;typ;types;"), 0);
    assert_int_equal(ftp_place("/"), FTP_PLACE_ROOT);
    assert_int_equal(ftp_place("/flash"), FTP_PLACE_VOLUME);
    assert_int_equal(ftp_place("/flash/a"), FTP_PLACE_INSIDE);
}

static void test_words(void **state)
{
    assert_true(ftp_words_is("utf8 On", "UTF8 ON"));
    assert_false(ftp_words_is("UTF8", "UTF8 ON"));
    assert_false(ftp_words_is("UTF8 ONE", "UTF8 ON"));
    assert_string_equal(ftp_words_after("chmod 644 a b", "CHMOD"), "644 a b");
    assert_string_equal(ftp_words_after("HELP", "HELP"), "");
    assert_null(ftp_words_after("HELPME x", "HELP"));
    uint64_t number;
    const char *text = "255,";
    assert_true(ftp_words_number(&text, 255, &number));
    assert_int_equal(number, 255);
    assert_string_equal(text, ",");
    text = "256";
    assert_false(ftp_words_number(&text, 255, &number));
    text = "-1";
    assert_false(ftp_words_number(&text, 255, &number));
    text = "9223372036854775807";
    assert_true(ftp_words_number(&text, INT64_MAX, &number));
    text = "99999999999999999999999999999999999999999";
    assert_false(ftp_words_number(&text, INT64_MAX, &number));
}

static void test_options(void **state)
{
    assert_string_equal(ftp_list_skip_options("-a"), "");
    assert_string_equal(ftp_list_skip_options("-la"), "");
    assert_string_equal(ftp_list_skip_options("-a -l  my dir"), "my dir");
    assert_string_equal(ftp_list_skip_options("./-x"), "./-x");
    assert_string_equal(ftp_list_skip_options("lib -a"), "lib -a");
}

static void test_patterns(void **state)
{
    assert_true(ftp_list_match("*", "a"));
    assert_false(ftp_list_match("*", ".a"));
    assert_true(ftp_list_match(".*", ".a"));
    assert_true(ftp_list_match("*.py", "a.b.py"));
    assert_false(ftp_list_match("*.py", "a.pyc"));
    assert_true(ftp_list_match("a*b*c", "aXbYbc"));
    assert_false(ftp_list_match("a*b*c", "aXbYb"));
    assert_true(ftp_list_match("?a", "ba"));
    assert_false(ftp_list_match("?", ""));
    assert_true(ftp_list_match("a*", "a"));

    /* No more than quadratic time, whatever the pattern. */
    char name[STORAGE_NAME_MAX + 1];
    memset(name, 'a', STORAGE_NAME_MAX);
    name[STORAGE_NAME_MAX] = '\0';
    assert_false(ftp_list_match("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_telnet_sequences_are_skipped),
        cmocka_unit_test(test_what_is_no_telnet_is_not_skipped),
        cmocka_unit_test(test_line_too_long),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_paths_that_cannot_be),
        cmocka_unit_test(test_list_lines),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_time_stamps),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

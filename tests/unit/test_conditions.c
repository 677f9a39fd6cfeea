/* The conditions of the air: settings, and their file (board/air/conditions.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/air/conditions.h"
#include "tests/unit/test_place.h"

static struct air_conditions conditions;
static char error[400];

static int set(const char *setting)
{
    error[0] = '\0';
    return air_conditions_parse(&conditions, setting, error, sizeof error);
}

static int clear(void **state)
{
    memset(&conditions, 0, sizeof conditions);
    unlinkat(place.dir_fd, CONDITIONS_FILE, 0);
    return 0;
}

static void settings_set(void **state)
{
    static const uint8_t mac[6] = {0xd4, 0xf5, 0x13, 0x5e, 0, 1}, other[6] = {2, 0, 0, 0, 0, 1};
    assert_int_equal(set("loss=1.5%"), 0);
    assert_true(conditions.loss > 0.0149 && conditions.loss < 0.0151);
    assert_int_equal(set("loss=100%"), 0);
    assert_true(conditions.loss == 1);
    assert_int_equal(set("loss=0"), 0);
    assert_true(conditions.loss == 0);
    assert_int_equal(set("delay=20ms"), 0);
    assert_int_equal(set("jitter=5ms"), 0);
    assert_int_equal(conditions.delay_ms, 20);
    assert_int_equal(conditions.jitter_ms, 5);
    assert_int_equal(set("delay=3ms"), 0);
    assert_int_equal(conditions.jitter_ms, 3); /* never more than the delay */
    assert_int_equal(set("rate=1000kbps"), 0);
    assert_int_equal(conditions.rate_kbps, 1000);
    assert_int_equal(set("cut=d4:f5:13:5E:00:01"), 0);
    assert_int_equal(set("cut=d4:f5:13:5e:00:01"), 0);
    assert_int_equal(conditions.cut_count, 1);
    assert_true(air_conditions_is_cut(&conditions, mac));
    assert_false(air_conditions_is_cut(&conditions, other));
    assert_int_equal(set("restore=02:00:00:00:00:01"), 0);
    assert_int_equal(set("restore=d4:f5:13:5e:00:01"), 0);
    assert_false(air_conditions_is_cut(&conditions, mac));
    assert_int_equal(set("clear"), 0);
    struct air_conditions none = {0};
    assert_memory_equal(&conditions, &none, sizeof none);
}

static void nonsense_is_refused_in_words(void **state)
{
    static const char *const wrong[] = {"",
                                        "loss",
                                        "loss=",
                                        "loss=101%",
                                        "loss=-1%",
                                        "loss=1",
                                        "loss=x%",
                                        "loss=1 %",
                                        "loss=nan%",
                                        "loss=0x1%",
                                        "loss=1.1.1%",
                                        "delay=10001ms",
                                        "delay=20",
                                        "delay=20s",
                                        "jitter=1ms",
                                        "rate=1Mbps",
                                        "rate=-1kbps",
                                        "rate=1e9kbps",
                                        "cut=",
                                        "cut=d4:f5:13:5e:00",
                                        "cut=ff:ff:ff:ff:ff:ff",
                                        "cut=d4:f5:13:5e:00:011",
                                        "restore=",
                                        "speed=1",
                                        "clear=1",
                                        "los=1%",
                                        "losss=1%",
                                        "=1%",
                                        "cut= d4:f5:13:5e:00:01"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct air_conditions before = conditions;
        assert_int_equal(set(wrong[i]), -1);
        assert_true(strlen(error) > 10);
        assert_null(strchr(error, '\n'));
        assert_memory_equal(&conditions, &before, sizeof before);
    }
    char cut[] = "cut=02:00:00:00:00:00";
    for (int i = 0; i < CONDITIONS_CUT_MAX; i++) {
        cut[19] = "0123456789abcdef"[i / 16];
        cut[20] = "0123456789abcdef"[i % 16];
        assert_int_equal(set(cut), 0);
    }
    assert_int_equal(set("cut=02:00:00:00:01:00"), -1);
}

static void what_is_written_is_read(void **state)
{
    struct air_conditions read;
    assert_int_equal(air_conditions_read(&read, &place, error, sizeof error), 0);
    assert_memory_equal(&read, &conditions, sizeof read); /* without a file: none */
    set("loss=0.1%");
    set("delay=20ms");
    set("jitter=7ms");
    set("rate=64kbps");
    set("cut=d4:f5:13:5e:00:01");
    set("cut=02:00:00:00:00:01");
    assert_int_equal(air_conditions_write(&conditions, &place), 0);
    assert_int_equal(air_conditions_read(&read, &place, error, sizeof error), 0);
    assert_memory_equal(&read, &conditions, sizeof read);
    char name[64];
    assert_int_equal(files_in_place(name), 1);
    assert_string_equal(name, CONDITIONS_FILE);
}

static void the_longest_file_can_be_read(void **state)
{
    struct air_conditions read;
    nonsense_is_refused_in_words(state);
    assert_int_equal(air_conditions_write(&conditions, &place), 0);
    assert_int_equal(air_conditions_read(&read, &place, error, sizeof error), 0);
    assert_int_equal(read.cut_count, CONDITIONS_CUT_MAX);
}

static void a_file_without_sense_counts_as_none(void **state)
{
    static const char *const wrong[] = {"",
                                        "x",
                                        "[]",
                                        "{} {}",
                                        "{\"loss\": 2}",
                                        "{\"loss\": \"1\"}",
                                        "{\"loss\": -0.1}",
                                        "{\"delay_ms\": 10001}",
                                        "{\"delay_ms\": 1, \"jitter_ms\": 2}",
                                        "{\"rate_kbps\": -1}",
                                        "{\"cut\": 1}",
                                        "{\"cut\": [1]}",
                                        "{\"loss\": 1, \"cut\": [\"x\"]}"};
    static const struct air_conditions none;
    struct air_conditions read;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(air_place_write(&place, CONDITIONS_FILE, wrong[i]), 0);
        assert_int_equal(air_conditions_read(&read, &place, error, sizeof error), -1);
        assert_memory_equal(&read, &none, sizeof none);
        assert_non_null(strstr(error, CONDITIONS_FILE));
    }
    static char large[20000];
    memset(large, ' ', sizeof large - 1);
    assert_int_equal(air_place_write(&place, CONDITIONS_FILE, large), 0);
    assert_int_equal(air_conditions_read(&read, &place, error, sizeof error), -1);
    assert_int_equal(air_place_write(&place, CONDITIONS_FILE, "{\"delay_ms\": 5}"), 0);
    assert_int_equal(air_conditions_read(&read, &place, error, sizeof error), 0);
    assert_int_equal(read.delay_ms, 5);
}

#define TEST(name) cmocka_unit_test_setup(name, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(settings_set),
        TEST(nonsense_is_refused_in_words),
        TEST(what_is_written_is_read),
        TEST(the_longest_file_can_be_read),
        TEST(a_file_without_sense_counts_as_none),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}

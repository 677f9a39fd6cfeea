/* Stations of the access point that come and go, and what the services have with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hal/clock.h"
#include "hal/radio.h"
#include "net/stack/interface.h"
#include "net/stations.h"

static uint64_t now_us;
static uint8_t here[HAL_RADIO_STATIONS]; /* the last bytes of their MACs */
static int here_count;
static int dropped[256]; /* [i]: how often the connections of the station with MAC ...i */

uint64_t hal_clock_link_us(void)
{
    return now_us;
}

int hal_radio_ap_stations(uint8_t (*macs)[6], int max)
{
    for (int i = 0; i < here_count && i < max; i++) {
        memcpy(macs[i], ((uint8_t[]){0x02, 0, 0, 0, 0, here[i]}), 6);
    }
    return here_count;
}

void interface_drop_neighbour(const uint8_t mac[6])
{
    assert_memory_equal(mac, ((uint8_t[]){0x02, 0, 0, 0, 0}), 5);
    dropped[mac[5]]++;
}

static int start(void **state)
{
    now_us = 1000000;
    here_count = 0;
    memset(dropped, 0, sizeof dropped);
    stations_forget();
    return 0;
}

/* From now on these are there; returns whether that was news. */
static bool there_are(const char *macs)
{
    here_count = (int)strlen(macs);
    memcpy(here, macs, (size_t)here_count);
    return stations_watch();
}

static void test_who_comes_and_goes_is_news(void **state)
{
    assert_false(there_are(""));
    assert_true(there_are("a"));
    assert_false(there_are("a"));
    assert_true(there_are("ab"));
    assert_true(there_are("b"));
    assert_true(there_are("c"));
    assert_true(there_are(""));
}

static void test_who_stays_away_is_dropped_once(void **state)
{
    there_are("ab");
    assert_true(stations_due_us() == HAL_CLOCK_NEVER);
    there_are("b");
    assert_true(stations_due_us() == now_us + STATIONS_GRACE_US);
    now_us += STATIONS_GRACE_US - 1;
    assert_false(stations_watch());
    assert_int_equal(dropped['a'], 0);
    now_us++;
    assert_false(stations_watch());
    assert_int_equal(dropped['a'], 1);
    assert_int_equal(dropped['b'], 0);
    assert_true(stations_due_us() == HAL_CLOCK_NEVER);
    now_us += STATIONS_GRACE_US;
    stations_watch();
    assert_int_equal(dropped['a'], 1);
}

static void test_who_comes_back_keeps_what_it_has(void **state)
{
    there_are("a");
    for (int i = 0; i < 100; i++) {
        there_are("");
        now_us += STATIONS_GRACE_US - 1;
        there_are("a");
        assert_true(stations_due_us() == HAL_CLOCK_NEVER);
        now_us += 2;
        stations_watch();
    }
    there_are("");
    now_us += STATIONS_GRACE_US; /* back just when its grace ends */
    there_are("a");
    assert_int_equal(dropped['a'], 0);
}

static void test_each_has_a_grace_of_its_own(void **state)
{
    there_are("abc");
    there_are("bc");
    now_us += STATIONS_GRACE_US / 2;
    there_are("c");
    now_us += STATIONS_GRACE_US / 2;
    stations_watch();
    assert_int_equal(dropped['a'], 1);
    assert_int_equal(dropped['b'], 0);
    now_us = stations_due_us();
    stations_watch();
    assert_int_equal(dropped['b'], 1);
    assert_int_equal(dropped['c'], 0);
}

/* More come and go than there are places: each is dropped, the first ones sooner. */
static void test_a_crowd_that_comes_and_goes(void **state)
{
    for (int i = 1; i < 100; i++) {
        there_are((char[]){(char)i, 0});
        now_us++;
    }
    there_are("");
    assert_int_equal(dropped[1], 1);
    assert_int_equal(dropped[99], 0);
    now_us += STATIONS_GRACE_US;
    stations_watch();
    for (int i = 1; i < 100; i++) {
        assert_int_equal(dropped[i], 1);
    }
}

static void test_a_new_access_point_owes_the_old_stations_nothing(void **state)
{
    there_are("ab");
    there_are("b");
    stations_forget();
    assert_true(stations_due_us() == HAL_CLOCK_NEVER);
    assert_false(there_are(""));
    now_us += STATIONS_GRACE_US;
    stations_watch();
    assert_int_equal(dropped['a'] + dropped['b'], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_who_comes_and_goes_is_news, start),
        cmocka_unit_test_setup(test_who_stays_away_is_dropped_once, start),
        cmocka_unit_test_setup(test_who_comes_back_keeps_what_it_has, start),
        cmocka_unit_test_setup(test_each_has_a_grace_of_its_own, start),
        cmocka_unit_test_setup(test_a_crowd_that_comes_and_goes, start),
        cmocka_unit_test_setup(test_a_new_access_point_owes_the_old_stations_nothing, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

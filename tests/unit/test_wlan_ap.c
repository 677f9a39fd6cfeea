/* The WLAN's state machine as an access point. */
#include "tests/unit/wlan_world.h"

static void test_factory_settings(void **state)
{
    struct wlan_settings settings;
    wlan_get(&settings);
    assert_int_equal(settings.mode, WLAN_MODE_AP);
    assert_string_equal(radio.ap.ssid, "wipy-wlan-0ab1");
    assert_string_equal(radio.ap.key, "www.wipy.io");
    assert_int_equal(radio.ap.channel, 5);
    assert_int_equal(radio.ap.security, HAL_RADIO_WPA2);
    assert_true(net.link);
    assert_true(net.serving);
    assert_memory_equal(net.server, ((uint8_t[]){192, 168, 1, 1}), 4);
    assert_string_equal(reports[HAL_REPORT_WLAN_MODE], "ap");
    assert_string_equal(reports[HAL_REPORT_WLAN_SSID], "wipy-wlan-0ab1");
    assert_string_equal(reports[HAL_REPORT_WLAN_IP], "192.168.1.1");
}

static void test_the_same_settings_change_nothing(void **state)
{
    struct wlan_settings settings;
    struct wlan_ip ip;
    wlan_get(&settings);
    wlan_ip(&ip);
    assert_int_equal(wlan_set(&settings), 0);
    assert_int_equal(wlan_set_ip(&ip), 0);
    settings.external_antenna = true;
    assert_int_equal(wlan_set(&settings), 0);
    assert_int_equal(radio.ap_starts, 1);
    assert_int_equal(net.drops, 0);
    assert_int_equal(changes, 0);
}

static void test_other_settings_drop_the_link(void **state)
{
    struct wlan_settings settings;
    wlan_get(&settings);
    strcpy(settings.ap.ssid, "other");
    assert_int_equal(wlan_set(&settings), 0);
    assert_int_equal(radio.ap_starts, 2);
    assert_int_equal(net.drops, 1);
    assert_string_equal(radio.ap.ssid, "other");
    assert_string_equal(reports[HAL_REPORT_WLAN_SSID], "other");
}

static void test_nonsense_changes_nothing(void **state)
{
    struct wlan_settings good, bad;
    wlan_get(&good);
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        bad = good;                                                                                \
        change;                                                                                    \
        assert_int_equal(wlan_set(&bad), HAL_ERROR_RANGE);                                         \
    } while (0)
    REFUSED(bad.mode = 0);
    REFUSED(bad.mode = 3);
    REFUSED(bad.ap.ssid[0] = '\0');
    REFUSED(memset(bad.ap.ssid, 'x', sizeof bad.ap.ssid)); /* no NUL */
    REFUSED(bad.ap.channel = 0);
    REFUSED(bad.ap.channel = 12);
    REFUSED(bad.ap.security = 4);
    REFUSED(bad.ap.security = HAL_RADIO_OPEN); /* with a key */
    REFUSED(strcpy(bad.ap.key, "seven77"));
    REFUSED(memset(bad.ap.key, 'x', sizeof bad.ap.key));
    REFUSED((bad.ap.security = HAL_RADIO_WEP, strcpy(bad.ap.key, "xyzzy")));
    struct wlan_settings after;
    wlan_get(&after);
    assert_memory_equal(&after, &good, sizeof good);
    assert_int_equal(radio.ap_starts, 1);
    assert_int_equal(net.drops, 0);
}

static void test_stations_come_and_go(void **state)
{
    radio.stations = 1;
    wlan_poll();
    assert_int_equal(changes, 1);
    wlan_poll();
    assert_int_equal(changes, 1);
    radio.stations = 0;
    wlan_poll();
    assert_int_equal(changes, 2);
}

/* What becomes of the connections is in test_stations.c. */
static void test_a_grace_wakes_the_access_point(void **state)
{
    radio.stations = 1;
    wlan_poll();
    assert_false(is_waiting());
    radio.stations = 0;
    wlan_poll();
    assert_int_equal(wait_us(), STATIONS_GRACE_US);
    assert_int_equal(net.neighbour_drops, 1);
    assert_false(is_waiting());

    /* Its network is no more: neither are its stations. */
    radio.stations = 1;
    wlan_poll();
    radio.stations = 0;
    wlan_poll();
    set_mode(WLAN_MODE_STA);
    assert_false(is_waiting());
    set_mode(WLAN_MODE_AP);
    assert_false(is_waiting());
}

static void test_address_of_the_access_point(void **state)
{
    struct wlan_ip ip = {.address = {10, 1, 2, 3}, .netmask = {255, 255, 0, 0}};
    assert_int_equal(wlan_set_ip(&ip), HAL_ERROR_RANGE); /* no /24 */
    ip.netmask[2] = 255;
    ip.dhcp = true;
    assert_int_equal(wlan_set_ip(&ip), HAL_ERROR_RANGE);
    ip.dhcp = false;
    assert_int_equal(net.drops, 0);
    assert_int_equal(wlan_set_ip(&ip), 0);
    assert_int_equal(net.drops, 1);
    assert_int_equal(radio.ap_starts, 2); /* its stations shall ask for new leases */
    assert_memory_equal(net.server, ip.address, 4);
    assert_string_equal(reports[HAL_REPORT_WLAN_IP], "10.1.2.3");
}

static void test_a_radio_that_refuses_at_first(void **state)
{
    memset(&radio, 0, sizeof radio);
    memset(&net, 0, sizeof net);
    radio.refuses = true;
    assert_int_equal(wlan_init(), 0); /* no reason to stand still */
    changes = 0;
    assert_false(net.link);
    uint64_t waited_us = 0;
    for (int i = 2; i <= 20; i++) {
        uint64_t now_us = wait_us();
        assert_true(now_us >= waited_us && now_us <= WLAN_RETRY_MAX_US);
        waited_us = now_us;
        assert_int_equal(radio.ap_starts, i);
    }
    assert_int_equal(changes, 0);
    radio.refuses = false;
    wait_us();
    assert_int_equal(changes, 1);
    assert_true(radio.ap_up);
    assert_string_equal(radio.ap.ssid, "wipy-wlan-0ab1");
    assert_true(net.link);
    assert_true(net.serving);
    assert_false(is_waiting());
}

static void test_what_the_radio_refused_is_not_taken_for_done(void **state)
{
    struct wlan_settings settings;
    wlan_get(&settings);
    strcpy(settings.ap.ssid, "other");
    radio.refuses = true;
    assert_int_equal(wlan_set(&settings), HAL_ERROR_FAILED);
    assert_int_equal(wlan_set(&settings), HAL_ERROR_FAILED);
    assert_false(net.link);
    radio.refuses = false;
    assert_int_equal(wlan_set(&settings), 0);
    assert_true(radio.ap_up);
    assert_true(net.link);
    assert_int_equal(radio.ap_starts, 4);

    struct wlan_ip ip = {.address = {10, 1, 2, 3}, .netmask = {255, 255, 255, 0}};
    radio.refuses = true;
    assert_int_equal(wlan_set_ip(&ip), HAL_ERROR_FAILED);
    assert_int_equal(wlan_set_ip(&ip), HAL_ERROR_FAILED);
    radio.refuses = false;
    wait_us(); /* or by itself */
    assert_true(net.link);
    assert_memory_equal(net.server, ip.address, 4);
    assert_string_equal(reports[HAL_REPORT_WLAN_IP], "10.1.2.3");

    radio.refuses = true;
    settings.ap.channel = 11;
    assert_int_equal(wlan_set(&settings), HAL_ERROR_FAILED);
    set_mode(WLAN_MODE_STA);
    assert_false(is_waiting()); /* it wants none any more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_factory_settings, start),
        cmocka_unit_test_setup(test_the_same_settings_change_nothing, start),
        cmocka_unit_test_setup(test_other_settings_drop_the_link, start),
        cmocka_unit_test_setup(test_nonsense_changes_nothing, start),
        cmocka_unit_test_setup(test_stations_come_and_go, start),
        cmocka_unit_test_setup(test_a_grace_wakes_the_access_point, start),
        cmocka_unit_test_setup(test_address_of_the_access_point, start),
        cmocka_unit_test_setup(test_a_radio_that_refuses_at_first, start),
        cmocka_unit_test_setup(test_what_the_radio_refused_is_not_taken_for_done, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

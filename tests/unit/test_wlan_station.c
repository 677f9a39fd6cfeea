/* The WLAN's state machine as a station. */
#include "tests/unit/wlan_world.h"

static const struct hal_radio_network home = {
    .ssid = "home", .key = "correct horse", .security = HAL_RADIO_WPA2};

static void connect_home(void)
{
    set_mode(WLAN_MODE_STA);
    assert_int_equal(wlan_connect(&home), 0);
    assert_int_equal(radio.joins, 1);
    radio.joins = 0;
    net.drops = 0;
    changes = 0;
}

static void radio_says(enum hal_radio_link link)
{
    radio.link = link;
    wlan_poll();
}

static void dhcp_says(uint8_t host)
{
    net.leased = true;
    net.address = (struct interface_address){{10, 0, 0, host}, {255, 255, 255, 0}, {10, 0, 0, 1}};
    wlan_poll();
}

static void test_mode_change_drops_everything(void **state)
{
    set_mode(WLAN_MODE_STA);
    assert_false(radio.ap_up);
    assert_false(net.link);
    assert_false(net.serving);
    assert_true(net.drops > 0);
    assert_int_equal(wlan_state(), WLAN_IDLE);
    assert_string_equal(reports[HAL_REPORT_WLAN_MODE], "sta");
    assert_string_equal(reports[HAL_REPORT_WLAN_SSID], "");
    assert_string_equal(reports[HAL_REPORT_WLAN_IP], "0.0.0.0");
    assert_false(is_waiting());

    net.drops = 0;
    set_mode(WLAN_MODE_STA);
    assert_int_equal(net.drops, 0);

    set_mode(WLAN_MODE_AP);
    assert_true(net.drops > 0);
    assert_true(radio.ap_up);
    assert_true(net.link);
    assert_true(net.serving);
    assert_string_equal(radio.ap.ssid, "wipy-wlan-0ab1");
    assert_string_equal(reports[HAL_REPORT_WLAN_IP], "192.168.1.1");
}

static void test_join_and_get_an_address(void **state)
{
    assert_int_equal(wlan_connect(&home), HAL_ERROR_FAILED); /* an access point joins nothing */
    connect_home();
    assert_string_equal(radio.network.ssid, "home");
    assert_string_equal(radio.network.key, "correct horse");
    assert_int_equal(wlan_state(), WLAN_CONNECTING);
    assert_string_equal(reports[HAL_REPORT_WLAN_SSID], "home");
    radio_says(HAL_RADIO_JOINED);
    assert_int_equal(wlan_state(), WLAN_GOT_LINK);
    assert_true(net.link);
    assert_int_equal(changes, 1);
    net.announced = 0;
    dhcp_says(7);
    assert_int_equal(wlan_state(), WLAN_CONNECTED);
    assert_int_equal(changes, 2);
    assert_true(net.announced > 0);
    assert_string_equal(reports[HAL_REPORT_WLAN_IP], "10.0.0.7");
    assert_false(is_waiting());
    struct wlan_ip ip;
    wlan_ip(&ip);
    assert_true(ip.dhcp);
    assert_memory_equal(ip.gateway, ((uint8_t[]){10, 0, 0, 1}), 4);
}

static void test_fixed_address(void **state)
{
    set_mode(WLAN_MODE_STA);
    struct wlan_ip ip = {.address = {192, 168, 0, 107},
                         .netmask = {255, 255, 255, 0},
                         .gateway = {192, 168, 0, 1},
                         .dns = {8, 8, 8, 8}};
    ip.address[3] = 255; /* broadcast */
    assert_int_equal(wlan_set_ip(&ip), HAL_ERROR_RANGE);
    ip.address[3] = 107;
    ip.netmask[2] = 0xf0;
    ip.netmask[3] = 0x0f; /* with a hole */
    assert_int_equal(wlan_set_ip(&ip), HAL_ERROR_RANGE);
    ip.netmask[2] = 255;
    ip.netmask[3] = 0;
    assert_int_equal(wlan_set_ip(&ip), 0);
    assert_int_equal(wlan_connect(&home), 0);
    assert_false(net.dhcp);
    radio_says(HAL_RADIO_JOINED);
    assert_int_equal(wlan_state(), WLAN_CONNECTED); /* at once */
    assert_string_equal(reports[HAL_REPORT_WLAN_IP], "192.168.0.107");
    assert_memory_equal(net.dns, ip.dns, 4);

    /* It is the station's: an access point has its own. */
    set_mode(WLAN_MODE_AP);
    assert_string_equal(reports[HAL_REPORT_WLAN_IP], "192.168.1.1");
    set_mode(WLAN_MODE_STA);
    assert_string_equal(reports[HAL_REPORT_WLAN_IP], "192.168.0.107");
}

static void test_dns_server_with_dhcp(void **state)
{
    connect_home();
    radio_says(HAL_RADIO_JOINED);
    dhcp_says(7);
    struct wlan_ip ip = {.dhcp = true, .dns = {8, 8, 8, 8}};
    assert_int_equal(wlan_set_ip(&ip), 0);
    assert_memory_equal(net.dns, ip.dns, 4);
    assert_int_equal(net.drops, 0);
    assert_string_equal(reports[HAL_REPORT_WLAN_IP], "10.0.0.7");
}

static void test_wrong_key_is_given_up(void **state)
{
    connect_home();
    radio_says(HAL_RADIO_WRONG_KEY);
    assert_int_equal(wlan_state(), WLAN_WRONG_KEY);
    assert_int_equal(changes, 1);
    assert_false(is_waiting());
    radio.now_us += 3600000000u;
    wlan_poll();
    assert_int_equal(radio.joins, 0);
    assert_int_equal(wlan_connect(&home), 0);
    assert_int_equal(radio.joins, 1);
    assert_int_equal(wlan_state(), WLAN_CONNECTING);
}

static void test_retries_come_slower_and_slower(void **state)
{
    connect_home();
    uint64_t expected = WLAN_RETRY_FIRST_US;
    for (int i = 1; i <= 20; i++) {
        radio_says(HAL_RADIO_NOT_FOUND);
        assert_int_equal(wlan_state(), WLAN_NOT_FOUND);
        assert_int_equal(wait_us(), expected);
        assert_int_equal(radio.joins, i);
        expected = 2 * expected < WLAN_RETRY_MAX_US ? 2 * expected : WLAN_RETRY_MAX_US;
    }
    /* Once joined, the first retry is quick again. */
    radio_says(HAL_RADIO_JOINED);
    radio_says(HAL_RADIO_LOST);
    assert_int_equal(wait_us(), WLAN_RETRY_FIRST_US);
}

static void test_each_change_is_told_once(void **state)
{
    set_mode(WLAN_MODE_STA);
    changes = 0;
    assert_int_equal(wlan_connect(&home), 0); /* nothing has come of it yet */
    assert_int_equal(changes, 0);
    radio_says(HAL_RADIO_WRONG_KEY);
    assert_int_equal(changes, 1);
    assert_int_equal(wlan_connect(&home), 0);
    radio_says(HAL_RADIO_WRONG_KEY);
    assert_int_equal(changes, 2);

    assert_int_equal(wlan_connect(&home), 0);
    for (int i = 0; i < 5; i++) { /* no news: the network is as far away as before */
        radio_says(HAL_RADIO_NOT_FOUND);
        wait_us();
    }
    assert_int_equal(changes, 3);
    radio_says(HAL_RADIO_REFUSED);
    assert_int_equal(changes, 4);

    wait_us();
    radio_says(HAL_RADIO_JOINED);
    dhcp_says(7);
    assert_int_equal(changes, 6);
    assert_int_equal(wlan_connect(&home), 0); /* the link is gone */
    assert_int_equal(changes, 7);
}

static void test_refusal_is_tried_again(void **state)
{
    connect_home();
    radio_says(HAL_RADIO_REFUSED);
    assert_int_equal(wlan_state(), WLAN_REFUSED);
    wait_us();
    assert_int_equal(radio.joins, 1);
}

static void test_a_silent_radio_is_asked_again(void **state)
{
    connect_home();
    assert_int_equal(wait_us(), WLAN_JOIN_LIMIT_US);
    assert_int_equal(radio.joins, 1);
}

static void test_lost_and_found(void **state)
{
    connect_home();
    radio_says(HAL_RADIO_JOINED);
    dhcp_says(7);
    changes = 0;
    for (int i = 1; i <= 100; i++) {
        radio_says(HAL_RADIO_LOST);
        assert_int_equal(wlan_state(), WLAN_CONNECTING);
        assert_false(net.link);
        assert_int_equal(wait_us(), WLAN_RETRY_FIRST_US);
        radio_says(HAL_RADIO_JOINED);
        assert_true(net.link);
        assert_int_equal(wlan_state(), WLAN_GOT_LINK); /* until the lease is confirmed */
        dhcp_says(7);
        assert_int_equal(wlan_state(), WLAN_CONNECTED);
        assert_int_equal(radio.joins, i);
        assert_int_equal(changes, 3 * i);
    }
    assert_int_equal(net.drops, 0); /* connections may live through it */
}

static void test_disconnect(void **state)
{
    connect_home();
    radio_says(HAL_RADIO_JOINED);
    dhcp_says(7);
    wlan_disconnect();
    assert_int_equal(wlan_state(), WLAN_IDLE);
    assert_int_equal(radio.link, HAL_RADIO_LEFT);
    assert_true(net.drops > 0);
    assert_string_equal(reports[HAL_REPORT_WLAN_IP], "0.0.0.0");
    assert_false(is_waiting());
    wlan_poll();
    assert_int_equal(radio.joins, 0);
}

static void test_settings_of_the_access_point_are_kept(void **state)
{
    connect_home();
    radio_says(HAL_RADIO_JOINED);
    struct wlan_settings settings;
    wlan_get(&settings);
    strcpy(settings.ap.ssid, "for later");
    assert_int_equal(wlan_set(&settings), 0);
    assert_int_equal(net.drops, 0); /* they are not in use */
    assert_true(net.link);
    set_mode(WLAN_MODE_AP);
    assert_string_equal(radio.ap.ssid, "for later");
    wlan_poll();
    assert_int_equal(wlan_state(), WLAN_IDLE);
    assert_false(is_waiting());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_mode_change_drops_everything, start),
        cmocka_unit_test_setup(test_join_and_get_an_address, start),
        cmocka_unit_test_setup(test_fixed_address, start),
        cmocka_unit_test_setup(test_dns_server_with_dhcp, start),
        cmocka_unit_test_setup(test_wrong_key_is_given_up, start),
        cmocka_unit_test_setup(test_retries_come_slower_and_slower, start),
        cmocka_unit_test_setup(test_each_change_is_told_once, start),
        cmocka_unit_test_setup(test_refusal_is_tried_again, start),
        cmocka_unit_test_setup(test_a_silent_radio_is_asked_again, start),
        cmocka_unit_test_setup(test_lost_and_found, start),
        cmocka_unit_test_setup(test_disconnect, start),
        cmocka_unit_test_setup(test_settings_of_the_access_point_are_kept, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

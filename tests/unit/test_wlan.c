/* The WLAN's state machine, on a radio and a network interface of paper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hal/clock.h"
#include "hal/report.h"
#include "hal/result.h"
#include "net/dhcp/dhcp_udp.h"
#include "net/names.h"
#include "net/stack/interface.h"
#include "net/stack/stack.h"
#include "net/stations.h"
#include "net/wlan.h"

/* ---- the radio */
static struct {
    bool ap_up;
    bool refuses; /* to start an access point */
    struct hal_radio_ap ap;
    int ap_starts;
    int joins;
    struct hal_radio_network network;
    enum hal_radio_link link;
    int stations;
    uint64_t now_us;
} radio;

void hal_radio_mac(uint8_t mac[6])
{
    memcpy(mac, (uint8_t[]){0xd4, 0xf5, 0x13, 0x5e, 0x0a, 0xb1}, 6);
}

int hal_radio_ap_start(const struct hal_radio_ap *ap)
{
    radio.ap_up = !radio.refuses;
    radio.ap = *ap;
    radio.ap_starts++;
    radio.link = HAL_RADIO_LEFT;
    return radio.refuses ? HAL_ERROR_FAILED : 0;
}

void hal_radio_ap_stop(void)
{
    radio.ap_up = false;
}

int hal_radio_ap_stations(uint8_t (*macs)[6], int max)
{
    for (int i = 0; i < radio.stations; i++) {
        memcpy(macs[i], (uint8_t[]){0x02, 0, 0, 0, 0, (uint8_t)(i + 1)}, 6);
    }
    return radio.stations;
}

int hal_radio_join(const struct hal_radio_network *network)
{
    assert_false(radio.ap_up);
    radio.joins++;
    radio.network = *network;
    radio.link = HAL_RADIO_JOINING;
    return 0;
}

void hal_radio_leave(void)
{
    radio.link = HAL_RADIO_LEFT;
}

enum hal_radio_link hal_radio_link(void)
{
    return radio.link;
}

uint64_t hal_clock_link_us(void)
{
    return radio.now_us;
}

/* ---- the interface */
static struct {
    bool link;
    bool dhcp;
    bool leased; /* the DHCP client has an answer on this link */
    struct interface_address address;
    uint8_t dns[4];
    int drops;
    int neighbour_drops;
    bool serving; /* DHCP server */
    uint8_t server[4];
    int announced;
} net;

void stack_init(void)
{
}

void names_init(const char *host)
{
    assert_string_equal(host, "wipy-0ab1");
}

void names_announce(void)
{
    net.announced++;
}

int dhcp_udp_init(void)
{
    return 0;
}

void dhcp_udp_start(const uint8_t address[4], const uint8_t netmask[4])
{
    net.serving = true;
    memcpy(net.server, address, 4);
}

void dhcp_udp_stop(void)
{
    net.serving = false;
}

void interface_set_link(bool up)
{
    net.link = up;
    if (!up) {
        net.leased = false;
    }
}

void interface_set_address(const struct interface_address *address)
{
    net.dhcp = false;
    net.address = *address;
}

void interface_address(struct interface_address *address)
{
    *address = net.address;
}

void interface_use_dhcp(void)
{
    if (!net.dhcp) {
        net.dhcp = true;
        memset(&net.address, 0, sizeof net.address);
    }
}

void interface_stop_dhcp(void)
{
    net.dhcp = false;
    memset(&net.address, 0, sizeof net.address);
}

void interface_find_dhcp_server(void)
{
}

bool interface_is_configured(void)
{
    return net.address.address[0] != 0 && (!net.dhcp || net.leased);
}

void interface_set_dns(const uint8_t address[4])
{
    memcpy(net.dns, address, 4);
}

void interface_dns(uint8_t address[4])
{
    memcpy(address, net.dns, 4);
}

void interface_drop_connections(void)
{
    net.drops++;
}

void interface_drop_neighbour(const uint8_t mac[6])
{
    net.neighbour_drops++;
}

/* ---- what is shown */
static char reports[HAL_REPORT_ITEMS][HAL_REPORT_TEXT_MAX + 1];

void hal_report(enum hal_report_item item, const char *text)
{
    strncpy(reports[item], text, HAL_REPORT_TEXT_MAX);
}

static int changes;

static void changed(void)
{
    changes++;
}

/* ---- helpers */

static int start(void **state)
{
    memset(&radio, 0, sizeof radio);
    memset(&net, 0, sizeof net);
    changes = 0;
    assert_int_equal(wlan_init(), 0);
    wlan_on_change(changed);
    wlan_poll();
    net.drops = 0;
    changes = 0;
    return 0;
}

static void set_mode(enum wlan_mode mode)
{
    struct wlan_settings settings;
    wlan_get(&settings);
    settings.mode = mode;
    assert_int_equal(wlan_set(&settings), 0);
}

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

/* The time passes until the WLAN wants to be polled; returns how long that took. */
static uint64_t wait_us(void)
{
    struct loop_deadline deadline = {HAL_CLOCK_NEVER, HAL_CLOCK_NEVER};
    wlan_deadline(&deadline);
    assert_true(deadline.board_us == HAL_CLOCK_NEVER); /* the other side lives in real time */
    assert_true(deadline.link_us != HAL_CLOCK_NEVER);
    uint64_t passed = deadline.link_us - radio.now_us;
    radio.now_us = deadline.link_us;
    wlan_poll();
    return passed;
}

static bool is_waiting(void)
{
    struct loop_deadline deadline = {HAL_CLOCK_NEVER, HAL_CLOCK_NEVER};
    wlan_deadline(&deadline);
    return deadline.link_us != HAL_CLOCK_NEVER;
}

/* ---- access point */

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

/* ---- station */

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
        cmocka_unit_test_setup(test_factory_settings, start),
        cmocka_unit_test_setup(test_the_same_settings_change_nothing, start),
        cmocka_unit_test_setup(test_other_settings_drop_the_link, start),
        cmocka_unit_test_setup(test_nonsense_changes_nothing, start),
        cmocka_unit_test_setup(test_stations_come_and_go, start),
        cmocka_unit_test_setup(test_a_grace_wakes_the_access_point, start),
        cmocka_unit_test_setup(test_address_of_the_access_point, start),
        cmocka_unit_test_setup(test_a_radio_that_refuses_at_first, start),
        cmocka_unit_test_setup(test_what_the_radio_refused_is_not_taken_for_done, start),
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

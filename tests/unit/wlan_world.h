/* The world of the WLAN's state machine under test: a radio and a network interface of paper.
 * Included by one test program each. */
#ifndef TESTS_UNIT_WLAN_WORLD_H
#define TESTS_UNIT_WLAN_WORLD_H

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

#endif

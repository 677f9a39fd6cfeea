#include "net/wlan.h"

#include <string.h>

#include "hal/clock.h"
#include "hal/result.h"
#include "net/dhcp/dhcp_udp.h"
#include "net/names.h"
#include "net/stack/interface.h"
#include "net/stack/stack.h"
#include "net/stations.h"
#include "net/wlan_report.h"
#include "net/wlan_valid.h"

#define FACTORY_SSID    "wipy-wlan-"
#define FACTORY_HOST    "wipy-"
#define FACTORY_KEY     "www.wipy.io"
#define FACTORY_CHANNEL 5

static const struct wlan_ip factory_ap_ip = {
    .address = {192, 168, 1, 1},
    .netmask = {255, 255, 255, 0},
    .gateway = {192, 168, 1, 1},
    .dns = {192, 168, 1, 1},
};
static const struct wlan_ip factory_sta_ip = {.dhcp = true};

static struct wlan_settings settings;
static struct wlan_ip ap_ip, sta_ip;
static uint64_t due_us; /* link time: when to join again, or to start the access point again */
static uint32_t retry_us = WLAN_RETRY_FIRST_US; /* how long to wait after the next failure */

/* ---- the station */
static struct hal_radio_network network; /* to join */
static bool wanted;                      /* to join and stay */
static enum wlan_state state;
static enum hal_radio_link link; /* as of the last poll */

static void (*on_change)(void);

static void tell(void)
{
    if (on_change != NULL) {
        on_change();
    }
}

static void report(void)
{
    bool is_ap = settings.mode == WLAN_MODE_AP;
    wlan_report(is_ap, is_ap ? settings.ap.ssid : network.ssid);
}

static void try_again_later(void)
{
    interface_set_link(false);
    due_us = hal_clock_link_us() + retry_us;
    retry_us = retry_us < WLAN_RETRY_MAX_US / 2 ? 2 * retry_us : WLAN_RETRY_MAX_US;
}

static void has_link(void)
{
    interface_set_link(true);
    retry_us = WLAN_RETRY_FIRST_US;
    due_us = HAL_CLOCK_NEVER;
}

/* ---- access point */

static void set_address(const struct wlan_ip *ip)
{
    struct interface_address address;
    memcpy(address.address, ip->address, 4);
    memcpy(address.netmask, ip->netmask, 4);
    memcpy(address.gateway, ip->gateway, 4);
    interface_set_address(&address);
    interface_set_dns(ip->dns);
}

static int start_ap(void)
{
    int result = hal_radio_ap_start(&settings.ap);
    set_address(&ap_ip);
    dhcp_udp_start(ap_ip.address, ap_ip.netmask);
    if (result < 0) {
        try_again_later();
    } else {
        has_link();
    }
    stations_forget();
    state = WLAN_IDLE;
    report();
    return result;
}

bool wlan_is_up(void)
{
    return settings.mode != WLAN_MODE_AP || due_us == HAL_CLOCK_NEVER;
}

static void watch_ap(void)
{
    bool has_started = hal_clock_link_us() >= due_us && start_ap() == 0;
    if (stations_watch() || has_started) {
        tell();
    }
}

/* ---- station */

/* Leave what was joined, and have no link; a leased address is given back. */
static void leave(void)
{
    interface_drop_connections();
    if (sta_ip.dhcp) {
        interface_stop_dhcp();
    }
    interface_set_link(false);
    hal_radio_leave();
    wanted = false;
    link = HAL_RADIO_LEFT;
    due_us = HAL_CLOCK_NEVER;
    state = WLAN_IDLE;
}

static void use_sta_address(void)
{
    if (!sta_ip.dhcp) {
        set_address(&sta_ip);
        return;
    }
    interface_set_dns(sta_ip.dns);
    interface_use_dhcp();
}

static void become_station(void)
{
    dhcp_udp_stop();
    hal_radio_ap_stop();
    interface_set_link(false);
    interface_stop_dhcp(); /* no address */
    memset(&network, 0, sizeof network);
    leave();
    use_sta_address();
    report();
}

static void join(void)
{
    hal_radio_join(&network);
    link = HAL_RADIO_JOINING; /* what it said of the attempt before is no news */
    due_us = hal_clock_link_us() + WLAN_JOIN_LIMIT_US;
}

static void on_link(void)
{
    switch (link) {
    case HAL_RADIO_JOINED:
        has_link();
        break;
    case HAL_RADIO_NOT_FOUND:
        state = WLAN_NOT_FOUND;
        try_again_later();
        break;
    case HAL_RADIO_REFUSED:
        state = WLAN_REFUSED;
        try_again_later();
        break;
    case HAL_RADIO_LOST:
        state = WLAN_CONNECTING;
        try_again_later();
        break;
    case HAL_RADIO_WRONG_KEY:
        state = WLAN_WRONG_KEY;
        interface_set_link(false);
        due_us = HAL_CLOCK_NEVER;
        break;
    case HAL_RADIO_LEFT:
    case HAL_RADIO_JOINING:
        break;
    }
}

static void watch_link(void)
{
    enum wlan_state before = state;
    enum hal_radio_link now = hal_radio_link();
    if (now != link) {
        link = now;
        on_link();
    }
    if (hal_clock_link_us() >= due_us) {
        join();
    }
    if (link == HAL_RADIO_JOINED) {
        if (sta_ip.dhcp) {
            interface_use_dhcp();
        }
        state = interface_is_configured() ? WLAN_CONNECTED : WLAN_GOT_LINK;
        if (state == WLAN_CONNECTED && before != WLAN_CONNECTED) {
            interface_find_dhcp_server();
            names_announce();
        }
    }
    bool moved = wlan_report_address();
    if (moved || state != before) {
        tell();
    }
}

/* ---- for others */

static void append_hex(char *text, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    size_t size = strlen(text);
    text[size] = digits[byte >> 4];
    text[size + 1] = digits[byte & 15];
    text[size + 2] = '\0';
}

int wlan_init(void)
{
    uint8_t mac[6];
    hal_radio_mac(mac);
    settings = (struct wlan_settings){
        .mode = WLAN_MODE_AP,
        .ap = {.ssid = FACTORY_SSID,
               .key = FACTORY_KEY,
               .channel = FACTORY_CHANNEL,
               .security = HAL_RADIO_WPA2},
    };
    char host[sizeof FACTORY_HOST + 4] = FACTORY_HOST;
    for (int i = 4; i < 6; i++) {
        append_hex(settings.ap.ssid, mac[i]);
        append_hex(host, mac[i]);
    }
    ap_ip = factory_ap_ip;
    sta_ip = factory_sta_ip;
    stack_init();
    names_init(host);
    start_ap(); /* or try again later */
    return dhcp_udp_init();
}

void wlan_get(struct wlan_settings *copy)
{
    *copy = settings;
}

int wlan_set(const struct wlan_settings *wish)
{
    const struct hal_radio_ap *ap = &wish->ap;
    if ((wish->mode != WLAN_MODE_STA && wish->mode != WLAN_MODE_AP) || !wlan_is_valid_ap(ap)) {
        return HAL_ERROR_RANGE;
    }
    bool other_mode = wish->mode != settings.mode;
    bool restart = other_mode || (wish->mode == WLAN_MODE_AP &&
                                  !(wlan_is_up() && wlan_is_same_ap(ap, &settings.ap)));
    settings = *wish;
    if (!restart) {
        return 0;
    }
    interface_drop_connections();
    if (settings.mode == WLAN_MODE_STA) {
        become_station();
        tell();
        return 0;
    }
    if (other_mode) {
        leave();
    }
    int result = start_ap();
    tell();
    return result;
}

int wlan_connect(const struct hal_radio_network *wish)
{
    if (!wlan_is_valid_network(wish->ssid, wish->security, wish->key)) {
        return HAL_ERROR_RANGE;
    }
    if (settings.mode != WLAN_MODE_STA) {
        return HAL_ERROR_FAILED;
    }
    bool had_link = link == HAL_RADIO_JOINED;
    leave();
    network = *wish;
    wanted = true;
    state = WLAN_CONNECTING;
    retry_us = WLAN_RETRY_FIRST_US;
    use_sta_address();
    join();
    report();
    if (had_link) {
        tell();
    }
    return 0;
}

void wlan_disconnect(void)
{
    if (!wanted) {
        return;
    }
    leave();
    memset(&network, 0, sizeof network);
    use_sta_address();
    report();
    tell();
}

enum wlan_state wlan_state(void)
{
    return state;
}

void wlan_network(struct hal_radio_network *copy)
{
    *copy = network;
}

void wlan_ip(struct wlan_ip *ip)
{
    struct interface_address address;
    interface_address(&address);
    ip->dhcp = settings.mode == WLAN_MODE_STA && sta_ip.dhcp;
    memcpy(ip->address, address.address, 4);
    memcpy(ip->netmask, address.netmask, 4);
    memcpy(ip->gateway, address.gateway, 4);
    interface_dns(ip->dns);
}

void wlan_set_dns(const uint8_t dns[4])
{
    memcpy(settings.mode == WLAN_MODE_AP ? ap_ip.dns : sta_ip.dns, dns, 4);
    interface_set_dns(dns);
}

static int set_ap_ip(const struct wlan_ip *ip)
{
    if (!wlan_is_valid_ap_address(ip)) {
        return HAL_ERROR_RANGE;
    }
    bool same = wlan_is_up() && wlan_is_same_address(ip, &ap_ip);
    ap_ip = *ip;
    interface_set_dns(ip->dns);
    if (same) {
        return 0;
    }
    interface_drop_connections();
    return start_ap(); /* its stations ask for new leases */
}

static int set_sta_ip(const struct wlan_ip *ip)
{
    if (!ip->dhcp && !wlan_is_valid_address(ip)) {
        return HAL_ERROR_RANGE;
    }
    bool same = ip->dhcp == sta_ip.dhcp && (ip->dhcp || wlan_is_same_address(ip, &sta_ip));
    sta_ip = *ip;
    interface_set_dns(ip->dns);
    if (!same) {
        interface_drop_connections();
        use_sta_address();
    }
    return 0;
}

int wlan_set_ip(const struct wlan_ip *ip)
{
    int result = settings.mode == WLAN_MODE_AP ? set_ap_ip(ip) : set_sta_ip(ip);
    wlan_report_address();
    return result;
}

void wlan_on_change(void (*changed)(void))
{
    on_change = changed;
}

void wlan_poll(void)
{
    if (settings.mode == WLAN_MODE_AP) {
        watch_ap();
    } else if (wanted) {
        watch_link();
    }
}

void wlan_deadline(struct loop_deadline *deadline)
{
    if (due_us < deadline->link_us) {
        deadline->link_us = due_us;
    }
    if (settings.mode == WLAN_MODE_AP && stations_due_us() < deadline->link_us) {
        deadline->link_us = stations_due_us();
    }
}

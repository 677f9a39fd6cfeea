/* The WLAN of the WiPy: access point with DHCP server, or station with DHCP client or fixed
 * address.
 *
 * It is an access point with the factory settings after every hard reset, and survives a soft
 * reset. A change of its mode, or of ssid, security, key, channel or address while they are in use,
 * drops the link and with it every TCP connection, Python's and the services'; who listens goes on
 * listening. A link that is lost by itself drops nothing: connections may survive until it is back;
 * only what the services have with a station that has left the access point for longer than a grace
 * is ended (net/stations.h).
 *
 * An access point that the radio refuses to start is tried again and again; until it is on the air
 * there is no link.
 *
 * All waits are in link time: the other side lives in real time. */
#ifndef NET_WLAN_H
#define NET_WLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/radio.h"
#include "system/loop.h"

/* A station tries again so long after a network was not found, refused it or was lost, an access
 * point after the radio refused to start it: each time twice as long, up to the maximum. */
#define WLAN_RETRY_FIRST_US 100000u
#define WLAN_RETRY_MAX_US   5000000u
/* ... and when the radio says nothing for so long. */
#define WLAN_JOIN_LIMIT_US 10000000u

enum wlan_mode { WLAN_MODE_STA = 1, WLAN_MODE_AP = 2 };

struct wlan_settings {
    enum wlan_mode mode;
    struct hal_radio_ap ap; /* of the access point; kept while it is a station */
    bool external_antenna;  /* kept, and that is all: the radio has one antenna */
};

struct wlan_ip {
    bool dhcp; /* station: address by DHCP; the members below are what it gave */
    uint8_t address[4], netmask[4], gateway[4], dns[4]; /* all 0: none */
};

enum wlan_state {
    WLAN_IDLE, /* access point; or a station that was not told to connect, or disconnected */
    WLAN_CONNECTING,
    WLAN_GOT_LINK,  /* associated, no address yet */
    WLAN_CONNECTED, /* has an address */
    WLAN_NOT_FOUND, /* goes on trying */
    WLAN_WRONG_KEY, /* has given up */
    WLAN_REFUSED,   /* goes on trying */
};

/* Start lwIP and the access point, at once or later. 0, or HAL_ERROR_FAILED: lwIP has no room. */
int wlan_init(void);
/* False while the radio refuses the access point. */
bool wlan_is_up(void);
void wlan_get(struct wlan_settings *settings);
/* Change them. 0, HAL_ERROR_RANGE (mode, ssid, security, key or channel; nothing has changed), or
 * what the radio reports: they are set, and the access point is tried again. Nothing happens when
 * nothing differs and the access point is on the air. */
int wlan_set(const struct wlan_settings *settings);

/* Station: join, and join again whenever the link is lost, until wlan_disconnect() or another mode.
 * 0, HAL_ERROR_RANGE (ssid, security, key), or HAL_ERROR_FAILED: it is an access point. */
int wlan_connect(const struct hal_radio_network *network);
void wlan_disconnect(void);
enum wlan_state wlan_state(void);
/* The network that a station joins or has joined, with its key; all 0: none. */
void wlan_network(struct hal_radio_network *network);

void wlan_ip(struct wlan_ip *ip);
/* The address of the present mode; each mode keeps its own until the next hard reset. An access
 * point's must be in a /24, because it leases the rest of it, and is not by DHCP. For a station
 * with DHCP only `dns` counts. 0, HAL_ERROR_RANGE: no such address, or what the radio reports, as
 * for wlan_set(). */
int wlan_set_ip(const struct wlan_ip *ip);
/* The DNS server alone, of the present mode. */
void wlan_set_dns(const uint8_t dns[4]);

/* Called once at each change: of the mode, the link, the address or a station of the access point,
 * and when an attempt to join fails for another reason than the one before. That wlan_connect()
 * begins one is no change, unless it ends a link. Must only schedule. NULL: nobody. */
void wlan_on_change(void (*changed)(void));

/* Part of net_poll() and net_deadline(). */
void wlan_poll(void);
void wlan_deadline(struct loop_deadline *deadline);

#endif

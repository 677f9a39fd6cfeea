/* The WLAN of the WiPy: access point with DHCP server, or station with DHCP client or fixed address. It is an access point with the factory
 * settings after every hard reset, survives a soft reset, and a change of mode, ssid, key or channel drops the link, every socket and every service session, and starts the services again. */
#ifndef NET_WLAN_H
#define NET_WLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/radio.h"
#include "system/loop.h"

enum wlan_mode { WLAN_MODE_STA = 1, WLAN_MODE_AP = 2 };

struct wlan_settings {
    enum wlan_mode mode;
    struct hal_radio_ap ap; /* of the access point; kept while it is a station */
    bool external_antenna;
};

struct wlan_ip {
    bool dhcp; /* station: address by DHCP */
    uint8_t address[4], netmask[4], gateway[4], dns[4];
};

enum wlan_state {
    WLAN_IDLE,      /* station that was not told to connect, or disconnected */
    WLAN_CONNECTING,
    WLAN_GOT_LINK,  /* associated, no address yet */
    WLAN_CONNECTED, /* has an address */
    WLAN_NOT_FOUND, /* goes on trying */
    WLAN_WRONG_KEY, /* has given up */
    WLAN_REFUSED,   /* goes on trying */
};

int wlan_init(void);
void wlan_get(struct wlan_settings *settings);
/* Change them. 0 or HAL_ERROR_RANGE; nothing happens when nothing differs. */
int wlan_set(const struct wlan_settings *settings);
/* Station: join, and join again whenever the link is lost, until wlan_disconnect() or another mode. */
int wlan_connect(const struct hal_radio_network *network);
void wlan_disconnect(void);
enum wlan_state wlan_state(void);
void wlan_ip(struct wlan_ip *ip);
int wlan_set_ip(const struct wlan_ip *ip); /* of the present mode */
/* Called from poll at each change (link, address, station of the access point): must only schedule. NULL: nobody. */
void wlan_on_change(void (*changed)(void));
void wlan_poll(void);
void wlan_deadline(struct loop_deadline *deadline);

#endif

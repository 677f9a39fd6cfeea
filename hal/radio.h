/* The WLAN radio: access point or station, and Ethernet frames. Addresses are six bytes in transmission order. */
#ifndef HAL_RADIO_H
#define HAL_RADIO_H

#include <stddef.h>
#include <stdint.h>

#define HAL_RADIO_FRAME_MIN 14   /* an Ethernet header */
#define HAL_RADIO_FRAME_MAX 1514 /* Ethernet header + 1500 bytes, without FCS */
#define HAL_RADIO_SSID_MAX  32
#define HAL_RADIO_KEY_MAX   64
#define HAL_RADIO_NETWORKS  32 /* as many can be found by a scan */
#define HAL_RADIO_STATIONS  16 /* as many can be associated with the access point */

enum hal_radio_security { HAL_RADIO_OPEN = 0, HAL_RADIO_WEP = 1, HAL_RADIO_WPA = 2, HAL_RADIO_WPA2 = 3 };

struct hal_radio_ap {
    char ssid[HAL_RADIO_SSID_MAX + 1]; /* NUL-terminated, 1 to 32 bytes */
    char key[HAL_RADIO_KEY_MAX + 1];   /* NUL-terminated; "" for HAL_RADIO_OPEN, else 8 to 63 characters (WEP: 5 to 26) */
    uint8_t channel;                   /* 1 to 13 */
    uint8_t security;                  /* enum hal_radio_security */
};

/* The board's own hardware address. */
void hal_radio_mac(uint8_t mac[6]);

/* ---- access point */
/* Start (or restart with other settings) the access point; the settings are copied. Restarting drops every station; a station mode ends.
 * HAL_ERROR_RANGE for settings outside the ranges above; HAL_ERROR_FAILED: there is no access point now, but one may start later. */
int hal_radio_ap_start(const struct hal_radio_ap *ap);
void hal_radio_ap_stop(void);
/* The stations that are associated: stores up to `max`, returns how many there are. */
int hal_radio_ap_stations(uint8_t (*macs)[6], int max);

/* ---- station */
struct hal_radio_network {
    char ssid[HAL_RADIO_SSID_MAX + 1];
    char key[HAL_RADIO_KEY_MAX + 1]; /* to join; "" in a scan */
    uint8_t bssid[6];                /* to join: all 0 for any */
    uint8_t channel;                 /* of a scan */
    uint8_t security;
    int8_t rssi;                     /* of a scan, dBm */
    uint8_t padding;
};

enum hal_radio_link {
    HAL_RADIO_LEFT = 0,      /* not asked to join */
    HAL_RADIO_JOINING = 1,
    HAL_RADIO_JOINED = 2,
    HAL_RADIO_NOT_FOUND = 3, /* no such network in range */
    HAL_RADIO_WRONG_KEY = 4,
    HAL_RADIO_REFUSED = 5,   /* other security, or no room */
    HAL_RADIO_LOST = 6,      /* was joined: the access point has gone, or has cut us off */
};

/* What is in range now: stores up to `max` (at most HAL_RADIO_NETWORKS), returns how many, or negative. Works in both modes. */
int hal_radio_scan(struct hal_radio_network *networks, int max);
/* Join a network (an access point of one's own stops). Returns at once; hal_radio_link() tells, after an interrupt. It is tried once; who wants to try again calls again.
 * From its return on hal_radio_link() speaks of this attempt, no more of one before. */
int hal_radio_join(const struct hal_radio_network *network);
void hal_radio_leave(void);
enum hal_radio_link hal_radio_link(void);

/* ---- frames */
/* Send one frame of HAL_RADIO_FRAME_MIN to HAL_RADIO_FRAME_MAX bytes. 0, HAL_ERROR_RANGE, or HAL_ERROR_BUSY when the queue is full. Without access point or association it is lost. */
int hal_radio_send(const void *frame, size_t size);
/* Take the next received frame into `frame` (room for HAL_RADIO_FRAME_MAX). Returns its size, 0 when there is none. */
size_t hal_radio_receive(void *frame);

#endif

/* A station in the air: finds an access point, and when that refuses the next one of the same name, associates, and tells when that comes and goes. Used by the laptop, `wipy join` and a board in station mode. */
#ifndef BOARD_AIR_STATION_H
#define BOARD_AIR_STATION_H

#include <ev.h>

#include "board/air/attempt.h"
#include "board/air/place.h"
#include "hal/radio.h"

enum air_station_state {
    AIR_STATION_IDLE,      /* has not been asked to join */
    AIR_STATION_SEARCHING, /* no such network in range (yet) */
    AIR_STATION_JOINING,
    AIR_STATION_JOINED,
    AIR_STATION_REFUSED,   /* `refusal` says why */
    AIR_STATION_LOST,      /* was joined; the access point has gone or cut us off */
};

#define AIR_STATION_RETRY 0.5 /* seconds; after a loss it tries sooner once */

struct air_station {
    struct ev_loop *loop;
    const struct air_place *place;
    uint8_t mac[6];
    /* The state has changed; must not call the station. In JOINED `fd` carries Ethernet frames (14 to 1514 bytes a packet, non-blocking) until the next
     * call; the station itself does not read it any more: whoever does calls air_station_ended() at its end. */
    void (*changed)(struct air_station *station);
    void *context;
    bool persistent; /* try again by itself while SEARCHING, REFUSED or LOST: at every change in the place, and now and then */
    enum air_station_state state;
    enum handshake_refusal refusal;
    int fd;          /* -1: none; the station closes it */
    /* private */
    struct air_network network; /* that is wanted; bssid all 0: any */
    char key[HAL_RADIO_KEY_MAX + 1];
    uint8_t tried[6]; /* the last bssid that it has knocked at in this search */
    enum handshake_refusal so_far;
    uint8_t pmk[32];
    bool has_pmk;
    struct air_attempt attempt;
    ev_io beacons;
    ev_timer retry;
};

/* `place` must outlive it. loop, place, mac, changed, context, persistent are set by the caller before, the rest is 0. */
void air_station_init(struct air_station *station);
/* Leave what was, and join this. `bssid` NULL: any with that name. ssid and key are at most AIR_SSID_MAX and HAL_RADIO_KEY_MAX bytes long. */
void air_station_join(struct air_station *station, const char *ssid, const uint8_t *bssid, uint8_t security, const char *key);
void air_station_leave(struct air_station *station);
/* The association has ended. */
void air_station_ended(struct air_station *station);

#endif

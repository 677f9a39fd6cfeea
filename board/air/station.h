/* A station in the air: finds an access point, associates, and tells when that comes and goes. Used by the laptop, `wipy join` and a board in station mode. */
#ifndef BOARD_AIR_STATION_H
#define BOARD_AIR_STATION_H

#include <ev.h>

#include "board/air/handshake.h"
#include "board/air/place.h"

enum air_station_state {
    AIR_STATION_IDLE,      /* has not been asked to join */
    AIR_STATION_SEARCHING, /* no such network in range (yet) */
    AIR_STATION_JOINING,
    AIR_STATION_JOINED,
    AIR_STATION_REFUSED,   /* `refusal` says why */
    AIR_STATION_LOST,      /* was joined; the access point has gone or cut us off */
};

struct air_station {
    struct ev_loop *loop;
    const struct air_place *place;
    uint8_t mac[6];
    /* The state has changed. In JOINED `fd` carries Ethernet frames (14 to 1514 bytes a packet, non-blocking) until the next call;
     * the station itself does not read it any more: whoever does calls air_station_ended() at its end. */
    void (*changed)(struct air_station *station);
    void *context;
    bool persistent; /* try again by itself: at every change of the air's beacons while SEARCHING, REFUSED or LOST */
    enum air_station_state state;
    enum handshake_refusal refusal;
    int fd;          /* -1: none */
    /* private */
    struct air_network network; /* that is wanted; bssid all 0: any */
    char key[65];
    uint8_t pmk[32];
    bool has_pmk;
    struct handshake handshake;
    ev_io readable, beacons;
    ev_timer limit;
};

/* `place` must outlive it. loop, place, mac, changed, context, persistent are set by the caller before. */
int air_station_init(struct air_station *station); /* 0 or -errno */
/* Leave what was, and join this. `bssid` NULL: any with that name. */
void air_station_join(struct air_station *station, const char *ssid, const uint8_t *bssid, uint8_t security, const char *key);
void air_station_leave(struct air_station *station);
void air_station_ended(struct air_station *station);

#endif

/* An access point in the air: its beacon, the stations that knock at it, their handshakes, and the
 * members, whose frames a relay passes on. The relay is the caller's, who gives it a port for what
 * is wired to the access point: the MCU of a board, the network behind a router. */
#ifndef BOARD_AIR_AP_H
#define BOARD_AIR_AP_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "board/air/handshake.h"
#include "board/air/listener.h"
#include "board/air/place.h"
#include "board/air/relay.h"
#include "hal/radio.h"

#define AP_UNFINISHED  32  /* handshakes at a time; for the next one the oldest is given up */
#define AP_START_RETRY 0.1 /* seconds; while it cannot go on the air */
#define AP_LOOK        5.0 /* seconds; whether its beacon is still there */

struct air_ap;

struct ap_handshake {
    struct air_ap *ap;
    struct ev_io in; /* in.fd -1: none */
    struct ev_timer limit;
    uint32_t number; /* the smaller, the older */
    bool has_begun;  /* its first packet has come */
    struct handshake handshake;
};

struct air_ap {
    struct ev_loop *loop;
    const struct air_place *place;
    struct relay *relay;
    void (*on_air)(
        void *context); /* stations can find it from now on; NULL: nobody wants to know */
    void (*members_changed)(void *context); /* NULL likewise */
    void (*complained)(void *context);      /* `complaint` is a new one; NULL likewise */
    void (*unheard)(void *context);         /* `silence` is a new one; NULL likewise */
    void *context;
    bool is_up;
    char complaint[600]; /* why the conditions of the place count as none; "": they do not */
    int silence; /* why it cannot go on the air: as of air_ap_start(); 0: it can */
    struct air_network network;
    char key[HAL_RADIO_KEY_MAX + 1];
    bool has_pmk;
    uint8_t pmk[32];
    struct air_beacon beacon;
    struct listener knock;
    struct ev_timer retry;
    uint32_t handshakes; /* so far */
    struct ap_handshake unfinished[AP_UNFINISHED];
    struct relay_port *members[RELAY_PORTS]; /* NULL: none */
};

/* All that is pointed to must outlive it; the callbacks are set by the caller afterwards. */
void air_ap_init(struct air_ap *ap, struct ev_loop *loop, const struct air_place *place,
                 struct relay *relay);

/* Start, or restart with other settings, which makes every member leave. `key`: at most
 * HAL_RADIO_KEY_MAX characters, not looked at for an open network. 0, or -errno: it is not on the
 * air, and comes there as soon as it can; -EADDRINUSE: another access point has that bssid. */
int air_ap_start(struct air_ap *ap, const struct air_network *network, const char *key);
void air_ap_stop(struct air_ap *ap);

/* The members: stores up to `max`, returns how many there are. */
int air_ap_members(const struct air_ap *ap, uint8_t (*macs)[6], int max);

#endif

/* The WLAN radio of the board as an access point: relays Ethernet frames between the MCU and the
 * stations that have joined.
 *
 * A frame goes to the station with its destination address, to the MCU if that is the board's, to
 * everyone but its sender if it is a broadcast or multicast, and else nowhere. A station sends from
 * its own address only. While a receiver is full, its sender is held back, for RADIO_PATIENCE at
 * most; after that, frames for it are lost until it has room again. */
#ifndef BOARD_RADIO_H
#define BOARD_RADIO_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "link/link.h"

#define RADIO_FRAME_MIN 14u
#define RADIO_FRAME_MAX 1514u
#define RADIO_STATIONS  16  /* as many can be joined at a time */
#define RADIO_BATCH     64  /* frames taken from one sender before others have their turn */
#define RADIO_PATIENCE  0.1 /* seconds */

struct radio;
struct radio_frame;

/* Who sends and receives: the MCU or a station. */
struct radio_port {
    struct radio *radio;
    struct ev_io in, out; /* of its socket; in.fd -1: there is nobody at this port */
    struct ev_timer patience;
    uint8_t mac[6];
    bool deaf;                /* it was full for too long: frames for it are lost */
    uint32_t holds_back;      /* bit n: port n is not read, because this one is full */
    struct radio_frame *held; /* frames that wait for room; NULL: none */
    int held_count;
};

#define RADIO_MCU   RADIO_STATIONS /* number of the MCU's port; the others are stations' */
#define RADIO_PORTS (RADIO_STATIONS + 1)

struct radio {
    struct ev_loop *loop;
    volatile uint32_t *interrupt; /* set to 1 whenever the MCU has been sent a frame */
    bool ap_up;
    struct link_radio_ap ap;
    struct radio_port ports[RADIO_PORTS];
    uint64_t lost; /* frames */
    /* The access point has started (with the settings in `ap`) or stopped; at a restart both are
     * told. */
    void (*ap_changed)(void *context, bool up);
    /* The station with this socket has gone; it has left, its socket is not closed. */
    void (*station_gone)(void *context, int fd);
    void *context;
};

/* The callbacks and their context are set by the caller afterwards. */
void radio_init(struct radio *radio, struct ev_loop *loop, const uint8_t mac[6],
                volatile uint32_t *interrupt);

/* The MCU's socket, when an MCU starts; without one the access point is down. The descriptor stays
 * the caller's. */
void radio_mcu_started(struct radio *radio, int fd);
void radio_mcu_stopped(struct radio *radio);

/* Start the access point, or restart it with other settings, which makes every station leave. 0 or
 * HAL_ERROR_RANGE. */
int radio_ap_start(struct radio *radio, const struct link_radio_ap *ap);
void radio_ap_stop(struct radio *radio);

/* A station joins the access point, which is up: frames pass through `fd` (SOCK_SEQPACKET,
 * non-blocking, stays the caller's) from now on; what it sent before is lost. False: there is no
 * room for another one. */
bool radio_join(struct radio *radio, int fd, const uint8_t mac[6]);

/* The station with this socket leaves; nothing happens when it has not joined. */
void radio_leave(struct radio *radio, int fd);

#endif

/* The relay: passes Ethernet frames between sockets (SOCK_SEQPACKET, a frame a packet), each at a port of its own.
 *
 * A frame goes to the port with its destination address, to every port but its sender's if it is a
 * broadcast or multicast, else to the uplink if there is one, else nowhere. A member sends from its
 * own address only, through the conditions of the air. While a receiver is full, its sender is held
 * back, for RELAY_PATIENCE at most; after that, frames for it are lost until it has room again, and
 * nobody waits for it for RELAY_GRUDGE: who reads badly on purpose must not slow down the others. */
#ifndef BOARD_AIR_RELAY_H
#define BOARD_AIR_RELAY_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "board/air/conditions.h"
#include "board/air/delay.h"
#include "board/air/frame.h"

#define RELAY_PORTS    17  /* 16 members and the wire */
#define RELAY_BATCH    64  /* frames taken from one sender before others have their turn */
#define RELAY_PATIENCE 0.1 /* seconds */
#define RELAY_GRUDGE   1.0

enum relay_kind {
    RELAY_MEMBER, /* a station in the air */
    RELAY_WIRE,   /* wired to the access point: sends from any address */
    RELAY_UPLINK, /* leads to others: sends from any address, and is sent what is for nobody else */
};

struct relay;

struct relay_port {
    struct relay *relay;
    enum relay_kind kind;
    struct ev_io in, out; /* of its socket; in.fd -1: there is nobody at this port */
    struct ev_timer patience;
    uint8_t mac[6];
    bool deaf;           /* it was full for too long: frames for it are lost */
    ev_tstamp patient_from; /* by steady_now() */
    uint32_t holds_back; /* bit n: port n is not read, because this one is full */
    struct frame *held;  /* frames that wait for room; NULL: none */
    int held_count;
    struct delay from, to; /* a member's two directions in the air */
    void (*ended)(void *context, struct relay_port *port);
    void *context;
    volatile uint32_t *interrupt; /* set to 1 whenever it has been sent a frame; NULL: none */
};

struct relay {
    struct ev_loop *loop;
    struct air_conditions conditions; /* for members; see relay_conditions_changed() */
    struct relay_port ports[RELAY_PORTS];
    uint64_t lost; /* frames */
};

void relay_init(struct relay *relay, struct ev_loop *loop);

/* Give a socket (non-blocking; stays the caller's) a port; NULL: there is none left. `mac`: copied; that of
 * an uplink is only kept from others. `ended` is called when the other end has gone; by then the port has been
 * removed, and out.fd still tells which socket it was. Its `interrupt` is set by the caller afterwards. */
struct relay_port *relay_add(struct relay *relay, int fd, enum relay_kind kind,
                             const uint8_t mac[6],
                             void (*ended)(void *context, struct relay_port *port), void *context);
void relay_remove(struct relay_port *port);
/* Pass on now what has come from this port, a batch at most. It may be removed by that. */
void relay_take(struct relay_port *port);

/* Is somebody at this port? */
bool relay_is_used(const struct relay_port *port);

/* `conditions` has been changed: what is under way in the air is lost. */
void relay_conditions_changed(struct relay *relay);

#endif

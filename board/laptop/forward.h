/* The relay: joins a connection of the host to a connection of the WiPy and passes bytes both ways,
 * with back-pressure, half-close and reset. A filter may change the bytes on the way.
 *
 * A connection that comes while the WiPy boots waits for the lease, up to FORWARD_WAIT; not while
 * the WiPy is lost (station.h). When the WiPy refuses or resets, when the network goes down, or
 * when the wait is over, the host's side is reset, so that no half transfer looks like a whole one.
 * At most FORWARD_MAX connections at a time; further ones are reset at once. */
#ifndef BOARD_LAPTOP_FORWARD_H
#define BOARD_LAPTOP_FORWARD_H

#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "board/laptop/station.h"
#include "lwip/tcp.h"

#define FORWARD_MAX  512
#define FORWARD_WAIT 5. /* seconds */

/* What may change the bytes of a connection. Each function takes `size` bytes and writes up to
 * FORWARD_FILTER_ROOM(size) to `out`; returns how many. `end`: these are the last. */
#define FORWARD_FILTER_FACTOR     5u
#define FORWARD_FILTER_ROOM(size) (FORWARD_FILTER_FACTOR * (size) + 2560u)
struct forward_filter {
    size_t (*to_wipy)(void *context, const uint8_t *in, size_t size, bool end, uint8_t *out);
    size_t (*to_host)(void *context, const uint8_t *in, size_t size, bool end, uint8_t *out);
    void (*closed)(void *context); /* the connection is gone; the last call */
    void *context;
};

struct forward {
    struct ev_loop *loop;
    const struct station *station;
    struct forward_relay *relays;
    struct forward_relay *touched; /* to be served before the loop sleeps */
    unsigned count;
    ev_prepare before_sleep;
};

/* The caller owns both; they must outlive the loop. */
void forward_init(struct forward *forward, struct ev_loop *loop, const struct station *station);

/* A connection of the host (non-blocking; taken over) to a port of the WiPy. `filter`: copied, NULL
 * for none; its closed() is called in every case. */
void forward_host(struct forward *forward, int fd, uint16_t wipy_port,
                  const struct forward_filter *filter);

/* A connection that the WiPy has made (taken over when 0 is returned) to `to` on the host, from
 * address `from`. On failure -1: the connection is still the caller's. */
int forward_wipy(struct forward *forward, struct tcp_pcb *pcb, const struct sockaddr_in *to,
                 const struct sockaddr_in *from);

/* The lease has come or gone, or the WiPy is lost or no longer. */
void forward_online(struct forward *forward, bool online);

/* Close a socket so that the other end sees a reset. */
void forward_reset(int fd);

#endif

/* A station of the WiPy's network, or of one that the WiPy is in: lwIP with one interface whose
 * frames pass through an association to which the board invites, its DHCP lease, and its timers.
 *
 * lwIP is global, so there is one station per process. */
#ifndef BOARD_LAPTOP_STATION_H
#define BOARD_LAPTOP_STATION_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "board/air/attempt.h"
#include "board/laptop/laptop.h"
#include "lwip/netif.h"

struct station_config {
    struct ev_loop *loop;
    int board_fd; /* as in laptop.h; stays the caller's */
    uint8_t mac[6];
    /* Called when a lease is there and the WiPy can be reached (true), and when that has ended
     * (false); by then the error callback of every TCP connection has been told. And when `is_lost`
     * has changed. */
    void (*changed)(void *context, bool online);
    void *context;
};

struct station {
    struct station_config config;
    struct netif netif;
    bool has_lease, online;
    bool is_lost;            /* while not online: that is not going to change soon */
    uint32_t invitation;     /* the number of the last one */
    struct laptop_wipy wipy; /* where it says the WiPy is */
    ip_addr_t wipy_address;  /* while online */
    uint8_t bssid[6];        /* of the network that was invited to */
    int air_fd;              /* of the association, or the attempt at one; -1: none */
    struct air_attempt attempt;
    struct laptop_news news; /* the last */
    ev_io told, board_has_room;
    ev_io readable;
    ev_io writable;
    ev_prepare before_sleep;
    ev_timer lease_retry;
    ev_timer lease_clock;
    double retry_after; /* seconds until the next try for a lease */
};

/* Start it with the link down. The caller owns `station`, which must outlive the loop. The loop is
 * broken (ev_break) when the other end of board_fd is closed. */
void station_init(struct station *station, const struct station_config *config);

/* While online: the WiPy's address and our own. */
const ip_addr_t *station_wipy(const struct station *station);
const ip4_addr_t *station_address(const struct station *station);

#endif

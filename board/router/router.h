/* The home router: an access point in the air with a network of its own, for boards in station
 * mode. Two processes: the access point, and behind it the network (nat.h), which parses what
 * stations send. Neither outlives the board.
 *
 * Stations reach each other and the router. With `internet` they reach what the host reaches, but
 * not its loopback. */
#ifndef BOARD_ROUTER_ROUTER_H
#define BOARD_ROUTER_ROUTER_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "board/air/place.h"
#include "hal/radio.h"

#define ROUTER_CHANNEL 11

struct router_config {
    bool enabled;
    char ssid[AIR_SSID_MAX + 1];
    char key[HAL_RADIO_KEY_MAX + 1]; /* of WPA2; "": open */
    bool internet;
};

struct router {
    pid_t pid; /* 0: none */
    int fd;    /* closing it ends the router */
    struct air_network network;
    struct ev_io watcher;
    void (*ended)(void *context); /* it has ended unexpectedly */
    void *context;
};

/* Start the router of the board with the hardware address `mac`, if it is enabled. 0, or -1 with
 * one clear line in `error`. Call it before the board makes anything that a child must not inherit.
 */
int router_start(struct router *router, const struct router_config *config,
                 const struct air_place *place, const uint8_t mac[6], char *error,
                 size_t error_size);

/* Call `ended` (which is set by the caller before) when it ends. */
void router_watch(struct router *router, struct ev_loop *loop);

/* End the router. */
void router_stop(struct router *router);

#endif

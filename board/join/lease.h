/* The DHCP lease of wlan0: lwIP's DHCP client, beside the kernel's TCP/IP, which does all the rest.
 *
 * lwIP is global, so there is one per process. */
#ifndef BOARD_JOIN_LEASE_H
#define BOARD_JOIN_LEASE_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/join/device.h"
#include "lwip/netif.h"

struct lease {
    struct ev_loop *loop;
    uint8_t mac[6];
    void (*send)(void *context, const uint8_t *frame, size_t size);
    /* There is a lease, or another one than before. */
    void (*changed)(void *context, const struct device_address *address);
    void *context;
    /* private */
    struct netif netif;
    struct device_address address; /* as `changed` was told */
    ev_timer fine, coarse;
};

/* loop, mac, send, changed, context are set by the caller before. It begins without a link. */
void lease_init(struct lease *lease);

/* The link has come: ask for a lease, the old one if there was one; or it has gone. */
void lease_link(struct lease *lease, bool up);

/* A frame has come in. True: it was for the DHCP client, and nobody else has to see it. */
bool lease_frame(struct lease *lease, const uint8_t *frame, size_t size);

/* The lease can be given back now: the server's hardware address is known, or there is none. */
bool lease_can_release(struct lease *lease);

/* Give the lease back. */
void lease_release(struct lease *lease);

#endif

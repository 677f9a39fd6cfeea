/* The radio as a network interface of lwIP. */
#ifndef NET_STACK_RADIO_NETIF_H
#define NET_STACK_RADIO_NETIF_H

#include <stdbool.h>
#include <stddef.h>

#include "lwip/netif.h"

/* For netif_add(). */
err_t radio_netif_init(struct netif *netif);

/* Receive up to `limit` frames; returns whether there may be more. */
bool radio_netif_receive(struct netif *netif, size_t limit);

/* Whether the radio had no room for a frame, and forgetting it. */
bool radio_netif_busy(void);
void radio_netif_forget_busy(void);

#endif

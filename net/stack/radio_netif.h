/* The radio as a network interface of lwIP. */
#ifndef NET_STACK_RADIO_NETIF_H
#define NET_STACK_RADIO_NETIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwip/netif.h"

/* For netif_add(). */
err_t radio_netif_init(struct netif *netif);

/* Receive up to `limit` frames; returns whether there may be more. */
bool radio_netif_receive(struct netif *netif, size_t limit);

/* `holder` says which hardware address has an address for sure; false: nobody is known to. A frame
 * of ARP that says otherwise, or that our own address is another's, is dropped, because ARP
 * believes everybody. */
void radio_netif_set_holder(bool (*holder)(const uint8_t address[4], uint8_t mac[6]));

/* Whether the radio had no room for a frame, and forgetting it. */
bool radio_netif_busy(void);
void radio_netif_forget_busy(void);

#endif

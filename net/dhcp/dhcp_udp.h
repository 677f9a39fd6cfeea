/* The DHCP server on UDP port 67. While a station that has a lease is there, ARP takes the leased
 * address from nobody else. */
#ifndef NET_DHCP_DHCP_UDP_H
#define NET_DHCP_DHCP_UDP_H

#include <stdbool.h>
#include <stdint.h>

/* Call once, after stack_init(); it serves nobody yet. 0, or HAL_ERROR_FAILED when lwIP has no PCB
 * left for it. */
int dhcp_udp_init(void);

/* Serve on the radio's interface, whose address this is, and forget all leases. Lease time is link
 * time: the clients live in real time. */
void dhcp_udp_start(const uint8_t address[4], const uint8_t netmask[4]);
void dhcp_udp_stop(void);

/* The address that the station with this hardware address has by its lease; false: none. */
bool dhcp_udp_lease(const uint8_t mac[6], uint8_t address[4]);

#endif

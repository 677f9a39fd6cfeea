/* The DHCP server on UDP port 67. */
#ifndef NET_DHCP_DHCP_UDP_H
#define NET_DHCP_DHCP_UDP_H

#include <stdint.h>

/* Serve on the radio's interface, whose address this is. Call once. Lease time is link time: the
 * clients live in real time. */
int dhcp_udp_init(const uint8_t address[4], const uint8_t netmask[4]);

#endif

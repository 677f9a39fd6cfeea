/* The radio's interface, as who is access point or station sets it: link, address, DHCP client, DNS
 * server, and the end of all connections. Addresses are octets in writing order: {192, 168, 1, 1};
 * all 0: none. */
#ifndef NET_STACK_INTERFACE_H
#define NET_STACK_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

struct interface_address {
    uint8_t address[4], netmask[4], gateway[4];
};

/* Without a link nothing is sent; connections and address stay. When the link comes back the DHCP
 * client asks whether its address still holds. */
void interface_set_link(bool up);

/* Ends the DHCP client's work. Another address aborts the connections of the one before. */
void interface_set_address(const struct interface_address *address);
void interface_address(struct interface_address *address);

/* Get the address by DHCP, as soon as there is a link. Call it again at any time: it starts what
 * lwIP gave up for want of memory. */
void interface_use_dhcp(void);
/* Give the lease back, and have no address. */
void interface_stop_dhcp(void);
/* Ask for the hardware address of the DHCP server that has given the lease, if one has: what gives
 * it back must not wait for that, because the link goes then. */
void interface_find_dhcp_server(void);
/* Whether the address is one to work with: fixed, or leased and confirmed on this link. */
bool interface_is_configured(void);

/* The DNS server; a DHCP server's word replaces it. */
void interface_set_dns(const uint8_t address[4]);
void interface_dns(uint8_t address[4]);

/* Abort every TCP connection, Python's and the services'; who listens goes on. */
void interface_drop_connections(void);

/* Abort the services' connections with the neighbour that has this hardware address, as ARP knows
 * it. Python's are left to its programs. */
void interface_drop_neighbour(const uint8_t mac[6]);

#endif

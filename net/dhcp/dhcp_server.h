/* The server side of DHCP (RFC 2131, 2132, 6842): pure, bytes in, bytes out.
 *
 * The pool is host numbers 2 to 254 of the server's /24. A client is known by its client identifier
 * (option 61), else by its hardware address; it gets the same address again as long as nobody else
 * needed it. As the only server of its network it also confirms an address that it does not
 * remember (leases are in RAM) when that is free, so that clients keep theirs over a reset. */
#ifndef NET_DHCP_DHCP_SERVER_H
#define NET_DHCP_DHCP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DHCP_LEASE_S     4096u
#define DHCP_OFFER_S     60u  /* an offered address is kept so long for its client */
#define DHCP_DECLINE_S   600u /* an address that somebody else seems to use is left alone so long */
#define DHCP_FIRST_HOST  2u
#define DHCP_POOL_SIZE   253u
#define DHCP_REPLY_MAX   576u /* every client takes so much */
#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68

struct dhcp_lease {
    uint64_t client;  /* hash of the client's identity; 0: nobody had this address yet */
    uint32_t until_s; /* it may be given to another client from then on */
    uint8_t mac[6];   /* the hardware address that the client came with */
};

struct dhcp_server {
    uint8_t address[4];
    uint8_t netmask[4];
    struct dhcp_lease leases[DHCP_POOL_SIZE]; /* [i]: host number DHCP_FIRST_HOST + i */
};

/* `address`: the server's own, in a /24; it is also router and DNS server for the clients, and none
 * of them gets it. */
void dhcp_server_init(struct dhcp_server *server, const uint8_t address[4],
                      const uint8_t netmask[4]);

/* A datagram that came to port 67; `now_s`: a clock in seconds that never goes back. Returns the
 * size of the answer in `reply` (room for DHCP_REPLY_MAX), to be sent from port 67 to port 68 of
 * `destination`; 0: no answer. What is malformed is ignored. */
size_t dhcp_server_handle(struct dhcp_server *server, uint32_t now_s, const uint8_t *request,
                          size_t size, uint8_t *reply, uint8_t destination[4]);

/* The address that the client with this hardware address has now; false: none. */
bool dhcp_server_lease(const struct dhcp_server *server, uint32_t now_s, const uint8_t mac[6],
                       uint8_t address[4]);

/* The hardware address that has this address by its lease; false: nobody has. */
bool dhcp_server_holder(const struct dhcp_server *server, uint32_t now_s, const uint8_t address[4],
                        uint8_t mac[6]);

#endif

/* The router's view of an Ethernet frame (RFC 791, 768, 826): what is to be done with one that a
 * station has sent, and the making of its own. Pure: bytes in, bytes out; nothing about a frame is
 * believed before it has been checked. */
#ifndef BOARD_ROUTER_PACKET_H
#define BOARD_ROUTER_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX       1514u /* of a frame */
#define PACKET_UDP_MAX   1472u /* of the data of a datagram */
#define PACKET_DNS_PORT  53u
#define PACKET_DHCP_PORT 67u

/* The router's network: 192.168.0.0/24, in which it is .1. Its hardware address is the one that
 * libslirp gives to itself. */
extern const uint8_t packet_router[4], packet_netmask[4], packet_router_mac[6];

enum packet_kind {
    PACKET_DROP, /* not for the router, malformed, a fragment, or for where no router sends to */
    PACKET_DHCP, /* a datagram to its DHCP server */
    PACKET_DNS,  /* a datagram to its DNS server */
    PACKET_PASS, /* ARP, a ping or a connection to the router itself, or something for the outside
                  */
};

/* What passes of IPv4 is a whole packet of TCP, UDP or ICMP without IP options, that comes from an
 * address of the network and goes to the router itself, or to a unicast address outside of the
 * network that is neither the host's loopback (127.0.0.0/8, 0.0.0.0/8) nor of the link only
 * (169.254.0.0/16). */
enum packet_kind packet_kind(const uint8_t *frame, size_t size);

/* One end of a datagram. */
struct packet_end {
    uint8_t mac[6], address[4];
    uint16_t port;
};

/* The datagram that a frame carries, from whomever and for whomever; false: none that is whole. */
struct packet_udp {
    struct packet_end from, to;
    const uint8_t *data;
    size_t size;
};
bool packet_udp(const uint8_t *frame, size_t size, struct packet_udp *udp);

/* Make a frame with a datagram of at most PACKET_UDP_MAX bytes, from a port of the router. Returns
 * its size. */
size_t packet_make_udp(uint8_t frame[PACKET_MAX], uint16_t port, const struct packet_end *to,
                       const uint8_t *data, size_t size);

/* Give the datagram in a frame another destination, or another source, address. */
void packet_set_destination(uint8_t *frame, const uint8_t address[4]);
void packet_set_source(uint8_t *frame, const uint8_t address[4]);

/* The answer of a DNS server that cannot ask anybody (RFC 1035, SERVFAIL), in `reply`, which has
 * room for `size` bytes. Returns its size; 0: the query is malformed, there is no answer. */
size_t packet_dns_failure(const uint8_t *query, size_t size, uint8_t *reply);

#endif

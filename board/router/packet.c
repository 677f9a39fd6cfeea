#include "board/router/packet.h"

#include <string.h>

/* Offsets in a frame. */
enum { TO_MAC = 0, FROM_MAC = 6, TYPE = 12, IP = 14 };
enum { ETHERNET_SIZE = 14, IP_SIZE = 20, UDP_SIZE = 8, ARP_SIZE = 28, DNS_SIZE = 12 };
enum { TYPE_IP = 0x0800, TYPE_ARP = 0x0806 };
enum { ICMP = 1, TCP = 6, UDP = 17 };
enum { ICMP_SIZE = 8, TCP_SIZE = 20 }; /* at least */
enum { PLAIN = 0x45 };                 /* IPv4, a header without options */
/* Offsets in an IPv4 header, and in a datagram. */
enum {
    TOTAL = 2,
    FRAGMENT = 6,
    TTL = 8,
    PROTOCOL = 9,
    CHECKSUM = 10,
    SOURCE = 12,
    DESTINATION = 16
};
enum { UDP_FROM = 0, UDP_TO = 2, UDP_LENGTH = 4, UDP_CHECKSUM = 6 };

const uint8_t packet_router[4] = {192, 168, 0, 1};
const uint8_t packet_netmask[4] = {255, 255, 255, 0};
const uint8_t packet_router_mac[6] = {0x52, 0x55, 192, 168, 0, 1};

static const uint8_t broadcast_mac[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t broadcast[4] = {255, 255, 255, 255};

static unsigned get16(const uint8_t *at)
{
    return (unsigned)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* ---- what came */

static bool is_inside(const uint8_t address[4])
{
    return memcmp(address, packet_router, 3) == 0;
}

/* A packet that is whole, with at least the header of its protocol. */
static bool is_ip(const uint8_t *ip, size_t size)
{
    if (size < IP_SIZE || ip[0] != PLAIN || get16(ip + TOTAL) > size ||
        get16(ip + TOTAL) < IP_SIZE || (get16(ip + FRAGMENT) & 0x3fff) != 0) {
        return false;
    }
    size_t left = get16(ip + TOTAL) - IP_SIZE;
    const uint8_t *udp = ip + IP_SIZE;
    switch (ip[PROTOCOL]) {
    case ICMP:
        return left >= ICMP_SIZE;
    case TCP:
        return left >= TCP_SIZE;
    case UDP:
        return left >= UDP_SIZE && get16(udp + UDP_LENGTH) >= UDP_SIZE &&
               get16(udp + UDP_LENGTH) <= left;
    default:
        return false;
    }
}

static enum packet_kind kind_of_udp(const uint8_t *ip, bool to_router)
{
    unsigned port = get16(ip + IP_SIZE + UDP_TO);
    if (port == PACKET_DHCP_PORT) {
        return PACKET_DHCP;
    }
    return port == PACKET_DNS_PORT && to_router && is_inside(ip + SOURCE) ? PACKET_DNS
                                                                          : PACKET_DROP;
}

/* Does a router send on what is for this address? */
static bool is_outside(const uint8_t to[4])
{
    return !is_inside(to) && to[0] != 0 && to[0] != 127 && to[0] < 224 &&
           !(to[0] == 169 && to[1] == 254);
}

static enum packet_kind kind_of_ip(const uint8_t *ip, size_t size)
{
    if (!is_ip(ip, size)) {
        return PACKET_DROP;
    }
    bool to_router = memcmp(ip + DESTINATION, packet_router, 4) == 0;
    bool to_all = memcmp(ip + DESTINATION, broadcast, 4) == 0;
    if ((to_router || to_all) && ip[PROTOCOL] == UDP) {
        return kind_of_udp(ip, to_router);
    }
    bool from_station = is_inside(ip + SOURCE) && memcmp(ip + SOURCE, packet_router, 4) != 0;
    bool passes = from_station && (to_router || is_outside(ip + DESTINATION));
    return passes ? PACKET_PASS : PACKET_DROP;
}

enum packet_kind packet_kind(const uint8_t *frame, size_t size)
{
    if (size < ETHERNET_SIZE || size > PACKET_MAX ||
        (memcmp(frame + TO_MAC, packet_router_mac, 6) != 0 &&
         memcmp(frame + TO_MAC, broadcast_mac, 6) != 0)) {
        return PACKET_DROP;
    }
    switch (get16(frame + TYPE)) {
    case TYPE_IP:
        return kind_of_ip(frame + IP, size - ETHERNET_SIZE);
    case TYPE_ARP:
        return size >= ETHERNET_SIZE + ARP_SIZE ? PACKET_PASS : PACKET_DROP;
    default:
        return PACKET_DROP;
    }
}

bool packet_udp(const uint8_t *frame, size_t size, struct packet_udp *udp)
{
    const uint8_t *ip = frame + IP, *datagram = ip + IP_SIZE;
    if (size < ETHERNET_SIZE || get16(frame + TYPE) != TYPE_IP ||
        !is_ip(ip, size - ETHERNET_SIZE) || ip[PROTOCOL] != UDP) {
        return false;
    }
    memcpy(udp->from.mac, frame + FROM_MAC, 6);
    memcpy(udp->from.address, ip + SOURCE, 4);
    udp->from.port = (uint16_t)get16(datagram + UDP_FROM);
    memcpy(udp->to.mac, frame + TO_MAC, 6);
    memcpy(udp->to.address, ip + DESTINATION, 4);
    udp->to.port = (uint16_t)get16(datagram + UDP_TO);
    udp->data = datagram + UDP_SIZE;
    udp->size = get16(datagram + UDP_LENGTH) - UDP_SIZE;
    return true;
}

/* ---- what goes */

static void set_checksum(uint8_t *ip)
{
    uint32_t sum = 0;
    put16(ip + CHECKSUM, 0);
    for (size_t i = 0; i < IP_SIZE; i += 2) {
        sum += get16(ip + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    put16(ip + CHECKSUM, ~(sum + (sum >> 16)) & 0xffff);
}

size_t packet_make_udp(uint8_t frame[PACKET_MAX], uint16_t port, const struct packet_end *to,
                       const uint8_t *data, size_t size)
{
    uint8_t *ip = frame + IP, *udp = ip + IP_SIZE;
    memset(frame, 0, IP + IP_SIZE + UDP_SIZE);
    memcpy(frame + TO_MAC, to->mac, 6);
    memcpy(frame + FROM_MAC, packet_router_mac, 6);
    put16(frame + TYPE, TYPE_IP);
    ip[0] = PLAIN;
    put16(ip + TOTAL, IP_SIZE + UDP_SIZE + size);
    ip[TTL] = 64;
    ip[PROTOCOL] = UDP;
    memcpy(ip + SOURCE, packet_router, 4);
    memcpy(ip + DESTINATION, to->address, 4);
    set_checksum(ip);
    put16(udp + UDP_FROM, port);
    put16(udp + UDP_TO, to->port);
    put16(udp + UDP_LENGTH, UDP_SIZE + size); /* its checksum stays 0: none */
    memcpy(udp + UDP_SIZE, data, size);
    return ETHERNET_SIZE + IP_SIZE + UDP_SIZE + size;
}

static void set_address(uint8_t *frame, size_t which, const uint8_t address[4])
{
    uint8_t *ip = frame + IP;
    memcpy(ip + which, address, 4);
    set_checksum(ip);
    put16(ip + IP_SIZE + UDP_CHECKSUM, 0); /* none: it covers the address */
}

void packet_set_destination(uint8_t *frame, const uint8_t address[4])
{
    set_address(frame, DESTINATION, address);
}

void packet_set_source(uint8_t *frame, const uint8_t address[4])
{
    set_address(frame, SOURCE, address);
}

/* ---- DNS */

enum { FLAGS = 2, QUESTIONS = 4, OTHERS = 6, IS_ANSWER = 0x80, OPCODE = 0x78, ASKS_ON = 0x01 };
enum { CAN_ASK_ON = 0x80, SERVFAIL = 2, LABEL_MAX = 63, QUESTION_TAIL = 4 };

size_t packet_dns_failure(const uint8_t *query, size_t size, uint8_t *reply)
{
    if (size < DNS_SIZE || (query[FLAGS] & (IS_ANSWER | OPCODE)) != 0 ||
        get16(query + QUESTIONS) != 1) {
        return 0;
    }
    size_t end = DNS_SIZE;
    while (end < size && query[end] != 0 && query[end] <= LABEL_MAX) {
        end += 1u + query[end];
    }
    if (end >= size || query[end] != 0 || size - end - 1 < QUESTION_TAIL) {
        return 0;
    }
    end += 1 + QUESTION_TAIL;
    memcpy(reply, query, end);
    reply[FLAGS] = (uint8_t)(IS_ANSWER | (query[FLAGS] & ASKS_ON));
    reply[FLAGS + 1] = CAN_ASK_ON | SERVFAIL;
    memset(reply + OTHERS, 0, DNS_SIZE - OTHERS);
    return end;
}

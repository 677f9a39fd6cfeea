/* What the router does with frames of its stations: which pass, its DHCP and DNS, and whether the network behind it stands what a hostile
 * station sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/router/nat.h"
#include "board/router/packet.h"

enum { ICMP = 1, TCP = 6, UDP = 17, HEADERS = 14 + 20 };
enum { LIMIT_MS = 20000, FRAMES = 200000 };

static const uint8_t station_mac[6] = {0x02, 1, 2, 3, 4, 5}, everybody[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t station[4] = {192, 168, 0, 20}, outside[4] = {203, 0, 113, 7}, all[4] = {255, 255, 255, 255};
static uint8_t frame[PACKET_MAX + 100];

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static unsigned sum16(const uint8_t *from, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i += 2) {
        sum += (uint32_t)(from[i] << 8) + (i + 1 < size ? from[i + 1] : 0u);
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

/* A packet with so many bytes after its IPv4 header, that are 0; returns the size of the frame. */
static size_t make_ip(const uint8_t to[4], uint8_t protocol, size_t size)
{
    uint8_t *ip = frame + 14;
    memset(frame, 0, sizeof frame);
    memcpy(frame, packet_router_mac, 6);
    memcpy(frame + 6, station_mac, 6);
    put16(frame + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned)(20 + size));
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 12, station, 4);
    memcpy(ip + 16, to, 4);
    put16(ip + 10, ~sum16(ip, 20) & 0xffff);
    return HEADERS + size;
}

static size_t make_udp(const uint8_t to[4], unsigned port, const void *data, size_t size)
{
    size_t whole = make_ip(to, UDP, 8 + size);
    put16(frame + HEADERS, 4000);
    put16(frame + HEADERS + 2, port);
    put16(frame + HEADERS + 4, (unsigned)(8 + size));
    memcpy(frame + HEADERS + 8, data, size);
    return whole;
}

static size_t make_arp(void)
{
    static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0, 1};
    memset(frame, 0, sizeof frame);
    memcpy(frame, everybody, 6);
    memcpy(frame + 6, station_mac, 6);
    put16(frame + 12, 0x0806);
    memcpy(frame + 14, head, sizeof head);
    memcpy(frame + 22, station_mac, 6);
    memcpy(frame + 28, station, 4);
    memcpy(frame + 38, packet_router, 4);
    return 42;
}

/* ---- what passes */

static void what_is_for_the_router_or_the_outside_passes(void **state)
{
    assert_int_equal(packet_kind(frame, make_arp()), PACKET_PASS);
    assert_int_equal(packet_kind(frame, make_ip(packet_router, ICMP, 8)), PACKET_PASS);
    assert_int_equal(packet_kind(frame, make_ip(packet_router, TCP, 20)), PACKET_PASS);
    assert_int_equal(packet_kind(frame, make_ip(outside, TCP, 20)), PACKET_PASS);
    assert_int_equal(packet_kind(frame, make_ip(outside, TCP, 1480)), PACKET_PASS);
    assert_int_equal(packet_kind(frame, make_udp(outside, 9, "x", 1)), PACKET_PASS);
    assert_int_equal(packet_kind(frame, make_udp(outside, 53, "x", 1)), PACKET_PASS);
    assert_int_equal(packet_kind(frame, make_udp(packet_router, 53, "x", 1)), PACKET_DNS);
    assert_int_equal(packet_kind(frame, make_udp(packet_router, 67, "x", 1)), PACKET_DHCP);
    assert_int_equal(packet_kind(frame, make_udp(all, 67, "x", 1)), PACKET_DHCP);
    make_udp(all, 67, "x", 1); /* who has no address yet */
    memset(frame + 26, 0, 4);
    assert_int_equal(packet_kind(frame, HEADERS + 9), PACKET_DHCP);
}

static void where_no_router_sends_to(void **state)
{
    static const uint8_t nowhere[][4] = {
        {127, 0, 0, 1},     {127, 255, 0, 9}, {0, 0, 0, 0},       {0, 1, 2, 3},  {169, 254, 169, 254}, {224, 0, 0, 251},
        {239, 1, 1, 1},     {240, 0, 0, 1},   {255, 255, 255, 255}, {192, 168, 0, 0}, {192, 168, 0, 99}, {192, 168, 0, 255},
    };
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
        assert_int_equal(packet_kind(frame, make_ip(nowhere[i], TCP, 20)), PACKET_DROP);
        assert_int_equal(packet_kind(frame, make_ip(nowhere[i], ICMP, 8)), PACKET_DROP);
        assert_int_equal(packet_kind(frame, make_udp(nowhere[i], 53, "x", 1)), PACKET_DROP);
    }
    assert_int_equal(packet_kind(frame, make_udp(packet_router, 69, "x", 1)), PACKET_DROP);
    assert_int_equal(packet_kind(frame, make_udp(outside, 67, "x", 1)), PACKET_PASS);
}

static void nobody_speaks_for_others(void **state)
{
    static const uint8_t sources[][4] = {{0, 0, 0, 0}, {192, 168, 0, 1}, {192, 168, 1, 20}, {127, 0, 0, 1}, {203, 0, 113, 8}};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        size_t size = make_ip(outside, TCP, 20);
        memcpy(frame + 26, sources[i], 4);
        assert_int_equal(packet_kind(frame, size), PACKET_DROP);
    }
    size_t size = make_ip(outside, TCP, 20);
    frame[0] ^= 2; /* for another station, which has just gone */
    assert_int_equal(packet_kind(frame, size), PACKET_DROP);
}

static void fragments_and_the_malformed_are_dropped(void **state)
{
    static const unsigned fragments[] = {0x2000, 0x0001, 0x2001, 0x1fff};
    for (size_t i = 0; i < sizeof fragments / sizeof fragments[0]; i++) {
        size_t size = make_udp(outside, 9, "12345678", 8);
        put16(frame + 20, fragments[i]);
        assert_int_equal(packet_kind(frame, size), PACKET_DROP);
    }
    make_ip(outside, TCP, 20);
    put16(frame + 20, 0x4000); /* "do not fragment" is none */
    assert_int_equal(packet_kind(frame, HEADERS + 20), PACKET_PASS);
    for (size_t size = 0; size < HEADERS + 20; size++) {
        assert_int_equal(packet_kind(frame, size), PACKET_DROP);
    }
    for (unsigned total = 0; total < 40; total++) {
        put16(frame + 16, total);
        assert_int_equal(packet_kind(frame, HEADERS + 20), PACKET_DROP);
    }
    make_ip(outside, TCP, 20);
    frame[14] = 0x46; /* with options */
    assert_int_equal(packet_kind(frame, HEADERS + 20), PACKET_DROP);
    frame[14] = 0x65;
    assert_int_equal(packet_kind(frame, HEADERS + 20), PACKET_DROP);
    for (unsigned length = 0; length < 20; length++) {
        size_t size = make_udp(packet_router, 53, "x", 1);
        put16(frame + HEADERS + 4, length);
        assert_int_equal(packet_kind(frame, size), length == 8 || length == 9 ? PACKET_DNS : PACKET_DROP);
    }
    assert_int_equal(packet_kind(frame, make_ip(outside, TCP, 1481)), PACKET_DROP);
    assert_int_equal(packet_kind(frame, make_ip(outside, 47, 100)), PACKET_DROP);
    for (size_t size = make_arp() - 1; size > 0; size--) {
        assert_int_equal(packet_kind(frame, size), PACKET_DROP);
    }
    make_ip(outside, TCP, 20);
    put16(frame + 12, 0x86dd); /* IPv6 */
    assert_int_equal(packet_kind(frame, HEADERS + 20), PACKET_DROP);
}

/* ---- datagrams of the router */

static void a_datagram_that_is_made_can_be_read(void **state)
{
    uint8_t made[PACKET_MAX];
    struct packet_end to = {.port = 4000};
    struct packet_udp udp;
    memcpy(to.mac, station_mac, 6);
    memcpy(to.address, station, 4);
    size_t size = packet_make_udp(made, PACKET_DNS_PORT, &to, (const uint8_t *)"answer", 6);
    assert_int_equal(size, HEADERS + 8 + 6);
    assert_memory_equal(made, station_mac, 6);
    assert_memory_equal(made + 6, packet_router_mac, 6);
    assert_int_equal(sum16(made + 14, 20), 0xffff);
    for (size_t less = 0; less < size; less++) {
        assert_false(packet_udp(made, less, &udp));
    }

    assert_true(packet_udp(made, size, &udp));
    assert_memory_equal(udp.to.address, station, 4);
    assert_memory_equal(udp.to.mac, station_mac, 6);
    assert_int_equal(udp.to.port, 4000);
    assert_memory_equal(udp.from.address, packet_router, 4);
    assert_memory_equal(udp.from.mac, packet_router_mac, 6);
    assert_int_equal(udp.from.port, PACKET_DNS_PORT);
    assert_int_equal(udp.size, 6);
    assert_memory_equal(udp.data, "answer", 6);

    packet_set_source(made, outside);
    packet_set_destination(made, all);
    assert_int_equal(sum16(made + 14, 20), 0xffff);
    assert_true(packet_udp(made, size, &udp));
    assert_memory_equal(udp.from.address, outside, 4);
    assert_memory_equal(udp.to.address, all, 4);
}

static const uint8_t query[] = "\x12\x34\x01\x20\0\1\0\0\0\0\0\1\7example\3org\0\0\1\0\1\0\0\x29\x10\0\0\0\0\0\0"; /* with EDNS */
enum { QUESTION_END = 12 + 13 + 4 };

static void names_cannot_be_looked_up_without_internet(void **state)
{
    static const uint8_t wanted[] = "\x12\x34\x81\x82\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1";
    uint8_t reply[sizeof query];
    assert_int_equal(packet_dns_failure(query, sizeof query - 1, reply), QUESTION_END);
    assert_memory_equal(reply, wanted, QUESTION_END);
    for (size_t size = 0; size < QUESTION_END; size++) {
        uint8_t *exact = malloc(size > 0 ? size : 1), *small = malloc(size > 0 ? size : 1); /* the sanitizer sees their ends */
        memcpy(exact, query, size);
        assert_int_equal(packet_dns_failure(exact, size, small), 0);
        free(exact);
        free(small);
    }
    uint8_t other[sizeof query];
    memcpy(other, query, sizeof query);
    other[2] |= 0x80; /* an answer is no query: two servers must not answer each other for ever */
    assert_int_equal(packet_dns_failure(other, sizeof other, reply), 0);
    memcpy(other, query, sizeof query);
    other[5] = 2;
    assert_int_equal(packet_dns_failure(other, sizeof other, reply), 0);
    memcpy(other, query, sizeof query);
    other[12] = 0xc0; /* a pointer */
    assert_int_equal(packet_dns_failure(other, sizeof other, reply), 0);
}

/* ---- the network as a process */

static int air;
static pid_t network;
static bool internet;

static int start_network(void **state)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0) {
        return -1;
    }
    network = fork();
    if (network == 0) {
        struct nat_config config = {.fd = ends[1], .internet = internet};
        close(ends[0]);
        nat_run(&config);
    }
    close(ends[1]);
    air = ends[0];
    return network < 0 ? -1 : 0;
}

static int start_internet(void **state)
{
    internet = true;
    return start_network(state);
}

/* It ends with the other end of its socket, and by itself, whatever it has been sent. */
static int stop_network(void **state)
{
    int status = -1;
    close(air);
    waitpid(network, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void send_frame(size_t size)
{
    while (send(air, frame, size, MSG_NOSIGNAL) < 0) {
        struct pollfd room = {.fd = air, .events = POLLOUT};
        assert_int_equal(errno, EAGAIN);
        assert_int_equal(poll(&room, 1, LIMIT_MS), 1);
    }
}

/* The next frame that comes; its size. */
static size_t receive_frame(uint8_t received[PACKET_MAX])
{
    struct pollfd news = {.fd = air, .events = POLLIN};
    assert_int_equal(poll(&news, 1, LIMIT_MS), 1);
    ssize_t size = recv(air, received, PACKET_MAX, 0);
    assert_true(size > 0);
    return (size_t)size;
}

static size_t make_discover(void)
{
    uint8_t dhcp[300] = {[0] = 1, [1] = 1, [2] = 6, [4] = 0xab};
    static const uint8_t options[] = {99, 130, 83, 99, 53, 1, 1, 255};
    memcpy(dhcp + 28, station_mac, 6);
    memcpy(dhcp + 236, options, sizeof options);
    return make_udp(all, PACKET_DHCP_PORT, dhcp, sizeof dhcp);
}

static void the_network_answers(void **state)
{
    uint8_t received[PACKET_MAX];
    struct packet_udp udp;
    send_frame(make_arp());
    assert_int_equal(receive_frame(received) >= 42, true);
    assert_memory_equal(received, station_mac, 6);
    assert_memory_equal(received + 22, packet_router_mac, 6);

    send_frame(make_discover());
    assert_true(packet_udp(received, receive_frame(received), &udp));
    assert_int_equal(udp.from.port, PACKET_DHCP_PORT);
    assert_memory_equal(received, everybody, 6);
    assert_int_equal(udp.data[4], 0xab);
    assert_memory_equal(udp.data + 16, packet_router, 3); /* the address that is offered */

    send_frame(make_udp(packet_router, PACKET_DNS_PORT, query, sizeof query - 1));
    assert_true(packet_udp(received, receive_frame(received), &udp));
    assert_int_equal(udp.from.port, PACKET_DNS_PORT);
    assert_int_equal(udp.size, QUESTION_END);

    size_t size = make_ip(packet_router, ICMP, 8);
    frame[HEADERS] = 8; /* echo request */
    put16(frame + HEADERS + 2, 0xf7ff);
    send_frame(size);
    receive_frame(received);
    assert_int_equal(received[23], ICMP);
    assert_int_equal(received[HEADERS], 0);
}

/* A frame that makes some sense, and then is changed here and there. */
static size_t make_hostile(void)
{
    uint8_t to[4] = {203, 0, 113, (uint8_t)rand()};
    size_t size;
    switch (rand() % 8) {
    case 0:
        size = make_arp();
        break;
    case 1:
        size = make_discover();
        break;
    case 2:
        size = make_udp(packet_router, PACKET_DNS_PORT, query, sizeof query - 1);
        break;
    case 3:
        size = make_ip(packet_router, ICMP, (size_t)(rand() % 1480));
        break;
    case 4:
        size = make_ip(rand() % 2 ? to : packet_router, UDP, (size_t)(rand() % 1480));
        break;
    default:
        size = make_ip(rand() % 2 ? to : packet_router, TCP, 20 + (size_t)(rand() % 100));
        frame[HEADERS + 12] = (uint8_t)(rand() % 16 << 4);
        frame[HEADERS + 13] = (uint8_t)rand();
        for (size_t i = HEADERS + 20; i < size; i++) {
            frame[i] = (uint8_t)(rand() % 12); /* options */
        }
    }
    for (int changes = rand() % 4; changes > 0; changes--) {
        frame[rand() % (int)size] = (uint8_t)rand();
    }
    if (internet) {
        memcpy(frame + 30, packet_router, 4); /* nobody outside of this test is to be bothered */
    }
    if (frame[14] == 0x45 && rand() % 2) {
        put16(frame + 24, 0);
        put16(frame + 24, ~sum16(frame + 14, 20) & 0xffff); /* libslirp looks at what has the right checksum */
    }
    return rand() % 10 ? size : 1 + (size_t)rand() % (size + 50);
}

static void the_network_stands_what_a_station_sends(void **state)
{
    uint8_t received[PACKET_MAX];
    srand(20261122);
    for (int i = 0; i < FRAMES; i++) {
        size_t size = make_hostile();
        send_frame(size > PACKET_MAX ? PACKET_MAX : size);
        while (recv(air, received, sizeof received, 0) > 0) {
        }
    }
    /* It goes on serving. */
    struct packet_udp udp;
    send_frame(make_udp(packet_router, PACKET_DNS_PORT, query, sizeof query - 1));
    while (!packet_udp(received, receive_frame(received), &udp) || udp.size != QUESTION_END || memcmp(udp.data, query, 2) != 0) {
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_for_the_router_or_the_outside_passes),
        cmocka_unit_test(where_no_router_sends_to),
        cmocka_unit_test(nobody_speaks_for_others),
        cmocka_unit_test(fragments_and_the_malformed_are_dropped),
        cmocka_unit_test(a_datagram_that_is_made_can_be_read),
        cmocka_unit_test(names_cannot_be_looked_up_without_internet),
        cmocka_unit_test_setup_teardown(the_network_answers, start_network, stop_network),
        cmocka_unit_test_setup_teardown(the_network_stands_what_a_station_sends, start_network, stop_network),
        cmocka_unit_test_setup_teardown(the_network_stands_what_a_station_sends, start_internet, stop_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

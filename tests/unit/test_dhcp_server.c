/* The DHCP server, from the client's side: datagrams in, datagrams out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/dhcp/dhcp_server.h"

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM };

static const uint8_t server_address[4] = {192, 168, 1, 1};
static const uint8_t netmask[4] = {255, 255, 255, 0};
static const uint8_t everybody[4] = {255, 255, 255, 255};

static struct dhcp_server server;
static uint8_t reply[DHCP_REPLY_MAX];
static uint8_t destination[4];
static size_t reply_size;
static uint32_t now_s;

static int start(void **state)
{
    dhcp_server_init(&server, server_address, netmask);
    now_s = 1000;
    return 0;
}

/* ---- a client */

struct packet {
    uint8_t bytes[1024];
    size_t size;
};

static void option(struct packet *packet, uint8_t code, const void *value, size_t size)
{
    packet->bytes[packet->size++] = code;
    packet->bytes[packet->size++] = (uint8_t)size;
    memcpy(packet->bytes + packet->size, value, size);
    packet->size += size;
}

static struct packet packet_of(uint8_t type, unsigned client)
{
    struct packet packet = {.size = 240};
    packet.bytes[0] = 1;
    packet.bytes[1] = 1;
    packet.bytes[2] = 6;
    memcpy(packet.bytes + 4, "XIDX", 4);
    packet.bytes[28] = 0x02;
    packet.bytes[32] = (uint8_t)(client >> 8);
    packet.bytes[33] = (uint8_t)client;
    memcpy(packet.bytes + 236, (uint8_t[]){99, 130, 83, 99}, 4);
    option(&packet, 53, &type, 1);
    return packet;
}

static void address_option(struct packet *packet, uint8_t code, uint8_t host)
{
    option(packet, code, (uint8_t[]){192, 168, 1, host}, 4);
}

static const uint8_t *answered(uint8_t code, size_t *size);

/* Send it; returns the type of the answer, 0 for none. */
static uint8_t handle(struct packet *packet)
{
    packet->bytes[packet->size++] = 255;
    /* a copy of exactly that size, so that the sanitizer sees a read beyond it */
    uint8_t *exact = malloc(packet->size);
    memcpy(exact, packet->bytes, packet->size);
    reply_size = dhcp_server_handle(&server, now_s, exact, packet->size, reply, destination);
    free(exact);
    if (reply_size == 0)
        return 0;
    size_t size;
    const uint8_t *type = answered(53, &size);
    assert_non_null(type);
    assert_int_equal(size, 1);
    return type[0];
}

/* An option of the answer; NULL: absent. */
static const uint8_t *answered(uint8_t code, size_t *size)
{
    assert_memory_equal(reply + 236, ((uint8_t[]){99, 130, 83, 99}), 4);
    for (size_t at = 240; reply[at] != 255; at += 2u + reply[at + 1]) {
        assert_true(at + 2u + reply[at + 1] < reply_size);
        if (reply[at] == code) {
            *size = reply[at + 1];
            return reply + at + 2;
        }
    }
    return NULL;
}

static void assert_option(uint8_t code, const void *value, size_t size)
{
    size_t actual;
    const uint8_t *option_value = answered(code, &actual);
    assert_non_null(option_value);
    assert_int_equal(actual, size);
    assert_memory_equal(option_value, value, size);
}

static uint8_t offered_host(void)
{
    assert_memory_equal(reply + 16, server_address, 3);
    return reply[19];
}

static uint8_t discover(unsigned client)
{
    struct packet packet = packet_of(DISCOVER, client);
    return handle(&packet) == OFFER ? offered_host() : 0;
}

static uint8_t select_offer(unsigned client, uint8_t host)
{
    struct packet packet = packet_of(REQUEST, client);
    address_option(&packet, 54, 1);
    address_option(&packet, 50, host);
    return handle(&packet);
}

static uint8_t lease(unsigned client)
{
    uint8_t host = discover(client);
    assert_int_not_equal(host, 0);
    assert_int_equal(select_offer(client, host), ACK);
    assert_int_equal(offered_host(), host);
    return host;
}

static uint8_t reboot(unsigned client, uint8_t host)
{
    struct packet packet = packet_of(REQUEST, client);
    address_option(&packet, 50, host);
    return handle(&packet);
}

static uint8_t renew(unsigned client, uint8_t host)
{
    struct packet packet = packet_of(REQUEST, client);
    memcpy(packet.bytes + 12, (uint8_t[]){192, 168, 1, host}, 4);
    return handle(&packet);
}

static void release(unsigned client, uint8_t host)
{
    struct packet packet = packet_of(RELEASE, client);
    memcpy(packet.bytes + 12, (uint8_t[]){192, 168, 1, host}, 4);
    address_option(&packet, 54, 1);
    assert_int_equal(handle(&packet), 0);
}

/* ---- tests */

static void test_the_first_client_gets_2_and_the_network(void **state)
{
    assert_int_equal(lease(7), 2);
    assert_memory_equal(destination, everybody, 4);
    assert_int_equal(reply[0], 2);
    assert_memory_equal(reply + 4, "XIDX", 4);
    assert_int_equal(reply[33], 7);
    assert_true(reply_size >= 300);
    assert_option(1, netmask, 4);
    assert_option(3, server_address, 4);
    assert_option(6, server_address, 4);
    assert_option(54, server_address, 4);
    assert_option(51, (uint8_t[]){0, 0, 0x10, 0}, 4); /* 4096 s */
}

static void test_the_same_client_gets_the_same_address(void **state)
{
    uint8_t first = lease(1);
    uint8_t second = lease(2);
    assert_int_not_equal(first, second);
    assert_int_equal(lease(1), first);
    now_s += 2 * DHCP_LEASE_S;
    assert_int_equal(lease(2), second);
}

static void test_client_identifier_counts_more_than_the_hardware_address(void **state)
{
    struct packet packet = packet_of(DISCOVER, 1);
    option(&packet, 61, "\x01one", 4);
    assert_int_equal(handle(&packet), OFFER);
    uint8_t host = offered_host();
    assert_option(61, "\x01one", 4);
    packet = packet_of(DISCOVER, 2);
    option(&packet, 61, "\x01one", 4);
    assert_int_equal(handle(&packet), OFFER);
    assert_int_equal(offered_host(), host);
    packet = packet_of(DISCOVER, 1);
    option(&packet, 61, "\x01two", 4);
    assert_int_equal(handle(&packet), OFFER);
    assert_int_not_equal(offered_host(), host);
}

static void test_longest_client_identifier_is_echoed(void **state)
{
    uint8_t id[255];
    memset(id, 0xa5, sizeof id);
    struct packet packet = packet_of(DISCOVER, 1);
    option(&packet, 61, id, sizeof id);
    assert_int_equal(handle(&packet), OFFER);
    assert_option(61, id, sizeof id);
    assert_true(reply_size <= DHCP_REPLY_MAX);
}

static void test_a_wish_is_granted_when_free(void **state)
{
    struct packet packet = packet_of(DISCOVER, 1);
    address_option(&packet, 50, 77);
    assert_int_equal(handle(&packet), OFFER);
    assert_int_equal(offered_host(), 77);
    assert_int_equal(select_offer(1, 77), ACK);
    packet = packet_of(DISCOVER, 2);
    address_option(&packet, 50, 77);
    assert_int_equal(handle(&packet), OFFER);
    assert_int_not_equal(offered_host(), 77);
    packet = packet_of(DISCOVER, 3);
    address_option(&packet, 50, 1);
    assert_int_equal(handle(&packet), OFFER);
    assert_int_not_equal(offered_host(), 1);
}

static void test_pool_of_253(void **state)
{
    bool given[256] = {false};
    for (unsigned client = 0; client < DHCP_POOL_SIZE; client++) {
        uint8_t host = lease(client);
        assert_in_range(host, 2, 254);
        assert_false(given[host]);
        given[host] = true;
    }
    assert_int_equal(discover(1000), 0);
    release(5, lease(5));
    assert_int_not_equal(discover(1000), 0);
}

static void test_expired_leases_are_given_again_oldest_first(void **state)
{
    for (unsigned client = 0; client < DHCP_POOL_SIZE; client++) {
        lease(client);
        now_s++;
    }
    uint8_t oldest = lease(0); /* renewed: now client 1 is the oldest */
    assert_int_equal(discover(1000), 0);
    now_s += DHCP_LEASE_S;
    uint8_t host = lease(1000);
    assert_int_not_equal(host, oldest);
    assert_int_equal(reboot(1, host), NAK);
}

static void test_an_unused_offer_is_free_after_a_minute(void **state)
{
    for (unsigned client = 0; client < DHCP_POOL_SIZE; client++)
        assert_int_not_equal(discover(client), 0);
    assert_int_equal(discover(1000), 0);
    now_s += DHCP_OFFER_S;
    assert_int_not_equal(discover(1000), 0);
}

static void test_request_for_another_server_is_not_ours(void **state)
{
    uint8_t host = discover(1);
    struct packet packet = packet_of(REQUEST, 1);
    address_option(&packet, 54, 9);
    address_option(&packet, 50, host);
    assert_int_equal(handle(&packet), 0);
}

static void test_rebooting_client(void **state)
{
    uint8_t host = lease(1);
    assert_int_equal(reboot(1, host), ACK);
    assert_int_equal(reboot(2, host), NAK);
    assert_memory_equal(destination, everybody, 4);
    assert_int_equal(reboot(3, 99), ACK); /* from before our own reset */
    assert_int_not_equal(discover(4), 99);
    struct packet packet = packet_of(REQUEST, 5);
    option(&packet, 50, (uint8_t[]){10, 0, 0, 5}, 4);
    assert_int_equal(handle(&packet), NAK);
    packet = packet_of(REQUEST, 6);
    assert_int_equal(handle(&packet), 0);
}

static void test_renewing_is_answered_to_the_client_itself(void **state)
{
    uint8_t host = lease(1);
    now_s += DHCP_LEASE_S / 2;
    assert_int_equal(renew(1, host), ACK);
    assert_memory_equal(destination, ((uint8_t[]){192, 168, 1, host}), 4);
    assert_int_equal(offered_host(), host);
    now_s += DHCP_LEASE_S - 1; /* the renewed lease still runs */
    assert_int_equal(renew(2, host), NAK);
}

static void test_a_client_has_one_lease(void **state)
{
    uint8_t first = lease(1);
    assert_int_equal(reboot(1, 99), ACK);
    assert_int_equal(reboot(2, first), ACK);
}

static void test_declined_address_rests(void **state)
{
    uint8_t host = lease(1);
    struct packet packet = packet_of(DECLINE, 2);
    address_option(&packet, 50, host);
    assert_int_equal(handle(&packet), 0);
    assert_int_equal(renew(1, host), ACK); /* it is not client 2's to decline */
    packet = packet_of(DECLINE, 1);
    address_option(&packet, 50, host);
    assert_int_equal(handle(&packet), 0);
    assert_int_not_equal(lease(1), host);
    assert_int_equal(reboot(3, host), NAK);
    now_s += DHCP_DECLINE_S;
    assert_int_equal(reboot(3, host), ACK);
}

static void test_released_address_comes_back_to_its_client(void **state)
{
    uint8_t host = lease(1);
    release(2, host); /* not its own: nothing happens */
    assert_int_equal(reboot(2, host), NAK);
    release(1, host);
    assert_int_not_equal(discover(2), host);
    assert_int_equal(discover(1), host);
    release(1, host);
    assert_int_equal(reboot(2, host), ACK);
}

/* RFC 2131, 4.3.1: without an address to offer a server is silent, so that the client may find
 * another one. 4.3.2: to who asks for an address that is another's, it says no. */
static void test_full_pool_refuses_until_an_address_is_released(void **state)
{
    uint8_t hosts[DHCP_POOL_SIZE];
    for (unsigned client = 0; client < DHCP_POOL_SIZE; client++) {
        hosts[client] = lease(client);
    }
    assert_int_equal(discover(1000), 0);
    assert_int_equal(select_offer(1000, hosts[40]), NAK);
    assert_int_equal(reboot(1000, hosts[40]), NAK);
    assert_memory_equal(destination, everybody, 4); /* it has no address */
    assert_int_equal(reboot(40, hosts[40]), ACK);   /* who has one keeps it */

    release(40, hosts[40]);
    assert_int_equal(lease(1000), hosts[40]);
    assert_int_equal(discover(1001), 0);
    assert_int_equal(discover(40), 0); /* it came too late */
    assert_int_equal(reboot(40, hosts[40]), NAK);
}

static void test_inform(void **state)
{
    struct packet packet = packet_of(INFORM, 1);
    memcpy(packet.bytes + 12, (uint8_t[]){192, 168, 1, 200}, 4);
    assert_int_equal(handle(&packet), ACK);
    assert_memory_equal(destination, ((uint8_t[]){192, 168, 1, 200}), 4);
    assert_int_equal(reply[19], 0);
    size_t size;
    assert_null(answered(51, &size));
    assert_option(3, server_address, 4);
}

static void test_malformed_is_ignored(void **state)
{
    struct packet packet = packet_of(DISCOVER, 1);
    packet.bytes[2] = 16; /* hlen */
    assert_int_equal(handle(&packet), 0);
    packet = packet_of(DISCOVER, 1);
    packet.bytes[236] = 0; /* magic */
    assert_int_equal(handle(&packet), 0);
    packet = packet_of(DISCOVER, 1);
    packet.bytes[0] = 2; /* an answer */
    assert_int_equal(handle(&packet), 0);
    packet = packet_of(DISCOVER, 1);
    packet.bytes[24] = 10; /* from a relay */
    assert_int_equal(handle(&packet), 0);
    packet = packet_of(DISCOVER, 1);
    packet.bytes[packet.size++] = 50;
    packet.bytes[packet.size++] = 200; /* runs over the end */
    assert_int_equal(handle(&packet), 0);
    packet = packet_of(99, 1);
    assert_int_equal(handle(&packet), 0);
    packet = packet_of(DISCOVER, 1);
    packet.size = 200;
    assert_int_equal(handle(&packet), 0);
    assert_int_equal(discover(1), 2);
}

static void test_random_packets(void **state)
{
    srand(1);
    for (int round = 0; round < 200000; round++) {
        struct packet packet = packet_of((uint8_t)(1 + rand() % 8), (unsigned)rand() % 400);
        if (rand() % 2)
            address_option(&packet, 50, (uint8_t)rand());
        if (rand() % 2)
            address_option(&packet, 54, (uint8_t)(rand() % 4));
        if (rand() % 4 == 0)
            memcpy(packet.bytes + 12, (uint8_t[]){192, 168, 1, (uint8_t)rand()}, 4);
        for (int i = rand() % 20; i > 0; i--)
            packet.bytes[packet.size++] = (uint8_t)rand();
        for (int i = rand() % 3; i > 0; i--)
            packet.bytes[(size_t)rand() % packet.size] = (uint8_t)rand();
        if (rand() % 4 == 0)
            packet.size = (size_t)rand() % (packet.size + 1);
        now_s += (uint32_t)rand() % 8;
        uint8_t *exact = malloc(packet.size + 1);
        memcpy(exact, packet.bytes, packet.size);
        size_t size = dhcp_server_handle(&server, now_s, exact, packet.size, reply, destination);
        free(exact);
        assert_true(size <= DHCP_REPLY_MAX);
        if (size > 0 && reply[16] != 0) {
            assert_memory_equal(reply + 16, server_address, 3);
            assert_in_range(reply[19], 2, 254);
        }
    }
    /* nobody has two addresses */
    for (size_t a = 0; a < DHCP_POOL_SIZE; a++) {
        for (size_t b = a + 1; b < DHCP_POOL_SIZE; b++) {
            bool odd = (server.leases[a].client & 1) != 0; /* a client's, not a declined one */
            assert_false(odd && server.leases[a].client == server.leases[b].client);
        }
    }
}

static void test_its_own_address_is_nobodys(void **state)
{
    const uint8_t own[4] = {192, 168, 1, 7};
    dhcp_server_init(&server, own, netmask);
    for (unsigned client = 0; client < DHCP_POOL_SIZE - 1; client++) {
        struct packet discover = packet_of(DISCOVER, client);
        assert_int_equal(handle(&discover), OFFER);
        assert_int_not_equal(reply[19], 7);
    }
    struct packet one_too_many = packet_of(DISCOVER, DHCP_POOL_SIZE);
    assert_int_equal(handle(&one_too_many), 0);
    struct packet request = packet_of(REQUEST, 1);
    address_option(&request, 50, 7);
    assert_int_equal(handle(&request), NAK);
}

static void test_lease_of_a_hardware_address(void **state)
{
    const uint8_t mac[6] = {0x02, 0, 0, 0, 0, 9};
    uint8_t address[4];
    assert_false(dhcp_server_lease(&server, now_s, mac, address));
    struct packet request = packet_of(REQUEST, 9);
    option(&request, 61, "by another name", 15);
    address_option(&request, 50, 77);
    assert_int_equal(handle(&request), ACK);
    assert_true(dhcp_server_lease(&server, now_s, mac, address));
    assert_memory_equal(address, ((uint8_t[]){192, 168, 1, 77}), 4);
    assert_false(dhcp_server_lease(&server, now_s + DHCP_LEASE_S, mac, address));
}

static void test_whose_an_address_is(void **state)
{
    const uint8_t mac[6] = {0x02, 0, 0, 0, 0, 9};
    const uint8_t others[][4] = {{192, 168, 1, 1},   {192, 168, 1, 0},  {192, 168, 1, 76},
                                 {192, 168, 1, 255}, {192, 168, 2, 77}, {0}};
    const uint8_t address[4] = {192, 168, 1, 77};
    uint8_t holder[6];
    assert_false(dhcp_server_holder(&server, now_s, address, holder));
    struct packet request = packet_of(REQUEST, 9);
    address_option(&request, 50, 77);
    assert_int_equal(handle(&request), ACK);
    assert_true(dhcp_server_holder(&server, now_s, address, holder));
    assert_memory_equal(holder, mac, 6);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(dhcp_server_holder(&server, now_s, others[i], holder));
    }
    assert_false(dhcp_server_holder(&server, now_s + DHCP_LEASE_S, address, holder));
    struct packet release = packet_of(RELEASE, 9);
    memcpy(release.bytes + 12, address, 4);
    assert_int_equal(handle(&release), 0);
    assert_false(dhcp_server_holder(&server, now_s, address, holder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_first_client_gets_2_and_the_network, start),
        cmocka_unit_test_setup(test_the_same_client_gets_the_same_address, start),
        cmocka_unit_test_setup(test_client_identifier_counts_more_than_the_hardware_address, start),
        cmocka_unit_test_setup(test_longest_client_identifier_is_echoed, start),
        cmocka_unit_test_setup(test_a_wish_is_granted_when_free, start),
        cmocka_unit_test_setup(test_pool_of_253, start),
        cmocka_unit_test_setup(test_expired_leases_are_given_again_oldest_first, start),
        cmocka_unit_test_setup(test_an_unused_offer_is_free_after_a_minute, start),
        cmocka_unit_test_setup(test_request_for_another_server_is_not_ours, start),
        cmocka_unit_test_setup(test_rebooting_client, start),
        cmocka_unit_test_setup(test_renewing_is_answered_to_the_client_itself, start),
        cmocka_unit_test_setup(test_a_client_has_one_lease, start),
        cmocka_unit_test_setup(test_declined_address_rests, start),
        cmocka_unit_test_setup(test_released_address_comes_back_to_its_client, start),
        cmocka_unit_test_setup(test_full_pool_refuses_until_an_address_is_released, start),
        cmocka_unit_test_setup(test_inform, start),
        cmocka_unit_test_setup(test_malformed_is_ignored, start),
        cmocka_unit_test_setup(test_random_packets, start),
        cmocka_unit_test_setup(test_its_own_address_is_nobodys, start),
        cmocka_unit_test_setup(test_lease_of_a_hardware_address, start),
        cmocka_unit_test_setup(test_whose_an_address_is, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The WLAN as a station on the real TCP/IP: leases from a DHCP server on a radio of paper, and
 * frames that no honest neighbour sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hal/clock.h"
#include "hal/interrupt.h"
#include "hal/random.h"
#include "hal/report.h"
#include "hal/reset.h"
#include "hal/result.h"
#include "net/dhcp/dhcp_server.h"
#include "net/stack/stack.h"
#include "net/wlan.h"

#define IP      14 /* offsets in a frame */
#define UDP     34
#define PAYLOAD 42

static uint64_t now_us;
static enum hal_radio_link link;
static struct dhcp_server server;
static bool has_server;
static unsigned discovers, releases, mdns_frames, arp_replies;

static struct frame {
    uint8_t bytes[HAL_RADIO_FRAME_MAX];
    size_t size;
} inbox[8];
static unsigned inbox_count;

/* ---- the hardware */

volatile uint32_t hal_interrupt_pending;

uint64_t hal_clock_us(void)
{
    return now_us;
}

uint64_t hal_clock_link_us(void)
{
    return now_us;
}

static uint32_t seed = 1;

static uint32_t dice(uint32_t sides)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % sides;
}

void hal_random(void *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)data)[i] = (uint8_t)dice(256);
    }
}

void hal_fault(const char *reason)
{
    fail_msg("%s", reason);
    abort();
}

void hal_report(enum hal_report_item item, const char *text)
{
}

void hal_radio_mac(uint8_t mac[6])
{
    memcpy(mac, (uint8_t[]){0xd4, 0xf5, 0x13, 0x5e, 0x0a, 0xb1}, 6);
}

int hal_radio_ap_start(const struct hal_radio_ap *ap)
{
    return 0;
}

void hal_radio_ap_stop(void)
{
}

int hal_radio_ap_stations(uint8_t (*macs)[6], int max)
{
    return 0;
}

int hal_radio_join(const struct hal_radio_network *network)
{
    link = HAL_RADIO_JOINED;
    return 0;
}

void hal_radio_leave(void)
{
    link = HAL_RADIO_LEFT;
}

enum hal_radio_link hal_radio_link(void)
{
    return link;
}

size_t hal_radio_receive(void *frame)
{
    if (inbox_count == 0) {
        return 0;
    }
    size_t size = inbox[0].size;
    memcpy(frame, inbox[0].bytes, size);
    memmove(inbox, inbox + 1, --inbox_count * sizeof inbox[0]);
    return size;
}

/* ---- the other side */

static void put16(uint8_t *to, unsigned value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *from)
{
    return (unsigned)from[0] << 8 | from[1];
}

static void seal_ip(uint8_t *ip)
{
    uint32_t sum = 0;
    put16(ip + 10, 0);
    for (int i = 0; i < 20; i += 2) {
        sum += get16(ip + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    put16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
}

static void deliver(const struct frame *frame)
{
    assert_true(inbox_count < sizeof inbox / sizeof inbox[0]);
    inbox[inbox_count++] = *frame;
}

static struct frame datagram(const uint8_t to[4], unsigned from_port, unsigned to_port,
                             const void *data, size_t size)
{
    struct frame frame = {.size = PAYLOAD + size};
    uint8_t *bytes = frame.bytes;
    memset(bytes, 0xff, 6);
    memcpy(bytes + 6, (uint8_t[]){2, 0, 0, 0, 0, 1, 8, 0}, 8);
    memcpy(bytes + IP, (uint8_t[]){0x45, 0, 0, 0, 0, 1, 0, 0, 255, 17, 0, 0, 192, 168, 1, 1}, 16);
    memcpy(bytes + IP + 16, to, 4);
    put16(bytes + IP + 2, (unsigned)(28 + size));
    put16(bytes + UDP, from_port);
    put16(bytes + UDP + 2, to_port);
    put16(bytes + UDP + 4, (unsigned)(8 + size));
    memcpy(bytes + PAYLOAD, data, size);
    seal_ip(bytes + IP);
    return frame;
}

static const uint8_t everybody[4] = {255, 255, 255, 255};
static const uint8_t mdns_group[4] = {224, 0, 0, 251};

/* Whoever it is that is asked for, it is here. */
static void answer_arp(const uint8_t *bytes)
{
    struct frame out = {.size = 42};
    memcpy(out.bytes, bytes + 6, 6);
    memcpy(out.bytes + 6, (uint8_t[]){2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2}, 16);
    memcpy(out.bytes + 22, out.bytes + 6, 6);
    memcpy(out.bytes + 28, bytes + 38, 4);
    memcpy(out.bytes + 32, bytes + 22, 10);
    deliver(&out);
}

int hal_radio_send(const void *frame, size_t size)
{
    const uint8_t *bytes = frame;
    arp_replies += size >= 42 && get16(bytes + 12) == 0x0806 && bytes[21] == 2;
    if (link == HAL_RADIO_JOINED && size >= 42 && get16(bytes + 12) == 0x0806 && bytes[21] == 1 &&
        memcmp(bytes + 28, bytes + 38, 4) != 0) {
        answer_arp(bytes);
        return 0;
    }
    if (link != HAL_RADIO_JOINED || size < PAYLOAD || get16(bytes + 12) != 0x0800 ||
        bytes[IP + 9] != 17) {
        return 0;
    }
    mdns_frames += get16(bytes + UDP + 2) == 5353;
    if (get16(bytes + UDP + 2) != 67) {
        return 0;
    }
    discovers += bytes[PAYLOAD + 242] == 1;
    releases += bytes[PAYLOAD + 242] == 7;
    uint8_t reply[DHCP_REPLY_MAX], destination[4];
    size_t answer = !has_server
                        ? 0
                        : dhcp_server_handle(&server, (uint32_t)(now_us / 1000000), bytes + PAYLOAD,
                                             size - PAYLOAD, reply, destination);
    if (answer > 0) {
        struct frame out = datagram(destination, 67, 68, reply, answer);
        deliver(&out);
    }
    return 0;
}

static void poll(void)
{
    do {
        stack_poll();
        wlan_poll();
    } while (inbox_count > 0);
}

static void pass(uint64_t us)
{
    for (uint64_t end = now_us + us; now_us < end; now_us += 10000) {
        poll();
    }
}

static const struct hal_radio_network home = {.ssid = "home", .security = HAL_RADIO_OPEN};

/* lwIP starts once in a program. */
static int begin(void **state)
{
    assert_int_equal(wlan_init(), 0);
    return 0;
}

static int start(void **state)
{
    struct wlan_settings settings;
    wlan_get(&settings);
    settings.mode = WLAN_MODE_STA;
    assert_int_equal(wlan_set(&settings), 0);
    dhcp_server_init(&server, (uint8_t[]){192, 168, 1, 1}, (uint8_t[]){255, 255, 255, 0});
    has_server = true;
    assert_int_equal(wlan_connect(&home), 0);
    pass(100000);
    discovers = releases = 0;
    return 0;
}

static int end(void **state)
{
    wlan_disconnect();
    pass(100000);
    inbox_count = 0;
    return 0;
}

static void assert_address(uint8_t host)
{
    struct wlan_ip ip;
    wlan_ip(&ip);
    assert_int_equal(wlan_state(), WLAN_CONNECTED);
    assert_memory_equal(ip.address, ((uint8_t[]){192, 168, 1, host}), 4);
    assert_memory_equal(ip.gateway, ((uint8_t[]){192, 168, 1, 1}), 4);
    assert_memory_equal(ip.dns, ((uint8_t[]){192, 168, 1, 1}), 4);
}

/* ---- leases */

static void test_lease_and_its_end(void **state)
{
    assert_address(2);
    wlan_disconnect();
    poll();
    assert_int_equal(releases, 1);
    struct wlan_ip ip;
    wlan_ip(&ip);
    assert_memory_equal(ip.address, ((uint8_t[]){0, 0, 0, 0}), 4);
}

static void test_a_link_that_comes_back_keeps_its_lease(void **state)
{
    for (int i = 0; i < 100; i++) {
        link = HAL_RADIO_LOST;
        poll();
        assert_int_equal(wlan_state(), WLAN_CONNECTING);
        pass(WLAN_RETRY_FIRST_US + 100000);
        assert_address(2);
    }
    assert_int_equal(discovers, 0);
}

static void test_another_network_behind_the_same_name(void **state)
{
    link = HAL_RADIO_LOST;
    poll();
    struct dhcp_lease *taken = &server.leases[0];
    taken->client = 12345; /* it is somebody else's here */
    taken->until_s = UINT32_MAX;
    pass(2000000);
    assert_address(3);
}

static void test_no_server_then_a_server(void **state)
{
    wlan_disconnect();
    has_server = false;
    assert_int_equal(wlan_connect(&home), 0);
    pass(60000000);
    assert_int_equal(wlan_state(), WLAN_GOT_LINK);
    assert_true(discovers > 2 && discovers < 30);
    has_server = true;
    pass(70000000);
    assert_address(2);
}

static void test_the_lease_is_renewed(void **state)
{
    pass((uint64_t)DHCP_LEASE_S * 1000000 * 3 / 4);
    assert_true(server.leases[0].until_s > DHCP_LEASE_S * 5 / 4);
    assert_address(2);
}

static void test_the_lease_ends_when_nobody_renews_it(void **state)
{
    has_server = false;
    pass((uint64_t)(DHCP_LEASE_S + 120) * 1000000);
    assert_int_equal(wlan_state(), WLAN_GOT_LINK);
    has_server = true;
    pass(70000000);
    assert_address(2);
}

/* ---- nonsense */

static size_t name(uint8_t *to, const char *const *labels)
{
    size_t size = 0;
    for (; *labels != NULL; labels++) {
        size_t length = strlen(*labels);
        to[size++] = (uint8_t)length;
        memcpy(to + size, *labels, length);
        size += length;
    }
    to[size++] = 0;
    return size;
}

/* A frame of mDNS, DHCP or DNS that is right as far as it goes. */
static struct frame seed_frame(void)
{
    static const char *const names[][5] = {{"wipy-0ab1", "local"},
                                           {"_telnet", "_tcp", "local"},
                                           {"wipy-0ab1", "_ftp", "_tcp", "local"},
                                           {"1", "1", "168", "192", "in-addr"}};
    static const uint8_t types[] = {1, 12, 16, 28, 33, 255};
    uint8_t data[512] = {0};
    bool is_answer = dice(2) == 0;
    put16(data + 2, is_answer ? 0x8400 : dice(2) << 9);
    size_t size = 12;
    unsigned questions = is_answer ? dice(2) : 1 + dice(3);
    unsigned records = is_answer ? 1 + dice(3) : dice(3);
    for (unsigned i = 0; i < questions; i++) {
        const char *labels[6] = {0};
        memcpy(labels, names[dice(4)], 5 * sizeof labels[0]);
        size += name(data + size, labels);
        put16(data + size, types[dice(6)]);
        put16(data + size + 2, dice(2) ? 1 : 0x8001);
        size += 4;
    }
    for (unsigned i = 0; i < records; i++) {
        const char *labels[6] = {0};
        memcpy(labels, names[dice(4)], 5 * sizeof labels[0]);
        size += name(data + size, labels);
        unsigned length = dice(24);
        put16(data + size, types[dice(6)]);
        put16(data + size + 2, dice(2) ? 1 : 0x8001);
        put16(data + size + 6, dice(5000));
        put16(data + size + 8, length);
        hal_random(data + size + 10, length);
        size += 10 + length;
    }
    put16(data + 4, questions);
    put16(data + 6 + 2 * dice(2), records);
    if (dice(4) > 0) {
        return datagram(mdns_group, 5353, 5353, data, size);
    }
    /* an answer to the DHCP client, of its last message or none */
    memset(data, 0, sizeof data);
    data[0] = 2;
    data[1] = 1;
    data[2] = 6;
    hal_radio_mac(data + 28);
    memcpy(data + 16, (uint8_t[]){192, 168, 1, (uint8_t)dice(256)}, 4);
    memcpy(data + 236, (uint8_t[]){99, 130, 83, 99, 53, 1, (uint8_t)(1 + dice(8))}, 7);
    memcpy(data + 243,
           (uint8_t[]){54, 4, 192, 168, 1, 1, 51, 4, 0, 0, 0, 60, 6, 4, 8, 8, 8, 8, 255}, 19);
    return datagram(everybody, 67, dice(4) ? 68 : 1024 + dice(60000), data, 300);
}

static void spoil(struct frame *frame)
{
    unsigned changes = dice(6);
    for (unsigned i = 0; i < changes; i++) {
        size_t at = dice(4) ? PAYLOAD + dice((uint32_t)(frame->size - PAYLOAD)) : dice(PAYLOAD);
        switch (dice(4)) {
        case 0:
            frame->bytes[at] = (uint8_t)dice(256);
            break;
        case 1:
            frame->bytes[at] = (uint8_t[]){0, 1, 63, 64, 0xc0, 0xff}[dice(6)];
            break;
        case 2:
            put16(frame->bytes + at, 0xc000 | dice(600)); /* a compressed name */
            break;
        default:
            frame->size = PAYLOAD + 1 + dice((uint32_t)(frame->size - PAYLOAD));
            break;
        }
    }
    if (dice(4) > 0) {
        frame->bytes[IP] = 0x45;
        put16(frame->bytes + IP + 2, (unsigned)(frame->size - IP));
        put16(frame->bytes + UDP + 4, (unsigned)(frame->size - UDP));
        put16(frame->bytes + UDP + 6, 0);
        seal_ip(frame->bytes + IP);
    }
}

static void ask_for_the_name(void)
{
    uint8_t question[64] = {[5] = 1};
    size_t size = 12 + name(question + 12, (const char *const[]){"wipy-0ab1", "local", NULL});
    put16(question + size, 1);
    put16(question + size + 2, 0x8001); /* to be answered to the asker alone */
    pass(10000000);
    mdns_frames = 0;
    struct frame frame = datagram(mdns_group, 5353, 5353, question, size + 4);
    deliver(&frame);
    pass(3000000);
    assert_true(mdns_frames > 0);
}

static void test_a_name_that_was_another_ones_for_a_moment(void **state)
{
    mdns_frames = 0;
    for (int i = 0; i < 100 && mdns_frames == 0; i++) {
        pass(10000); /* until it probes */
    }
    uint8_t claim[64] = {[2] = 0x84, [7] = 1};
    size_t size = 12 + name(claim + 12, (const char *const[]){"wipy-0ab1", "local", NULL});
    put16(claim + size, 1);
    put16(claim + size + 2, 0x8001);
    put16(claim + size + 6, 120);
    put16(claim + size + 8, 4);
    memcpy(claim + size + 10, (uint8_t[]){192, 168, 1, 77}, 4);
    struct frame frame = datagram(mdns_group, 5353, 5353, claim, size + 14);
    deliver(&frame);
    poll();
    mdns_frames = 0;
    pass(4000000);
    assert_int_equal(mdns_frames, 0);
    ask_for_the_name();
}

/* What a frame does not carry is not there, whatever a frame before it has left in its place. */
static void test_frames_that_are_cut_off(void **state)
{
    struct frame frame = {.size = 42};
    memset(frame.bytes, 0xff, 6);
    memcpy(frame.bytes + 6, (uint8_t[]){2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1}, 16);
    memcpy(frame.bytes + 22, frame.bytes + 6, 6);
    memcpy(frame.bytes + 28, (uint8_t[]){192, 168, 1, 1}, 4);
    memcpy(frame.bytes + 38, (uint8_t[]){192, 168, 1, 2}, 4);
    assert_address(2);
    for (int i = 0; i < 3; i++) {
        arp_replies = 0;
        frame.size = 42;
        deliver(&frame);
        poll();
        assert_int_equal(arp_replies, 1);
        frame.size = 15;
        deliver(&frame);
        poll();
        assert_int_equal(arp_replies, 1);
    }
}

static void test_spoiled_frames(void **state)
{
    for (int i = 0; i < 300000; i++) {
        struct frame frame = seed_frame();
        spoil(&frame);
        deliver(&frame);
        poll();
        now_us += dice(20000);
        if (i % 30000 == 0) {
            link = HAL_RADIO_LOST;
        }
    }
    /* It works as ever. */
    assert_int_equal(wlan_connect(&home), 0);
    pass(5000000);
    assert_int_equal(wlan_state(), WLAN_CONNECTED);
    ask_for_the_name();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lease_and_its_end, start, end),
        cmocka_unit_test_setup_teardown(test_a_link_that_comes_back_keeps_its_lease, start, end),
        cmocka_unit_test_setup_teardown(test_another_network_behind_the_same_name, start, end),
        cmocka_unit_test_setup_teardown(test_no_server_then_a_server, start, end),
        cmocka_unit_test_setup_teardown(test_the_lease_is_renewed, start, end),
        cmocka_unit_test_setup_teardown(test_the_lease_ends_when_nobody_renews_it, start, end),
        cmocka_unit_test_setup_teardown(test_a_name_that_was_another_ones_for_a_moment, start, end),
        cmocka_unit_test_setup_teardown(test_frames_that_are_cut_off, start, end),
        cmocka_unit_test_setup_teardown(test_spoiled_frames, start, end),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}

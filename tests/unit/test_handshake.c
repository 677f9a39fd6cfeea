/* The association's handshake (board/air/handshake.h): both sides, and what a hostile one may send.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board/air/handshake.h"
#include "hal/radio.h"

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
static const struct air_network home = {.ssid = "wipy-wlan-5e01",
                                        .bssid = {0xd4, 0xf5, 0x13, 0x5e, 0x5e, 1},
                                        .channel = 5,
                                        .security = HAL_RADIO_WPA2};
static uint8_t right[32], wrong[32];

static struct handshake station, ap;

/* A packet on its way; whoever reads on the line may change it. */
struct packet {
    size_t size;
    uint8_t data[HANDSHAKE_PACKET_MAX];
};
static struct packet seen[8]; /* hello, nonce, proof, accept */
static int seen_count;

static void give(struct handshake *to, const struct packet *in, struct packet *out)
{
    out->size = handshake_packet(to, in->data, in->size, out->data);
}

/* Let both sides talk until nobody says anything any more. */
static void shake(void)
{
    struct packet packet = {0};
    struct handshake *to = &station;
    seen_count = 0;
    for (int i = 0; i < 8; i++) {
        struct packet answer;
        give(to, &packet, &answer);
        if (answer.size == 0) {
            return;
        }
        assert_true(answer.size <= HANDSHAKE_PACKET_MAX);
        seen[seen_count++] = packet = answer;
        to = to == &station ? &ap : &station;
    }
    fail();
}

static void meet(const struct air_network *wanted, const uint8_t *stations,
                 const struct air_network *offered, const uint8_t *aps)
{
    handshake_station(&station, wanted, stations, mac);
    handshake_ap(&ap, offered, aps);
    shake();
}

static void assert_refused(enum handshake_refusal refusal)
{
    assert_int_equal(station.state, HANDSHAKE_REFUSED);
    assert_int_equal(station.refusal, refusal);
    assert_int_equal(ap.state, HANDSHAKE_REFUSED);
    assert_int_equal(ap.refusal, refusal);
}

static void the_master_key_is_that_of_wpa2(void **state)
{
    static const uint8_t expected[32] = {/* IEEE 802.11i, H.4.1: "password", "IEEE" */
                                         0xf4, 0x2c, 0x6f, 0xc5, 0x2d, 0xf0, 0xeb, 0xef,
                                         0x9e, 0xbb, 0x4b, 0x90, 0xb3, 0x8a, 0x5f, 0x90,
                                         0x2e, 0x83, 0xfe, 0x1b, 0x13, 0x5a, 0x70, 0xe2,
                                         0x3a, 0xed, 0x76, 0x2e, 0x97, 0x10, 0xa1, 0x2e};
    uint8_t pmk[32], again[32];
    handshake_pmk("password", "IEEE", pmk);
    assert_memory_equal(pmk, expected, 32);
    handshake_pmk("password", "IEEE2", again);
    assert_memory_not_equal(again, expected, 32);
    handshake_pmk("password", "IEEE", again);
    assert_memory_equal(again, expected, 32);
    char key[HAL_RADIO_KEY_MAX + 1], ssid[AIR_SSID_MAX + 1]; /* the longest */
    memset(key, 'k', sizeof key - 1);
    memset(ssid, 's', sizeof ssid - 1);
    key[sizeof key - 1] = ssid[sizeof ssid - 1] = '\0';
    handshake_pmk(key, ssid, pmk);
    handshake_pmk("password", "IEEE", again);
    assert_memory_equal(again, expected, 32);
}

static void the_right_key_opens(void **state)
{
    for (uint8_t security = HAL_RADIO_WEP; security <= HAL_RADIO_WPA2; security++) {
        struct air_network network = home;
        network.security = security;
        meet(&network, right, &network, right);
        assert_int_equal(station.state, HANDSHAKE_DONE);
        assert_int_equal(ap.state, HANDSHAKE_DONE);
        assert_memory_equal(ap.station, mac, 6);
        assert_int_equal(seen_count, 4);
    }
}

static void an_open_network_needs_no_key(void **state)
{
    struct air_network network = home;
    network.security = HAL_RADIO_OPEN;
    meet(&network, NULL, &network, NULL);
    assert_int_equal(station.state, HANDSHAKE_DONE);
    assert_int_equal(ap.state, HANDSHAKE_DONE);
    assert_int_equal(seen_count, 2);
}

static void a_wrong_key_is_refused(void **state)
{
    meet(&home, wrong, &home, right);
    assert_refused(HANDSHAKE_WRONG_KEY);
}

static void an_access_point_without_the_key_is_refused(void **state)
{
    struct packet packet = {0}, answer;
    handshake_station(&station, &home, right, mac);
    handshake_ap(&ap, &home, wrong);
    give(&station, &packet, &answer);
    give(&ap, &answer, &packet);
    give(&station, &packet, &answer);
    packet = (struct packet){.size = 24, .data = {4, 1}}; /* ACCEPT, whatever the proof was */
    give(&station, &packet, &answer);
    assert_int_equal(answer.size, 0);
    assert_int_equal(station.state, HANDSHAKE_REFUSED);
    assert_int_equal(station.refusal, HANDSHAKE_WRONG_KEY);
}

/* Nor is one that gives the station its own proof back. */
static void a_proof_does_not_prove_the_other_side(void **state)
{
    struct packet packet = {0}, answer;
    handshake_station(&station, &home, right, mac);
    handshake_ap(&ap, &home, wrong);
    give(&station, &packet, &answer);
    give(&ap, &answer, &packet);
    give(&station, &packet, &answer);
    packet = (struct packet){.size = 24, .data = {4, 1}};
    memcpy(packet.data + 4, answer.data + 36, 20);
    give(&station, &packet, &answer);
    assert_int_equal(station.refusal, HANDSHAKE_WRONG_KEY);
}

static void name_and_security_must_match(void **state)
{
    struct air_network other = home;
    strcpy(other.ssid, "wipy-wlan-5e0");
    meet(&other, right, &home, right);
    assert_refused(HANDSHAKE_WRONG_SSID);
    for (uint8_t a = HAL_RADIO_OPEN; a <= HAL_RADIO_WPA2; a++) {
        for (uint8_t b = HAL_RADIO_OPEN; b <= HAL_RADIO_WPA2; b++) {
            struct air_network wanted = home, offered = home;
            wanted.security = a;
            offered.security = b;
            meet(&wanted, right, &offered, right);
            if (a == b) {
                assert_int_equal(station.state, HANDSHAKE_DONE);
            } else {
                assert_refused(HANDSHAKE_WRONG_SECURITY);
            }
        }
    }
}

/* Nobody gets a station that wants a key to go without. */
static void a_station_with_a_key_does_not_accept_an_open_network(void **state)
{
    struct packet packet = {0}, answer;
    handshake_station(&station, &home, right, mac);
    give(&station, &packet, &answer);
    packet = (struct packet){.size = 4, .data = {4, 1}};
    give(&station, &packet, &answer);
    assert_int_equal(station.state, HANDSHAKE_REFUSED);
    assert_int_equal(station.refusal, HANDSHAKE_PROTOCOL);
}

static void what_was_overheard_proves_nothing(void **state)
{
    struct packet overheard[4], answer;
    meet(&home, right, &home, right);
    memcpy(overheard, seen, sizeof overheard);

    handshake_ap(&ap, &home, right); /* a thief replays the station */
    give(&ap, &overheard[0], &answer);
    assert_int_equal(ap.state, HANDSHAKE_RUNNING);
    assert_memory_not_equal(answer.data, overheard[1].data, answer.size);
    give(&ap, &overheard[2], &answer);
    assert_int_equal(ap.refusal, HANDSHAKE_WRONG_KEY);

    struct packet packet = {0}; /* or the access point */
    handshake_station(&station, &home, right, mac);
    give(&station, &packet, &answer);
    give(&station, &overheard[1], &answer);
    give(&station, &overheard[3], &answer);
    assert_int_equal(station.refusal, HANDSHAKE_WRONG_KEY);
}

/* Neither may a proof be made to do for another station, access point, name or security. */
static void a_proof_is_good_for_this_association_only(void **state)
{
    for (int i = 0; i < 4; i++) {
        struct packet packet = {0}, answer;
        handshake_station(&station, &home, right, mac);
        handshake_ap(&ap, &home, right);
        give(&station, &packet, &answer);
        give(&ap, &answer, &packet);
        give(&station, &packet, &answer);
        switch (i) {
        case 0:
            ap.station[5]++;
            break;
        case 1:
            ap.network.bssid[5]++;
            break;
        case 2:
            ap.network.ssid[3]++;
            break;
        default:
            ap.network.security = HAL_RADIO_WPA;
        }
        give(&ap, &answer, &packet);
        assert_int_equal(ap.refusal, HANDSHAKE_WRONG_KEY);
    }
}

/* Give each side each packet of the handshake, but with one bit flipped, or one byte too short or
 * too long: no association comes of it. */
static void a_packet_that_was_changed_is_refused(void **state)
{
    for (int number = 0; number < 4; number++) {
        size_t bits = 8 * HANDSHAKE_PACKET_MAX;
        for (size_t change = 0; change < bits + 2; change++) {
            struct packet packet = {0}, answer;
            handshake_station(&station, &home, right, mac);
            handshake_ap(&ap, &home, right);
            struct handshake *to = &station;
            bool was_changed = false;
            for (int i = 0; i < 6; i++) {
                give(to, &packet, &answer);
                if (answer.size == 0) {
                    break;
                }
                if (i == number && change < bits && change < 8 * answer.size) {
                    answer.data[change / 8] ^= (uint8_t)(1 << change % 8);
                    was_changed = true;
                } else if (i == number && change >= bits) {
                    answer.size += change == bits ? 1 : (size_t)-1;
                    was_changed = true;
                }
                packet = answer;
                to = to == &station ? &ap : &station;
            }
            bool done = station.state == HANDSHAKE_DONE && ap.state == HANDSHAKE_DONE;
            assert_int_equal(done, !was_changed);
        }
    }
}

static void other_words_of_the_access_point_are_passed_on(void **state)
{
    struct packet packet = {0}, answer;
    for (int refusal = 0; refusal < 256; refusal++) {
        packet.size = 0;
        handshake_station(&station, &home, right, mac);
        handshake_ap(&ap, &home, right);
        give(&station, &packet, &answer);
        packet.size = handshake_refuse(&ap, (enum handshake_refusal)refusal, packet.data);
        give(&station, &packet, &answer);
        assert_int_equal(station.state, HANDSHAKE_REFUSED);
        bool known = refusal >= HANDSHAKE_WRONG_KEY && refusal <= HANDSHAKE_CUT;
        assert_int_equal(station.refusal, known ? refusal : HANDSHAKE_PROTOCOL);
        assert_true(strlen(handshake_refusal_text(station.refusal)) > 0);
    }
}

static void a_station_has_an_address_of_its_own(void **state)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255}, none[6], group[6] = {1};
    const uint8_t *const nobody[] = {all, none, group};
    for (int i = 0; i < 3; i++) {
        handshake_station(&station, &home, right, nobody[i]);
        handshake_ap(&ap, &home, right);
        shake();
        assert_refused(HANDSHAKE_PROTOCOL);
    }
}

/* Packets at random, and right ones with random changes, to both sides in every state. */
static void random_packets_open_nothing(void **state)
{
    srand(802);
    for (int i = 0; i < 200000; i++) {
        struct packet packet = {0}, answer = {0}, junk;
        handshake_station(&station, &home, right, mac);
        handshake_ap(&ap, &home, right);
        give(&station, &packet, &answer);
        for (int steps = rand() % 3; steps > 0; steps--) {
            give(steps % 2 ? &ap : &station, &answer, &packet);
            answer = packet;
        }
        junk = answer;
        junk.size = rand() % 2 ? answer.size : (size_t)rand() % 200;
        uint8_t large[200];
        for (size_t k = 0; k < sizeof large; k++) {
            bool keep = k < sizeof junk.data && rand() % 8 != 0;
            large[k] = keep ? junk.data[k] : (uint8_t)rand();
        }
        if (memcmp(large, answer.data, answer.size) == 0) {
            continue;
        }
        large[0] = (uint8_t)(rand() % 2 ? rand() % 6 : large[0]);
        struct handshake *to = rand() % 2 ? &ap : &station;
        uint8_t out[HANDSHAKE_PACKET_MAX];
        size_t size = handshake_packet(to, large, junk.size, out);
        assert_true(size <= sizeof out);
        assert_int_not_equal(to->state, HANDSHAKE_DONE);
    }
}

static void every_number_has_words(void **state)
{
    for (int number = 0; number < 256; number++) {
        assert_true(strlen(handshake_refusal_text((enum handshake_refusal)number)) > 0);
    }
}

static int make_keys(void **state)
{
    handshake_pmk("12345678", home.ssid, wrong);
    handshake_pmk("www.wipy.io", home.ssid, right);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_master_key_is_that_of_wpa2),
        cmocka_unit_test(the_right_key_opens),
        cmocka_unit_test(an_open_network_needs_no_key),
        cmocka_unit_test(a_wrong_key_is_refused),
        cmocka_unit_test(an_access_point_without_the_key_is_refused),
        cmocka_unit_test(a_proof_does_not_prove_the_other_side),
        cmocka_unit_test(name_and_security_must_match),
        cmocka_unit_test(a_station_with_a_key_does_not_accept_an_open_network),
        cmocka_unit_test(what_was_overheard_proves_nothing),
        cmocka_unit_test(a_proof_is_good_for_this_association_only),
        cmocka_unit_test(a_packet_that_was_changed_is_refused),
        cmocka_unit_test(other_words_of_the_access_point_are_passed_on),
        cmocka_unit_test(a_station_has_an_address_of_its_own),
        cmocka_unit_test(random_packets_open_nothing),
        cmocka_unit_test(every_number_has_words),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}

/* The board's radio (board/radio.h): two of them in one air, and the test in the place of both
 * MCUs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/radio.h"
#include "hal/result.h"
#include "tests/unit/test_place.h"

static const struct link_radio_ap settings = {
    .ssid = "wipy", .key = "www.wipy.io", .channel = 5, .security = HAL_RADIO_WPA2};
static const struct link_radio_network wipy = {
    .ssid = "wipy", .key = "www.wipy.io", .security = HAL_RADIO_WPA2};

struct end {
    struct radio radio;
    struct link_registers registers;
    uint8_t mac[6];
    int mcu[2]; /* [1]: the MCU's end */
    int changes, on_air, unheard;
};

static struct ev_loop *loop;
static struct end ap, sta;

static void changed(void *context)
{
    ((struct end *)context)->changes++;
}

static void on_air(void *context)
{
    ((struct end *)context)->on_air++;
}

static void unheard(void *context)
{
    ((struct end *)context)->unheard++;
}

static void make(struct end *end, uint8_t number)
{
    *end = (struct end){
        .radio = {.changed = changed, .on_air = on_air, .unheard = unheard, .context = end},
        .mac = {0xd4, 0xf5, 0x13, 0x5e, 0, number}};
    radio_init(&end->radio, loop, &place, end->mac, &end->registers);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, end->mcu), 0);
    radio_mcu_started(&end->radio, end->mcu[0]);
}

static void unmake(struct end *end)
{
    radio_mcu_stopped(&end->radio);
    close(end->mcu[0]);
    close(end->mcu[1]);
}

static int set_up(void **state)
{
    loop = ev_loop_new(EVFLAG_AUTO);
    make(&ap, 1);
    make(&sta, 2);
    assert_int_equal(radio_ap_start(&ap.radio, &settings), HAL_OK);
    return 0;
}

static int tear_down(void **state)
{
    char name[64];
    unmake(&ap);
    unmake(&sta);
    assert_int_equal(files_in_place(name), 0);
    ev_loop_destroy(loop);
    return 0;
}

static void work(void)
{
    for (int i = 0; i < 20; i++) {
        ev_run(loop, EVRUN_NOWAIT);
    }
}

static void put(const struct end *from, const uint8_t *to, uint8_t number)
{
    uint8_t frame[60] = {[12] = number};
    memcpy(frame, to, 6);
    memcpy(frame + 6, from->mac, 6);
    assert_int_equal(send(from->mcu[1], frame, sizeof frame, MSG_DONTWAIT), sizeof frame);
    work();
}

static int got(const struct end *end)
{
    uint8_t frame[60];
    ssize_t size = recv(end->mcu[1], frame, sizeof frame, MSG_DONTWAIT);
    return size == sizeof frame ? frame[12] : -1;
}

static void join(const struct link_radio_network *network)
{
    assert_int_equal(radio_join(&sta.radio, network), HAL_OK);
    work();
}

static void a_board_joins_another_board(void **state)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255}, other[6] = {2, 0, 0, 0, 0, 9};
    assert_int_equal(ap.on_air, 1);
    join(&wipy);
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_JOINED);
    assert_int_equal(ap.registers.radio_station_count, 1);
    assert_memory_equal(ap.registers.radio_stations[0], sta.mac, 6);
    assert_true(ap.changes > 0 && sta.changes > 0);

    sta.registers.interrupt_pending = 0;
    put(&ap, sta.mac, 1);
    assert_int_equal(got(&sta), 1);
    assert_int_equal(sta.registers.interrupt_pending, 1);
    put(&sta, ap.mac, 2);
    assert_int_equal(got(&ap), 2);
    put(&sta, all, 3);
    assert_int_equal(got(&ap), 3);
    put(&ap, all, 4);
    assert_int_equal(got(&sta), 4);
    put(&sta, other, 5); /* to nobody there */
    assert_int_equal(got(&ap), -1);

    radio_leave(&sta.radio);
    work();
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_LEFT);
    assert_int_equal(ap.registers.radio_station_count, 0);
    put(&sta, ap.mac, 6);
    assert_int_equal(got(&ap), -1);
}

static void what_is_sent_before_leaving_arrives(void **state)
{
    uint8_t frame[60] = {[12] = 7};
    join(&wipy);
    memcpy(frame, ap.mac, 6);
    memcpy(frame + 6, sta.mac, 6);
    assert_int_equal(send(sta.mcu[1], frame, sizeof frame, MSG_DONTWAIT), sizeof frame);
    radio_leave(&sta.radio);
    work();
    assert_int_equal(got(&ap), 7);
}

static void the_mcu_learns_why_it_cannot_join(void **state)
{
    struct link_radio_network network = wipy;
    strcpy(network.key, "wrong key");
    join(&network);
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_WRONG_KEY);
    network = wipy;
    network.security = HAL_RADIO_WPA;
    join(&network);
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_REFUSED);
    network = wipy;
    network.ssid[0] = 'W';
    join(&network);
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_NOT_FOUND);
    network = wipy;
    memcpy(network.bssid, sta.mac, 6);
    join(&network);
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_NOT_FOUND);
    memcpy(network.bssid, ap.mac, 6);
    join(&network);
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_JOINED);
}

static void the_loss_of_the_access_point_is_seen(void **state)
{
    join(&wipy);
    radio_ap_stop(&ap.radio);
    work();
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_LOST);
    assert_int_equal(ap.registers.radio_station_count, 0);
    assert_int_equal(radio_ap_start(&ap.radio, &settings), HAL_OK);
    join(&wipy);
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_JOINED);
    assert_int_equal(radio_ap_start(&ap.radio, &settings),
                     HAL_OK); /* with settings, the same or others */
    work();
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_LOST);
}

static void a_radio_is_one_thing_at_a_time(void **state)
{
    struct link_radio_ap own = settings;
    strcpy(own.ssid, "own");
    assert_int_equal(radio_ap_start(&sta.radio, &own), HAL_OK);
    join(&wipy);
    assert_false(sta.radio.ap.is_up);
    assert_int_equal(radio_scan(&ap.radio), 0);
    assert_int_equal(radio_ap_start(&sta.radio, &own), HAL_OK);
    work();
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_LEFT);
    assert_int_equal(ap.registers.radio_station_count, 0);
}

static void a_scan_hears_the_others(void **state)
{
    struct link_radio_ap own = settings;
    memset(own.ssid, 's', 32);
    own.channel = 13;
    assert_int_equal(radio_ap_start(&sta.radio, &own), HAL_OK);
    assert_int_equal(radio_scan(&ap.radio), 1);
    const struct link_radio_network *network = &ap.registers.radio_networks[0];
    assert_string_equal(network->ssid, own.ssid);
    assert_string_equal(network->key, "");
    assert_memory_equal(network->bssid, sta.mac, 6);
    assert_int_equal(network->channel, 13);
    assert_int_equal(network->security, HAL_RADIO_WPA2);
    assert_true(network->rssi < 0);
}

static void a_reset_ends_everything(void **state)
{
    join(&wipy);
    radio_mcu_stopped(&sta.radio);
    work();
    assert_int_equal(ap.registers.radio_station_count, 0);
    radio_mcu_started(&sta.radio, sta.mcu[0]);
    join(&wipy);
    radio_mcu_stopped(&ap.radio);
    work();
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_LOST);
    assert_int_equal(radio_scan(&sta.radio), 0);
    radio_mcu_started(&ap.radio, ap.mcu[0]);
}

static void a_double_is_reported(void **state)
{
    struct end twin;
    make(&twin, 1);
    assert_int_equal(radio_ap_start(&twin.radio, &settings), HAL_OK);
    assert_int_equal(twin.unheard, 1);
    assert_int_equal(twin.on_air, 0);
    radio_ap_stop(&ap.radio);
    while (twin.on_air == 0) {
        ev_run(loop, EVRUN_ONCE);
    }
    join(&wipy);
    assert_int_equal(twin.registers.radio_station_count, 1);
    unmake(&twin);
}

static void settings_are_checked(void **state)
{
    struct link_radio_ap wrong[10];
    for (int i = 0; i < 10; i++) {
        wrong[i] = settings;
    }
    memset(wrong[0].ssid, 'x', sizeof wrong[0].ssid);
    wrong[1].ssid[0] = '\0';
    memset(wrong[2].key, 'x', sizeof wrong[2].key);
    strcpy(wrong[3].key, "1234567");
    wrong[4].channel = 14;
    wrong[5].security = 4;
    wrong[6].channel = 0;
    wrong[7].security = HAL_RADIO_OPEN; /* with a key */
    wrong[8].security = HAL_RADIO_WEP;
    strcpy(wrong[8].key, "1234");
    memset(wrong[9].key, 'x', 64);
    struct link_radio_network network;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(radio_ap_start(&ap.radio, &wrong[i]), HAL_ERROR_RANGE);
        network = (struct link_radio_network){.security = wrong[i].security};
        memcpy(network.ssid, wrong[i].ssid, sizeof network.ssid);
        memcpy(network.key, wrong[i].key, sizeof network.key);
        bool is_about_channel = i == 4 || i == 6;
        assert_int_equal(radio_join(&sta.radio, &network), is_about_channel ? 0 : HAL_ERROR_RANGE);
    }
    assert_true(ap.radio.ap.is_up); /* with its former settings */
    assert_string_equal(ap.radio.ap.network.ssid, "wipy");
    struct link_radio_ap open = {.ssid = "open", .channel = 1};
    assert_int_equal(radio_ap_start(&ap.radio, &open), HAL_OK);
    network = (struct link_radio_network){.ssid = "open"};
    join(&network);
    assert_int_equal(sta.registers.radio_link, HAL_RADIO_JOINED);
    struct link_radio_ap wep = {.ssid = "wep", .key = "12345", .channel = 1, .security = 1};
    assert_int_equal(radio_ap_start(&ap.radio, &wep), HAL_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_board_joins_another_board),
        TEST(what_is_sent_before_leaving_arrives),
        TEST(the_mcu_learns_why_it_cannot_join),
        TEST(the_loss_of_the_access_point_is_seen),
        TEST(a_radio_is_one_thing_at_a_time),
        TEST(a_scan_hears_the_others),
        TEST(a_reset_ends_everything),
        TEST(a_double_is_reported),
        TEST(settings_are_checked),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}

/* The access point's relay (board/radio.h), over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/radio.h"
#include "hal/result.h"

static const uint8_t board_mac[6] = {0xd4, 0xf5, 0x13, 0x5e, 0, 1};
static const uint8_t a_mac[6] = {2, 0, 0, 0, 0, 0xa}, b_mac[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t nobody[6] = {2, 0, 0, 0, 0, 0xc};
static const uint8_t everyone[6] = {255, 255, 255, 255, 255, 255};
static const struct link_radio_ap settings = {
    .ssid = "wipy", .key = "www.wipy.io", .channel = 5, .security = 3};

static struct ev_loop *loop;
static struct radio radio;
static uint32_t interrupt;
static int mcu[2], a[2], b[2]; /* [0]: the radio's end, [1]: the other one's */
static int gone, ups, downs;

static void ap_changed(void *context, bool up)
{
    *(up ? &ups : &downs) += 1;
}

static void station_gone(void *context, int fd)
{
    gone = fd;
}

static int set_up(void **state)
{
    loop = ev_loop_new(EVFLAG_AUTO);
    radio_init(&radio, loop, board_mac, &interrupt);
    radio.ap_changed = ap_changed;
    radio.station_gone = station_gone;
    int *const pairs[] = {mcu, a, b};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pairs[i]), 0);
    }
    radio_mcu_started(&radio, mcu[0]);
    assert_int_equal(radio_ap_start(&radio, &settings), HAL_OK);
    assert_true(radio_join(&radio, a[0], a_mac));
    assert_true(radio_join(&radio, b[0], b_mac));
    gone = -1;
    interrupt = 0;
    ups = downs = 0;
    return 0;
}

static int tear_down(void **state)
{
    radio_mcu_stopped(&radio);
    int *const pairs[] = {mcu, a, b};
    for (int i = 0; i < 3; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    ev_loop_destroy(loop);
    return 0;
}

/* Let the radio do what it has to do now. */
static void work(void)
{
    for (int i = 0; i < 20; i++) {
        ev_run(loop, EVRUN_NOWAIT);
    }
}

static ssize_t put(int fd, const uint8_t *to, const uint8_t *from, uint16_t number, size_t size)
{
    uint8_t frame[2000] = {0};
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    memcpy(frame + 12, &number, 2);
    return send(fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The number of the frame that arrives at `fd` now, -1 for none. */
static int got(int fd, size_t *size)
{
    uint8_t frame[2000];
    ssize_t n = recv(fd, frame, sizeof frame, MSG_DONTWAIT);
    uint16_t number;
    if (n < 14) {
        return -1;
    }
    if (size != NULL) {
        *size = (size_t)n;
    }
    memcpy(&number, frame + 12, 2);
    return number;
}

static void frames_go_where_they_are_addressed(void **state)
{
    size_t size;
    put(a[1], board_mac, a_mac, 1, 1514);
    work();
    assert_int_equal(got(mcu[1], &size), 1);
    assert_int_equal(size, 1514);
    assert_int_equal(got(b[1], NULL), -1);
    assert_int_equal(interrupt, 1);

    put(mcu[1], a_mac, board_mac, 2, 14);
    work();
    assert_int_equal(got(a[1], &size), 2);
    assert_int_equal(size, 14);
    assert_int_equal(got(b[1], NULL), -1);

    put(a[1], b_mac, a_mac, 3, 60);
    work();
    assert_int_equal(got(b[1], NULL), 3);
    assert_int_equal(got(mcu[1], NULL), -1);

    put(a[1], nobody, a_mac, 4, 60);
    work();
    assert_int_equal(got(b[1], NULL), -1);
    assert_int_equal(got(mcu[1], NULL), -1);
}

static void broadcasts_reach_everyone_but_the_sender(void **state)
{
    put(a[1], everyone, a_mac, 1, 60);
    work();
    assert_int_equal(got(mcu[1], NULL), 1);
    assert_int_equal(got(b[1], NULL), 1);
    assert_int_equal(got(a[1], NULL), -1);
    put(mcu[1], everyone, board_mac, 2, 60);
    work();
    assert_int_equal(got(a[1], NULL), 2);
    assert_int_equal(got(b[1], NULL), 2);
    assert_int_equal(got(mcu[1], NULL), -1);
}

static void odd_frames_are_thrown_away(void **state)
{
    put(a[1], board_mac, b_mac, 1, 60);   /* in another one's name */
    put(a[1], board_mac, a_mac, 2, 13);   /* too short */
    put(a[1], board_mac, a_mac, 3, 1515); /* too long */
    send(a[1], "", 0, MSG_DONTWAIT);      /* empty: not the end */
    work();
    assert_int_equal(got(mcu[1], NULL), -1);
    put(a[1], board_mac, a_mac, 4, 60);
    work();
    assert_int_equal(got(mcu[1], NULL), 4);
    assert_int_equal(gone, -1);
}

static void order_is_kept(void **state)
{
    for (int i = 0; i < 150; i++) {
        assert_int_equal(put(a[1], board_mac, a_mac, (uint16_t)i, 60), 60);
    }
    work();
    for (int i = 0; i < 150; i++) {
        assert_int_equal(got(mcu[1], NULL), i);
    }
}

static void a_slow_receiver_loses_nothing(void **state)
{
    int sent = 0, received = 0;
    while (received < 20000) {
        while (sent < 20000 && put(a[1], board_mac, a_mac, (uint16_t)sent, 1514) > 0) {
            sent++;
        }
        work();
        for (int i = 0; i < 100; i++) {
            int number = got(mcu[1], NULL);
            if (number >= 0) {
                assert_int_equal(number, received++);
            }
        }
    }
    assert_int_equal(radio.lost, 0);
}

static void who_never_reads_does_not_stop_the_others(void **state)
{
    /* a fills the MCU's and b's sockets. */
    while (!radio.ports[RADIO_MCU].deaf) {
        put(a[1], board_mac, a_mac, 1, 1514);
        ev_run(loop, EVRUN_ONCE);
    }
    put(a[1], b_mac, a_mac, 7, 60);
    int number;
    while ((number = got(b[1], NULL)) < 0) {
        ev_run(loop, EVRUN_ONCE);
    }
    assert_int_equal(number, 7);
    assert_true(radio.lost > 0);
    /* Once it reads again, it gets new frames. */
    while (got(mcu[1], NULL) >= 0) {
    }
    work();
    put(a[1], board_mac, a_mac, 8, 60);
    work();
    assert_int_equal(got(mcu[1], NULL), 8);
}

static void nothing_passes_while_the_access_point_is_down(void **state)
{
    radio_ap_stop(&radio);
    assert_int_equal(downs, 1);
    put(a[1], board_mac, a_mac, 1, 60);
    put(mcu[1], a_mac, board_mac, 2, 60);
    work();
    assert_int_equal(got(mcu[1], NULL), -1);
    assert_int_equal(got(a[1], NULL), -1);

    assert_int_equal(radio_ap_start(&radio, &settings), HAL_OK);
    assert_int_equal(ups, 1);
    assert_true(radio_join(&radio, a[0], a_mac));
    work();
    assert_int_equal(got(mcu[1], NULL), -1); /* what was sent before it joined is lost */
    put(a[1], board_mac, a_mac, 3, 60);
    work();
    assert_int_equal(got(mcu[1], NULL), 3);
}

static void a_station_that_goes_is_noticed(void **state)
{
    close(a[1]);
    work();
    assert_int_equal(gone, a[0]);
    put(b[1], board_mac, b_mac, 1, 60);
    work();
    assert_int_equal(got(mcu[1], NULL), 1);
    a[1] = dup(b[1]); /* for tear_down() */
}

static void settings_are_checked(void **state)
{
    struct link_radio_ap wrong[6];
    for (int i = 0; i < 6; i++) {
        wrong[i] = settings;
    }
    memset(wrong[0].ssid, 'x', sizeof wrong[0].ssid);
    wrong[1].ssid[0] = '\0';
    memset(wrong[2].key, 'x', sizeof wrong[2].key);
    strcpy(wrong[3].key, "1234567");
    wrong[4].channel = 14;
    wrong[5].security = 4;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(radio_ap_start(&radio, &wrong[i]), HAL_ERROR_RANGE);
    }
    assert_true(radio.ap_up); /* with its former settings */
    assert_int_equal(downs, 0);
    struct link_radio_ap open = {.ssid = "open", .channel = 1};
    assert_int_equal(radio_ap_start(&radio, &open), HAL_OK);
}

static void only_so_many_stations_fit(void **state)
{
    int more[RADIO_STATIONS][2];
    for (int i = 0; i < RADIO_STATIONS; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, more[i]), 0);
        assert_int_equal(radio_join(&radio, more[i][0], nobody), i < RADIO_STATIONS - 2);
    }
    for (int i = 0; i < RADIO_STATIONS; i++) {
        radio_leave(&radio, more[i][0]);
        close(more[i][0]);
        close(more[i][1]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frames_go_where_they_are_addressed),
        TEST(broadcasts_reach_everyone_but_the_sender),
        TEST(odd_frames_are_thrown_away),
        TEST(order_is_kept),
        TEST(a_slow_receiver_loses_nothing),
        TEST(who_never_reads_does_not_stop_the_others),
        TEST(nothing_passes_while_the_access_point_is_down),
        TEST(a_station_that_goes_is_noticed),
        TEST(settings_are_checked),
        TEST(only_so_many_stations_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The relay of frames (board/air/relay.h), over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/air/relay.h"
#include "tests/unit/test_clock.h"

static const uint8_t board_mac[6] = {0xd4, 0xf5, 0x13, 0x5e, 0, 1};
static const uint8_t a_mac[6] = {2, 0, 0, 0, 0, 0xa}, b_mac[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t nobody[6] = {2, 0, 0, 0, 0, 0xc};
static const uint8_t everyone[6] = {255, 255, 255, 255, 255, 255};

static struct ev_loop *loop;
static struct relay relay;
static uint32_t interrupt;
static int mcu[2], a[2], b[2]; /* [0]: the relay's end, [1]: the other one's */
static struct relay_port *mcu_port, *a_port, *b_port, *gone;

static void ended(void *context, struct relay_port *port)
{
    assert_ptr_equal(context, &relay);
    assert_false(relay_is_used(port));
    gone = port;
}

static struct relay_port *add(int fd, enum relay_kind kind, const uint8_t *mac)
{
    return relay_add(&relay, fd, kind, mac, ended, &relay);
}

static int set_up(void **state)
{
    loop = ev_loop_new(EVFLAG_AUTO);
    relay_init(&relay, loop);
    int *const pairs[] = {mcu, a, b};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pairs[i]), 0);
    }
    mcu_port = add(mcu[0], RELAY_WIRE, board_mac);
    mcu_port->interrupt = &interrupt;
    a_port = add(a[0], RELAY_MEMBER, a_mac);
    b_port = add(b[0], RELAY_MEMBER, b_mac);
    gone = NULL;
    interrupt = 0;
    return 0;
}

static int tear_down(void **state)
{
    for (int i = 0; i < RELAY_PORTS; i++) {
        if (relay_is_used(&relay.ports[i])) {
            relay_remove(&relay.ports[i]);
        }
    }
    int *const pairs[] = {mcu, a, b};
    for (int i = 0; i < 3; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    ev_loop_destroy(loop);
    return 0;
}

/* Let the relay do what it has to do now. */
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
    assert_null(gone);
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
    assert_int_equal(relay.lost, 0);
}

static void who_never_reads_does_not_stop_the_others(void **state)
{
    /* a fills the MCU's and b's sockets. */
    while (!mcu_port->deaf) {
        put(a[1], board_mac, a_mac, 1, 1514);
        ev_run(loop, EVRUN_ONCE);
    }
    put(a[1], b_mac, a_mac, 7, 60);
    int number;
    while ((number = got(b[1], NULL)) < 0) {
        ev_run(loop, EVRUN_ONCE);
    }
    assert_int_equal(number, 7);
    assert_true(relay.lost > 0);
    /* Once it reads again, it gets new frames. */
    while (got(mcu[1], NULL) >= 0) {
    }
    work();
    put(a[1], board_mac, a_mac, 8, 60);
    work();
    assert_int_equal(got(mcu[1], NULL), 8);
}

static void nobody_waits_again_for_who_reads_badly(void **state)
{
    while (!a_port->deaf) {
        put(mcu[1], a_mac, board_mac, 1, 1514);
        ev_run(loop, EVRUN_ONCE);
    }
    while (got(a[1], NULL) >= 0) {
    }
    work();
    assert_false(a_port->deaf);
    for (relay.lost = 0; relay.lost == 0;) {
        put(mcu[1], a_mac, board_mac, 1, 1514);
        work();
        assert_true(ev_is_active(&mcu_port->in));
    }
    put(mcu[1], b_mac, board_mac, 7, 60);
    work();
    assert_int_equal(got(b[1], NULL), 7);
}

static void who_waits_with_another_one_loses_nothing(void **state)
{
    int from_a = 0, from_b = 0, sent_a = 0, sent_b = 0;
    while (from_a < 10000 || from_b < 10000) {
        while (sent_a < 10000 && put(a[1], board_mac, a_mac, (uint16_t)sent_a, 1514) > 0) {
            sent_a++;
        }
        while (sent_b < 10000 && put(b[1], board_mac, b_mac, (uint16_t)sent_b, 1514) > 0) {
            sent_b++;
        }
        work();
        for (int i = 0; i < 100; i++) {
            uint8_t frame[2000];
            uint16_t number;
            if (recv(mcu[1], frame, sizeof frame, MSG_DONTWAIT) == 1514) {
                memcpy(&number, frame + 12, 2);
                assert_int_equal(number, frame[11] == 0xa ? from_a++ : from_b++);
            }
        }
    }
    assert_int_equal(relay.lost, 0);
}

static void who_is_gone_is_noticed(void **state)
{
    close(a[1]);
    work();
    assert_ptr_equal(gone, a_port);
    assert_int_equal(gone->out.fd, a[0]);
    put(b[1], board_mac, b_mac, 1, 60);
    work();
    assert_int_equal(got(mcu[1], NULL), 1);
    a[1] = dup(b[1]); /* for tear_down() */
}

static void the_last_words_of_who_goes_arrive(void **state)
{
    for (uint16_t i = 1; i <= 3; i++) {
        put(a[1], board_mac, a_mac, i, 60);
    }
    close(a[1]);
    work();
    assert_ptr_equal(gone, a_port);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(got(mcu[1], NULL), i);
    }
    a[1] = dup(b[1]); /* for tear_down() */
}

static void only_so_many_ports_are_there(void **state)
{
    int more[RELAY_PORTS][2];
    for (int i = 0; i < RELAY_PORTS; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, more[i]), 0);
        assert_int_equal(add(more[i][0], RELAY_MEMBER, nobody) != NULL, i < RELAY_PORTS - 3);
    }
    tear_down(NULL);
    for (int i = 0; i < RELAY_PORTS; i++) {
        close(more[i][0]);
        close(more[i][1]);
    }
    set_up(NULL);
}

static void an_uplink_is_sent_what_is_for_nobody_else(void **state)
{
    relay_remove(b_port);
    b_port = add(b[0], RELAY_UPLINK, b_mac);
    put(mcu[1], nobody, board_mac, 1, 60);
    put(mcu[1], a_mac, board_mac, 2, 60);
    put(mcu[1], everyone, board_mac, 3, 60);
    put(b[1], board_mac, nobody, 4, 60); /* in the name of one behind it */
    work();
    assert_int_equal(got(b[1], NULL), 1);
    assert_int_equal(got(b[1], NULL), 3);
    assert_int_equal(got(b[1], NULL), -1);
    assert_int_equal(got(mcu[1], NULL), 4);
}

/* ---- conditions */

static void lost_frames_are_lost_in_both_directions(void **state)
{
    relay.conditions.loss = 1;
    put(a[1], board_mac, a_mac, 1, 60);
    put(mcu[1], a_mac, board_mac, 2, 60);
    work();
    assert_int_equal(got(mcu[1], NULL), -1);
    assert_int_equal(got(a[1], NULL), -1);

    relay.conditions.loss = 0.5;
    int arrived = 0;
    for (int i = 0; i < 4000; i++) {
        put(a[1], board_mac, a_mac, 1, 60);
        work();
        arrived += got(mcu[1], NULL) == 1;
    }
    assert_in_range(arrived, 1800, 2200); /* six standard deviations */
}

/* Wait for a frame; returns its number, and in `seconds` how long that took. */
static int wait_frame(int fd, double *seconds)
{
    ev_tstamp from = ev_time();
    int number;
    while ((number = got(fd, NULL)) < 0) {
        ev_run(loop, EVRUN_ONCE);
    }
    *seconds = ev_time() - from;
    return number;
}

static void delayed_frames_come_late_and_in_order(void **state)
{
    double seconds;
    relay.conditions.delay_ms = 40;
    relay.conditions.jitter_ms = 40;
    ev_now_update(loop);
    for (int i = 0; i < 200; i++) {
        put(a[1], board_mac, a_mac, (uint16_t)i, 60);
    }
    for (int i = 0; i < 200; i++) {
        assert_int_equal(wait_frame(mcu[1], &seconds), i);
    }
    relay.conditions.jitter_ms = 0;
    ev_now_update(loop);
    put(a[1], b_mac, a_mac, 7, 60);
    assert_int_equal(wait_frame(b[1], &seconds), 7);
    assert_true(seconds >= 0.075); /* twice: to the access point and from it */
}

static void the_time_of_day_is_nobodys_business(void **state)
{
    relay.conditions.delay_ms = 5000;
    relay.conditions.rate_kbps = 1000;
    put(a[1], board_mac, a_mac, 1, 60);
    work();
    assert_int_equal(got(mcu[1], NULL), -1);
    monotonic += 6;
    time_of_day -= 3600;
    work();
    assert_int_equal(got(mcu[1], NULL), 1);
    put(a[1], board_mac, a_mac, 2, 60);
    work();
    monotonic += 6;
    work();
    assert_int_equal(got(mcu[1], NULL), 2);
}

static void the_rate_is_kept(void **state)
{
    double seconds, all = 0;
    relay.conditions.rate_kbps = 1000;
    ev_now_update(loop);
    for (int i = 0; i < 11; i++) {
        put(a[1], board_mac, a_mac, (uint16_t)i, 1250); /* 10 ms each */
    }
    for (int i = 0; i < 11; i++) {
        assert_int_equal(wait_frame(mcu[1], &seconds), i);
        all += seconds;
    }
    assert_true(all >= 0.1);
}

static void only_so_many_frames_are_under_way(void **state)
{
    relay.conditions.delay_ms = 10000;
    for (int i = 0; i < DELAY_QUEUE + 10; i++) {
        put(a[1], board_mac, a_mac, 1, 60);
        work();
    }
    assert_int_equal(a_port->from.count, DELAY_QUEUE);
    assert_int_equal(relay.lost, 10);
    memset(&relay.conditions, 0, sizeof relay.conditions);
    relay_conditions_changed(&relay);
    put(a[1], board_mac, a_mac, 2, 60);
    work();
    assert_int_equal(got(mcu[1], NULL), 2);
}

static void who_leaves_takes_its_frames_along(void **state)
{
    relay.conditions.delay_ms = 20;
    put(a[1], board_mac, a_mac, 1, 60);
    put(mcu[1], a_mac, board_mac, 2, 60);
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(a_port->from.count, 1);
    assert_int_equal(a_port->to.count, 1);
    relay_remove(a_port);
    for (ev_tstamp end = ev_time() + 0.05; ev_time() < end;) {
        work();
    }
    assert_int_equal(got(mcu[1], NULL), -1);
    assert_int_equal(got(a[1], NULL), -1);
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
        TEST(nobody_waits_again_for_who_reads_badly),
        TEST(who_waits_with_another_one_loses_nothing),
        TEST(who_is_gone_is_noticed),
        TEST(the_last_words_of_who_goes_arrive),
        TEST(only_so_many_ports_are_there),
        TEST(an_uplink_is_sent_what_is_for_nobody_else),
        TEST(lost_frames_are_lost_in_both_directions),
        TEST(delayed_frames_come_late_and_in_order),
        TEST(the_time_of_day_is_nobodys_business),
        TEST(the_rate_is_kept),
        TEST(only_so_many_frames_are_under_way),
        TEST(who_leaves_takes_its_frames_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Access point and stations (board/air/ap.h, board/air/station.h) in one place: how they find each
 * other, and what a hostile member can do. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/air/ap.h"
#include "board/air/station.h"
#include "tests/unit/test_place.h"

#define KEY "www.wipy.io"

static const struct air_network home = {.ssid = "home",
                                        .bssid = {0xd4, 0xf5, 0x13, 0x5e, 0, 1},
                                        .channel = 5,
                                        .security = HAL_RADIO_WPA2};
static struct ev_loop *loop;
static struct relay relay;
static struct air_ap ap;
static int wire[2]; /* [1]: what is wired to the access point */
static struct air_station a, b;
static int changes, members_changes, naps;
static char error[400];

/* Whoever sleeps lets its whole board wait. */
int usleep(useconds_t us)
{
    naps++;
    return poll(NULL, 0, (int)us / 1000);
}

static int accepts;

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    accepts++;
    return (int)syscall(SYS_accept4, fd, address, size, flags);
}

static void members_changed(void *context)
{
    members_changes++;
}

static void changed(struct air_station *station)
{
    changes++;
}

static void wire_ended(void *context, struct relay_port *port)
{
}

static void make_station(struct air_station *station, uint8_t number)
{
    *station = (struct air_station){
        .loop = loop, .place = &place, .mac = {2, 0, 0, 0, 0, number}, .changed = changed};
    air_station_init(station);
}

static int set_up(void **state)
{
    loop = ev_loop_new(EVFLAG_AUTO);
    relay_init(&relay, loop);
    air_ap_init(&ap, loop, &place, &relay);
    ap.members_changed = members_changed;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, wire), 0);
    assert_non_null(relay_add(&relay, wire[0], RELAY_WIRE, home.bssid, wire_ended, NULL));
    make_station(&a, 0xa);
    make_station(&b, 0xb);
    assert_int_equal(air_ap_start(&ap, &home, KEY), 0);
    return 0;
}

static int tear_down(void **state)
{
    char name[64];
    air_station_leave(&a);
    air_station_leave(&b);
    air_ap_stop(&ap);
    unlinkat(place.dir_fd, CONDITIONS_FILE, 0);
    assert_int_equal(files_in_place(name), 0);
    close(wire[0]);
    close(wire[1]);
    ev_loop_destroy(loop);
    return 0;
}

/* All do what there is to do now. */
static void work(void)
{
    for (int i = 0; i < 20; i++) {
        ev_run(loop, EVRUN_NOWAIT);
    }
}

static void wait_state(const struct air_station *station, enum air_station_state state)
{
    while (station->state != state) {
        ev_run(loop, EVRUN_ONCE);
    }
}

static void join(struct air_station *station, const char *key)
{
    air_station_join(station, home.ssid, NULL, home.security, key);
    work();
}

static void put(int fd, const uint8_t *to, const uint8_t *from, uint8_t number)
{
    uint8_t frame[60] = {[12] = number};
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    assert_int_equal(send(fd, frame, sizeof frame, MSG_DONTWAIT | MSG_NOSIGNAL), sizeof frame);
    work();
}

/* The number of the frame that has arrived; -1: none. */
static int got(int fd)
{
    uint8_t frame[60];
    return recv(fd, frame, sizeof frame, MSG_DONTWAIT) == sizeof frame ? frame[12] : -1;
}

/* Frames pass between a member and what is wired, both ways. */
static void assert_passes(const struct air_station *station)
{
    put(station->fd, home.bssid, station->mac, 1);
    assert_int_equal(got(wire[1]), 1);
    put(wire[1], station->mac, home.bssid, 2);
    assert_int_equal(got(station->fd), 2);
}

/* ---- finding each other */

static void a_station_with_the_key_is_a_member(void **state)
{
    uint8_t macs[2][6];
    members_changes = 0;
    join(&a, KEY);
    assert_int_equal(a.state, AIR_STATION_JOINED);
    assert_passes(&a);
    assert_int_equal(air_ap_members(&ap, macs, 2), 1);
    assert_memory_equal(macs[0], a.mac, 6);
    assert_int_equal(members_changes, 1);
    join(&b, KEY);
    assert_int_equal(air_ap_members(&ap, macs, 2), 2);
    put(a.fd, b.mac, a.mac, 7); /* members hear each other */
    assert_int_equal(got(b.fd), 7);

    air_station_leave(&a);
    work();
    assert_int_equal(a.state, AIR_STATION_IDLE);
    assert_int_equal(air_ap_members(&ap, macs, 2), 1);
    assert_memory_equal(macs[0], b.mac, 6);
    assert_int_equal(members_changes, 3);
    assert_passes(&b);
}

static void who_does_not_fit_is_told_why(void **state)
{
    uint8_t elsewhere[6] = {0xd4, 0xf5, 0x13, 0x5e, 0, 2};
    join(&a, "87654321");
    assert_int_equal(a.state, AIR_STATION_REFUSED);
    assert_int_equal(a.refusal, HANDSHAKE_WRONG_KEY);
    air_station_join(&a, home.ssid, NULL, HAL_RADIO_WPA, KEY);
    work();
    assert_int_equal(a.refusal, HANDSHAKE_WRONG_SECURITY);
    air_station_join(&a, "hom", NULL, home.security, KEY);
    work();
    assert_int_equal(a.state, AIR_STATION_SEARCHING);
    air_station_join(&a, home.ssid, elsewhere, home.security, KEY);
    work();
    assert_int_equal(a.state, AIR_STATION_SEARCHING);
    air_station_join(&a, home.ssid, home.bssid, home.security, KEY);
    work();
    assert_int_equal(a.state, AIR_STATION_JOINED);

    memcpy(b.mac, a.mac, 6);
    join(&b, KEY);
    assert_int_equal(b.refusal, HANDSHAKE_TAKEN);
    memcpy(b.mac, home.bssid, 6);
    join(&b, KEY);
    assert_int_equal(b.refusal, HANDSHAKE_TAKEN);
    assert_passes(&a);
}

/* A station with its address would be sent all that is for the network behind. */
static void nobody_takes_the_address_of_an_uplink(void **state)
{
    int behind[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, behind), 0);
    struct relay_port *uplink = relay_add(&relay, behind[0], RELAY_UPLINK, b.mac, wire_ended, NULL);
    join(&a, KEY);
    join(&b, KEY);
    assert_int_equal(b.state, AIR_STATION_REFUSED);
    assert_int_equal(b.refusal, HANDSHAKE_TAKEN);
    put(a.fd, b.mac, a.mac, 3);
    assert_int_equal(got(behind[1]), 3);
    relay_remove(uplink);
    close(behind[0]);
    close(behind[1]);
}

static void there_is_room_for_sixteen(void **state)
{
    struct air_station more[HAL_RADIO_STATIONS + 1];
    for (int i = 0; i <= HAL_RADIO_STATIONS; i++) {
        make_station(&more[i], (uint8_t)(0x10 + i));
        join(&more[i], KEY);
        assert_int_equal(more[i].state,
                         i < HAL_RADIO_STATIONS ? AIR_STATION_JOINED : AIR_STATION_REFUSED);
    }
    assert_int_equal(more[HAL_RADIO_STATIONS].refusal, HANDSHAKE_FULL);
    for (int i = 0; i <= HAL_RADIO_STATIONS; i++) {
        air_station_leave(&more[i]);
    }
    work();
    assert_int_equal(air_ap_members(&ap, NULL, 0), 0);
}

static void a_persistent_station_waits_for_its_network(void **state)
{
    a.persistent = true;
    air_ap_stop(&ap);
    join(&a, KEY);
    assert_int_equal(a.state, AIR_STATION_SEARCHING);
    air_ap_start(&ap, &home, KEY);
    wait_state(&a, AIR_STATION_JOINED);
    assert_passes(&a);

    air_ap_start(&ap, &home, "another key"); /* it is lost, and refused */
    work();
    assert_int_equal(recv(a.fd, error, 1, 0), 0);
    air_station_ended(&a);
    assert_int_equal(a.state, AIR_STATION_LOST);
    wait_state(&a, AIR_STATION_REFUSED);
    assert_int_equal(a.refusal, HANDSHAKE_WRONG_KEY);
    air_ap_start(&ap, &home, KEY);
    wait_state(&a, AIR_STATION_JOINED);
    assert_passes(&a);
}

static void one_that_is_not_tries_once(void **state)
{
    air_ap_stop(&ap);
    join(&a, KEY);
    assert_int_equal(a.state, AIR_STATION_SEARCHING);
    air_ap_start(&ap, &home, KEY);
    work();
    assert_int_equal(a.state, AIR_STATION_SEARCHING);
    assert_false(ev_is_active(&a.retry) || ev_is_active(&a.beacons));
}

/* An access point whose bssid another one has comes on the air when that has gone. */
static void a_double_waits(void **state)
{
    struct air_ap other;
    struct relay others;
    relay_init(&others, loop);
    air_ap_init(&other, loop, &place, &others);
    assert_int_equal(air_ap_start(&other, &home, "another key"), -EADDRINUSE);
    naps = 0;
    for (int tries = 0; tries < 3; tries++) {
        ev_run(loop, EVRUN_ONCE);
    }
    assert_int_equal(naps, 0);
    join(&a, KEY);
    assert_int_equal(a.state, AIR_STATION_JOINED);
    air_ap_stop(&ap);
    b.persistent = true;
    join(&b, "another key");
    wait_state(&b, AIR_STATION_JOINED);
    air_station_leave(&b);
    air_ap_stop(&other);
}

/* Anybody can give an access point the name of another one. */
static void an_impostor_does_not_keep_others_out(void **state)
{
    struct air_ap other;
    struct relay others;
    struct air_network network = home;
    network.bssid[0] = 0x02; /* before the true one */
    relay_init(&others, loop);
    air_ap_init(&other, loop, &place, &others);
    assert_int_equal(air_ap_start(&other, &network, "another key"), 0);
    changes = 0;
    join(&a, KEY);
    assert_int_equal(a.state, AIR_STATION_JOINED);
    assert_int_equal(changes, 2); /* joining, joined: nobody hears of the other one */
    assert_passes(&a);

    join(&b, "no key at all");
    assert_int_equal(b.state, AIR_STATION_REFUSED);
    assert_int_equal(b.refusal, HANDSHAKE_WRONG_KEY);
    memcpy(b.mac, a.mac, 6); /* refused by the true one for another reason */
    join(&b, KEY);
    assert_int_equal(b.refusal, HANDSHAKE_TAKEN);
    b.mac[5] = 0xb;
    air_station_join(&b, home.ssid, network.bssid, home.security, KEY); /* that one and no other */
    work();
    assert_int_equal(b.refusal, HANDSHAKE_WRONG_KEY);
    air_ap_stop(&other);
}

/* ---- conditions */

static void set_conditions(const char *setting)
{
    struct air_conditions conditions;
    assert_int_equal(air_conditions_read(&conditions, &place, error, sizeof error), 0);
    assert_int_equal(air_conditions_parse(&conditions, setting, error, sizeof error), 0);
    assert_int_equal(air_conditions_write(&conditions, &place), 0);
    work();
}

static void links_are_cut_and_restored(void **state)
{
    join(&a, KEY);
    join(&b, KEY);
    for (int i = 0; i < 100; i++) {
        set_conditions("cut=02:00:00:00:00:0a");
        assert_int_equal(recv(a.fd, error, 1, 0), 0);
        air_station_ended(&a);
        assert_int_equal(a.state, AIR_STATION_LOST);
        join(&a, KEY);
        assert_int_equal(a.refusal, HANDSHAKE_CUT);
        assert_passes(&b);
        set_conditions("restore=02:00:00:00:00:0a");
        join(&a, KEY);
        assert_passes(&a);
    }
    set_conditions("cut=d4:f5:13:5e:00:01"); /* the access point itself */
    assert_int_equal(air_ap_members(&ap, NULL, 0), 0);
}

static void a_persistent_station_comes_back_when_its_link_does(void **state)
{
    a.persistent = true;
    join(&a, KEY);
    set_conditions("cut=02:00:00:00:00:0a");
    air_station_ended(&a);
    wait_state(&a, AIR_STATION_REFUSED);
    set_conditions("clear");
    wait_state(&a, AIR_STATION_JOINED);
}

static void conditions_hold_from_the_start_and_change_at_once(void **state)
{
    set_conditions("loss=100%");
    air_ap_start(&ap, &home, KEY);
    join(&a, KEY); /* the handshake is not lost */
    put(a.fd, home.bssid, a.mac, 1);
    assert_int_equal(got(wire[1]), -1);
    set_conditions("clear");
    assert_passes(&a);
    set_conditions("delay=10000ms");
    put(a.fd, home.bssid, a.mac, 1);
    set_conditions("clear");
    assert_passes(&a); /* nobody waits behind what was under way */
}

/* ---- the hostile */

/* Knock, and say what is no handshake. */
static void nonsense_at_the_door_is_answered_by_a_refusal(void **state)
{
    uint8_t packet[300];
    srand(11);
    join(&a, KEY);
    for (int i = 0; i < 5000; i++) {
        int fd = air_connect(&place, home.bssid);
        assert_true(fd >= 0);
        size_t size = (size_t)rand() % sizeof packet;
        for (size_t k = 0; k < sizeof packet; k++) {
            packet[k] = (uint8_t)(rand() % 4 ? rand() : rand() % 6);
        }
        for (int n = rand() % 3; n >= 0; n--) {
            send(fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        }
        work();
        if (rand() % 2) {
            ssize_t answer = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
            assert_true(answer < 1 || packet[0] == 5 || packet[0] == 2);
        }
        close(fd);
    }
    work();
    assert_int_equal(air_ap_members(&ap, NULL, 0), 1);
    assert_passes(&a);
}

/* Doors that nobody comes in by do not keep others out. */
/* Without a descriptor for who knocks there is nothing to do, and that is not done all the time. */
static void who_cannot_be_let_in_now_waits(void **state)
{
    struct rlimit limit, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    air_station_join(&a, home.ssid, NULL, home.security, KEY);
    none = limit;
    none.rlim_cur = (rlim_t)dup(STDIN_FILENO);
    close((int)none.rlim_cur);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    accepts = 0;
    work();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(accepts, 1);
    wait_state(&a, AIR_STATION_JOINED);
    assert_passes(&a);
}

static void silent_knockers_keep_nobody_out(void **state)
{
    int fds[200];
    for (int i = 0; i < 200; i++) {
        fds[i] = air_connect(&place, home.bssid);
        assert_true(fds[i] >= 0);
        work();
    }
    join(&a, KEY);
    assert_int_equal(a.state, AIR_STATION_JOINED);
    int dropped = 0;
    for (int i = 0; i < 200; i++) {
        dropped += recv(fds[i], error, 1, MSG_DONTWAIT) == 0;
    }
    assert_in_range(dropped, 200 - AP_UNFINISHED, 200);
    for (int i = 0; i < AP_UNFINISHED; i++) { /* the others are given up in time */
        while (recv(fds[199 - i], error, 4, MSG_DONTWAIT) < 0) {
            ev_run(loop, EVRUN_ONCE);
        }
    }
    for (int i = 0; i < 200; i++) {
        close(fds[i]);
    }
    assert_passes(&a);
}

/* A member sends anything at all: nothing of it reaches others but frames with its own address. */
static void a_hostile_member_speaks_only_for_itself(void **state)
{
    uint8_t frame[2000];
    srand(12);
    join(&a, KEY);
    join(&b, KEY);
    put(a.fd, home.bssid, b.mac, 1);
    put(a.fd, b.mac, home.bssid, 1);
    assert_int_equal(got(wire[1]), -1);
    assert_int_equal(got(b.fd), -1);
    for (int i = 0; i < 20000; i++) {
        size_t size = (size_t)rand() % sizeof frame;
        for (size_t k = 0; k < 20; k++) {
            frame[k] = (uint8_t)rand();
        }
        const uint8_t *const macs[] = {b.mac, home.bssid, a.mac};
        memcpy(frame, macs[rand() % 3], rand() % 4 ? 6 : 0);
        memcpy(frame + 6, macs[rand() % 3], rand() % 4 ? 6 : 0);
        send(a.fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        ev_run(loop, EVRUN_NOWAIT);
        const int fds[] = {wire[1], b.fd};
        for (int k = 0; k < 2; k++) {
            ssize_t n = recv(fds[k], frame, sizeof frame, MSG_DONTWAIT);
            if (n >= 0) {
                assert_in_range(n, FRAME_MIN, FRAME_MAX);
                assert_memory_equal(frame + 6, a.mac, 6);
            }
        }
    }
    assert_passes(&b);
}

/* One floods everybody, and reads nothing: the others' frames still pass. */
static void a_flood_drowns_nobody(void **state)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
    uint8_t frame[FRAME_MAX] = {0};
    join(&a, KEY);
    join(&b, KEY);
    memcpy(frame + 6, a.mac, 6);
    int sent = 0, arrived = 0;
    for (int i = 0; i < 20000; i++) {
        const uint8_t *const macs[] = {b.mac, home.bssid, all};
        memcpy(frame, macs[rand() % 3], 6);
        send(a.fd, frame, sizeof frame, MSG_DONTWAIT | MSG_NOSIGNAL);
        uint8_t mine[60] = {[12] = 99};
        memcpy(mine, home.bssid, 6);
        memcpy(mine + 6, b.mac, 6);
        sent += send(b.fd, mine, sizeof mine, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
        ev_run(loop, EVRUN_NOWAIT);
        for (int k = 0; k < 2; k++) { /* the wired one reads, and is not in time */
            ssize_t n = recv(wire[1], frame + 100, 60, MSG_DONTWAIT);
            arrived += n == 60 && frame[112] == 99;
        }
        recv(b.fd, frame + 100, 60, MSG_DONTWAIT);
    }
    while (arrived < sent) {
        ev_run(loop, EVRUN_NOWAIT);
        ssize_t n = recv(wire[1], frame + 100, 60, MSG_DONTWAIT);
        arrived += n == 60 && frame[112] == 99;
    }
    assert_int_equal(sent, 20000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_station_with_the_key_is_a_member),
        TEST(who_does_not_fit_is_told_why),
        TEST(nobody_takes_the_address_of_an_uplink),
        TEST(there_is_room_for_sixteen),
        TEST(a_persistent_station_waits_for_its_network),
        TEST(one_that_is_not_tries_once),
        TEST(a_double_waits),
        TEST(an_impostor_does_not_keep_others_out),
        TEST(links_are_cut_and_restored),
        TEST(a_persistent_station_comes_back_when_its_link_does),
        TEST(conditions_hold_from_the_start_and_change_at_once),
        TEST(nonsense_at_the_door_is_answered_by_a_refusal),
        TEST(who_cannot_be_let_in_now_waits),
        TEST(silent_knockers_keep_nobody_out),
        TEST(a_hostile_member_speaks_only_for_itself),
        TEST(a_flood_drowns_nobody),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}

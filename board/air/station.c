#include "board/air/station.h"

#include <string.h>
#include <unistd.h>

#define RETRY_AFTER_LOSS 0.02 /* the access point may just start again with other settings */

static void search(struct air_station *station);

/* ---- trying again */

static void look_after(struct air_station *station, ev_tstamp seconds)
{
    ev_timer_stop(station->loop, &station->retry);
    ev_timer_set(&station->retry, seconds, AIR_STATION_RETRY);
    ev_timer_start(station->loop, &station->retry);
}

/* Whoever waits for a network watches the place if the system grants it (a user has only so many
 * inotify descriptors), so that it is quick; and looks now and then in every case, because there is
 * more to wait for than beacons. The descriptor stays open, for closing it takes the kernel ten
 * milliseconds and more. */
static void wait_for_change(struct air_station *station)
{
    if (station->beacons.fd < 0) {
        ev_io_set(&station->beacons, air_place_watch(station->place), EV_READ);
    }
    if (station->beacons.fd >= 0) {
        ev_io_start(station->loop, &station->beacons);
    }
    if (!ev_is_active(&station->retry)) {
        look_after(station, AIR_STATION_RETRY);
    }
}

static void stop_waiting(struct air_station *station)
{
    ev_timer_stop(station->loop, &station->retry);
    ev_io_stop(station->loop, &station->beacons);
}

static void place_changed(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct air_station *station = watcher->data;
    air_place_changed(watcher->fd);
    if (station->state != AIR_STATION_JOINING) {
        search(station);
    }
}

static void retry(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct air_station *station = timer->data;
    if (station->state != AIR_STATION_JOINING) {
        search(station);
    }
}

/* ---- states */

static void disconnect(struct air_station *station)
{
    air_attempt_stop(&station->attempt);
    if (station->fd >= 0) {
        close(station->fd);
    }
    station->fd = -1;
}

static void enter(struct air_station *station, enum air_station_state state,
                  enum handshake_refusal refusal)
{
    bool news = station->state != state || station->refusal != refusal;
    station->state = state;
    station->refusal = refusal;
    if (news) {
        station->changed(station);
    }
}

/* ---- finding */

/* The next access point to knock at, by bssid: of this name, and if there are some with the right
 * security, of those. */
static bool find(const struct air_station *station, struct air_network *found)
{
    static const uint8_t any[6];
    static struct air_network networks[AIR_NETWORKS];
    const struct air_network *wanted = &station->network;
    int count;
    if (memcmp(wanted->bssid, any, sizeof any) != 0) {
        count = air_place_find(station->place, wanted->bssid, networks);
    } else {
        count = air_place_scan(station->place, networks, AIR_NETWORKS);
    }
    const struct air_network *next[2] = {NULL}; /* with another security, with the right one */
    bool is_right_there = false;
    for (int i = 0; i < count; i++) {
        const struct air_network *one = &networks[i];
        if (strcmp(one->ssid, wanted->ssid) == 0) {
            bool is_right = one->security == wanted->security;
            is_right_there |= is_right;
            if (next[is_right] == NULL &&
                memcmp(one->bssid, station->tried, sizeof station->tried) > 0) {
                next[is_right] = one;
            }
        }
    }
    if (next[is_right_there] == NULL) {
        return false;
    }
    *found = *next[is_right_there];
    return true;
}

/* Anybody can give an access point that name: those that refuse, or cannot be reached, are no
 * obstacle for the ones behind them. False: there is none left. */
static bool knock_at_next(struct air_station *station)
{
    struct air_network found;
    int fd = -1;
    while (fd < 0 && find(station, &found)) {
        memcpy(station->tried, found.bssid, sizeof station->tried);
        fd = air_connect(station->place, found.bssid);
    }
    if (fd < 0) {
        return false;
    }
    if (!station->has_pmk && station->network.security != HAL_RADIO_OPEN) {
        handshake_pmk(station->key, station->network.ssid, station->pmk);
        station->has_pmk = true;
    }
    found.security = station->network.security;
    station->fd = fd;
    enter(station, AIR_STATION_JOINING, HANDSHAKE_OK);
    air_attempt_start(&station->attempt, fd, &found, station->pmk, station->mac);
    return true;
}

/* When all have refused, the key is wrong only if it is for all of them. */
static void attempt_over(void *context, enum handshake_refusal refusal)
{
    struct air_station *station = context;
    if (refusal == HANDSHAKE_OK) {
        stop_waiting(station);
        enter(station, AIR_STATION_JOINED, refusal);
        return;
    }
    disconnect(station);
    if (station->so_far == HANDSHAKE_OK || station->so_far == HANDSHAKE_WRONG_KEY) {
        station->so_far = refusal;
    }
    if (!knock_at_next(station)) {
        enter(station, AIR_STATION_REFUSED, station->so_far);
    }
}

static void search(struct air_station *station)
{
    if (station->persistent) {
        wait_for_change(station); /* first: what comes after the look is heard of */
    }
    memset(station->tried, 0, sizeof station->tried);
    station->so_far = HANDSHAKE_OK;
    if (!knock_at_next(station)) {
        enter(station, AIR_STATION_SEARCHING, HANDSHAKE_OK);
    }
}

/* ---- */

void air_station_init(struct air_station *station)
{
    station->fd = -1;
    air_attempt_init(&station->attempt, station->loop, attempt_over, station);
    ev_io_init(&station->beacons, place_changed, -1, EV_READ);
    ev_timer_init(&station->retry, retry, 0., AIR_STATION_RETRY);
    station->beacons.data = station->retry.data = station;
}

void air_station_join(struct air_station *station, const char *ssid, const uint8_t *bssid,
                      uint8_t security, const char *key)
{
    air_station_leave(station);
    memset(&station->network, 0, sizeof station->network);
    memset(station->key, 0, sizeof station->key);
    strncpy(station->network.ssid, ssid, sizeof station->network.ssid - 1);
    strncpy(station->key, key, sizeof station->key - 1);
    station->network.security = security;
    if (bssid != NULL) {
        memcpy(station->network.bssid, bssid, sizeof station->network.bssid);
    }
    station->has_pmk = false;
    search(station);
}

void air_station_leave(struct air_station *station)
{
    stop_waiting(station);
    if (station->beacons.fd >= 0) {
        close(station->beacons.fd);
        ev_io_set(&station->beacons, -1, EV_READ);
    }
    disconnect(station);
    enter(station, AIR_STATION_IDLE, HANDSHAKE_OK);
}

void air_station_ended(struct air_station *station)
{
    if (station->state == AIR_STATION_JOINED) {
        disconnect(station);
        if (station->persistent) {
            look_after(station, RETRY_AFTER_LOSS);
        }
        enter(station, AIR_STATION_LOST, HANDSHAKE_OK);
    }
}

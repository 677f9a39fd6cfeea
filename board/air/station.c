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

static void attempt_over(void *context, enum handshake_refusal refusal)
{
    struct air_station *station = context;
    if (refusal == HANDSHAKE_OK) {
        stop_waiting(station);
        enter(station, AIR_STATION_JOINED, refusal);
    } else {
        disconnect(station);
        enter(station, AIR_STATION_REFUSED, refusal);
    }
}

/* ---- finding */

/* The access point to knock at: of this name, and if there is one with the right security, that. */
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
    bool is_found = false;
    for (int i = 0; i < count; i++) {
        bool is_better = !is_found || (found->security != wanted->security &&
                                       networks[i].security == wanted->security);
        if (strcmp(networks[i].ssid, wanted->ssid) == 0 && is_better) {
            *found = networks[i];
            is_found = true;
        }
    }
    return is_found;
}

static void search(struct air_station *station)
{
    struct air_network found;
    if (station->persistent) {
        wait_for_change(station); /* first: what comes after the look is heard of */
    }
    int fd = find(station, &found) ? air_connect(station->place, found.bssid) : -1;
    if (fd < 0) {
        enter(station, AIR_STATION_SEARCHING, HANDSHAKE_OK);
        return;
    }
    if (!station->has_pmk && station->network.security != HAL_RADIO_OPEN) {
        handshake_pmk(station->key, station->network.ssid, station->pmk);
        station->has_pmk = true;
    }
    found.security = station->network.security;
    station->fd = fd;
    enter(station, AIR_STATION_JOINING, HANDSHAKE_OK);
    air_attempt_start(&station->attempt, fd, &found, station->pmk, station->mac);
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

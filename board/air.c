#include "board/air.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/laptop/laptop.h"

/* Send what the station must be told. When its socket is full, that waits until there is room. */
static void tell(struct air_station *station)
{
    struct ev_loop *loop = station->air->loop;
    bool *pending[] = {&station->tell_down,
                       &station->tell_up}; /* in this order: a restart is both */
    static const uint8_t what[] = {LAPTOP_LINK_DOWN, LAPTOP_LINK_UP};
    for (int i = 0; i < 2; i++) {
        if (!*pending[i]) {
            continue;
        }
        if (send(station->out.fd, &what[i], 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
            errno == EAGAIN) {
            ev_io_start(loop, &station->out);
            return;
        }
        *pending[i] = false;
    }
    ev_io_stop(loop, &station->out);
}

static void writable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    tell(watcher->data);
}

static void join(struct air_station *station)
{
    if (radio_join(station->air->radio, station->out.fd, station->mac)) {
        station->tell_up = true;
        tell(station);
    }
}

static void ap_changed(void *context, bool up)
{
    struct air *air = context;
    for (int i = 0; i < AIR_STATIONS; i++) {
        struct air_station *station = &air->stations[i];
        if (station->out.fd < 0) {
            continue;
        }
        if (up) {
            join(station);
        } else {
            station->tell_down = true;
            station->tell_up = false;
            tell(station);
        }
    }
}

static void station_close(struct air_station *station)
{
    ev_io_stop(station->air->loop, &station->out);
    close(station->out.fd);
    ev_io_set(&station->out, -1, EV_WRITE);
}

static void station_gone(void *context, int fd)
{
    struct air *air = context;
    for (int i = 0; i < AIR_STATIONS; i++) {
        if (air->stations[i].out.fd == fd) {
            station_close(&air->stations[i]);
        }
    }
}

void air_open(struct air *air, struct ev_loop *loop, struct radio *radio)
{
    air->loop = loop;
    air->radio = radio;
    for (int i = 0; i < AIR_STATIONS; i++) {
        struct air_station *station = &air->stations[i];
        station->air = air;
        station->tell_down = station->tell_up = false;
        ev_io_init(&station->out, writable, -1, EV_WRITE);
        station->out.data = station;
    }
    radio->ap_changed = ap_changed;
    radio->station_gone = station_gone;
    radio->context = air;
}

void air_close(struct air *air)
{
    for (int i = 0; i < AIR_STATIONS; i++) {
        if (air->stations[i].out.fd >= 0) {
            radio_leave(air->radio, air->stations[i].out.fd);
            station_close(&air->stations[i]);
        }
    }
}

bool air_add(struct air *air, int fd, const uint8_t mac[6])
{
    for (int i = 0; i < AIR_STATIONS; i++) {
        struct air_station *station = &air->stations[i];
        if (station->out.fd >= 0) {
            continue;
        }
        ev_io_set(&station->out, fd, EV_WRITE);
        memcpy(station->mac, mac, 6);
        if (air->radio->ap_up) {
            join(station);
        }
        return true;
    }
    close(fd);
    return false;
}

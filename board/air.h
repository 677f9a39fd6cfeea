/* The air around the board: the stations in range, which join its access point whenever that is up.
 *
 * A station's socket (SOCK_SEQPACKET) carries its frames and, to the station, packets of one byte,
 * enum laptop_link, when the access point comes and goes. */
#ifndef BOARD_AIR_H
#define BOARD_AIR_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "board/radio.h"

#define AIR_STATIONS 4

struct air_station {
    struct air *air;
    struct ev_io out; /* of its socket; out.fd -1: none */
    uint8_t mac[6];
    bool tell_down, tell_up; /* what it must be told yet */
};

struct air {
    struct ev_loop *loop;
    struct radio *radio;
    struct air_station stations[AIR_STATIONS];
};

/* From now on the air hears `radio`, whose callbacks it takes. */
void air_open(struct air *air, struct ev_loop *loop, struct radio *radio);
void air_close(struct air *air);

/* A station comes into range; the air owns `fd`, which is non-blocking, from now on. False: too
 * many, and `fd` is closed. */
bool air_add(struct air *air, int fd, const uint8_t mac[6]);

#endif

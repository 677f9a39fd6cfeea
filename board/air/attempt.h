/* One attempt of a station to associate: the handshake over a connection to an access point, with a
 * time limit. */
#ifndef BOARD_AIR_ATTEMPT_H
#define BOARD_AIR_ATTEMPT_H

#include <ev.h>

#include "board/air/handshake.h"

struct air_attempt {
    struct ev_loop *loop;
    /* It is over: HANDSHAKE_OK, and what `fd` carries from now on are frames; or why not. */
    void (*over)(void *context, enum handshake_refusal refusal);
    void *context;
    int fd; /* of the attempt that is going on; stays the caller's */
    struct handshake handshake;
    struct ev_io readable;
    struct ev_timer limit;
};

void air_attempt_init(struct air_attempt *attempt, struct ev_loop *loop,
                      void (*over)(void *context, enum handshake_refusal refusal), void *context);

/* Begin, as the station with the address `mac`, over the connection `fd` (from air_connect()). `over`
 * may be called before this returns. */
void air_attempt_start(struct air_attempt *attempt, int fd, const struct air_network *network,
                       const uint8_t pmk[32], const uint8_t mac[6]);

/* Give it up without a word. */
void air_attempt_stop(struct air_attempt *attempt);

#endif

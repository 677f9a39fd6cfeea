/* One forwarded connection, as forward.c sees it as a whole, relay_wipy.c its side in lwIP, and
 * relay_bytes.c what passes through it. Private to these three. */
#ifndef BOARD_LAPTOP_RELAY_H
#define BOARD_LAPTOP_RELAY_H

#include "board/laptop/forward.h"

#define RELAY_KEEP_IDLE_S   60 /* TCP keepalive on both sides */
#define RELAY_KEEP_PERIOD_S 5
#define RELAY_KEEP_PROBES   4
#define RELAY_GONE_CHECK_S  30

enum relay_state {
    RELAY_WAITING,         /* for the lease */
    RELAY_CONNECTING_WIPY, /* back to WAITING when the network goes down */
    RELAY_CONNECTING_HOST,
    RELAY_OPEN,
    RELAY_RESET, /* the WiPy's side is gone without having ended: what is left goes to the host,
                    then a reset */
};

struct forward_relay {
    struct forward_relay *next, **link;
    struct forward_relay *next_touched;
    bool touched;
    struct forward *forward;
    enum relay_state state;
    struct tcp_pcb *pcb; /* NULL: not yet or no longer ours */
    int fd;
    uint16_t wipy_port;
    bool host_ended; /* the host's end of file is passed on */
    bool wipy_ended; /* the WiPy's FIN has come */
    bool host_shut;  /* and is passed on */
    /* From the WiPy, not yet written to the host: linked by `next`, without regard to tot_len,
     * which has 16 bits only. */
    struct pbuf *first, *last;
    uint32_t owed; /* bytes received and not yet acknowledged to lwIP's window */
    struct forward_filter filter;
    ev_io io;
    ev_timer patience; /* WAITING: the end of the wait; host_ended: the next look whether the client
                          is gone */
    ev_tstamp waits_until; /* by steady_now() */
};

/* ---- relay_wipy.c */

/* lwIP's callbacks only note what has happened; forward.c acts on it before the loop sleeps,
 * outside lwIP and once for a batch of frames. */
void relay_touch(struct forward_relay *relay);

/* Open the connection to the WiPy. */
void relay_connect_wipy(struct forward_relay *relay);

/* From now on the connection is the relay's, or no longer. */
void relay_take_pcb(struct forward_relay *relay, struct tcp_pcb *pcb);
void relay_release_pcb(struct forward_relay *relay);

/* Free the first packet that waits for the host. */
void relay_drop_first(struct forward_relay *relay);

/* ---- relay_bytes.c */

/* Write to the host what it takes. False when its side is gone. */
bool relay_write_host(struct forward_relay *relay);

/* How much may be read from the host so that lwIP is sure to take it. */
size_t relay_room_for_wipy(const struct forward_relay *relay);

/* Read from the host what lwIP can take. False when a side is gone. */
bool relay_read_host(struct forward_relay *relay);

#endif

/* A listening socket of an event loop. When the system has run short of something, of descriptors
 * above all, what cannot be accepted would wake the loop again and again: then it rests a while. */
#ifndef BOARD_AIR_LISTENER_H
#define BOARD_AIR_LISTENER_H

#include <ev.h>
#include <netinet/in.h>

#define LISTENER_REST 0.1 /* seconds */

struct listener {
    struct ev_io io; /* io.fd -1: none; the descriptor is the caller's */
    struct ev_timer rest;
};

/* `knock`: as of an ev_io, with `data` in the watcher; it calls listener_accept(). The listener
 * must not move in memory. */
void listener_init(struct listener *listener,
                   void (*knock)(struct ev_loop *loop, struct ev_io *io, int events), void *data);

void listener_start(struct listener *listener, struct ev_loop *loop, int fd);
void listener_stop(struct listener *listener, struct ev_loop *loop);

/* Accept one connection, non-blocking; -1: there is none. `peer`: of TCP; NULL: nobody asks. */
int listener_accept(struct listener *listener, struct ev_loop *loop, struct sockaddr_in *peer);

#endif

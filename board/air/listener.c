#include "board/air/listener.h"

#include <errno.h>
#include <sys/socket.h>

static void rested(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct listener *listener = timer->data;
    ev_io_start(loop, &listener->io);
}

void listener_init(struct listener *listener,
                   void (*knock)(struct ev_loop *loop, struct ev_io *io, int events), void *data)
{
    ev_io_init(&listener->io, knock, -1, EV_READ);
    ev_timer_init(&listener->rest, rested, LISTENER_REST, 0.);
    listener->io.data = data;
    listener->rest.data = listener;
}

void listener_start(struct listener *listener, struct ev_loop *loop, int fd)
{
    ev_io_set(&listener->io, fd, EV_READ);
    ev_io_start(loop, &listener->io);
}

void listener_stop(struct listener *listener, struct ev_loop *loop)
{
    ev_timer_stop(loop, &listener->rest);
    ev_io_stop(loop, &listener->io);
    ev_io_set(&listener->io, -1, EV_READ);
}

int listener_accept(struct listener *listener, struct ev_loop *loop, struct sockaddr_in *peer)
{
    socklen_t size = sizeof *peer;
    int fd = accept4(listener->io.fd, (struct sockaddr *)peer, peer != NULL ? &size : NULL,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        ev_io_stop(loop, &listener->io);
        ev_timer_set(&listener->rest, LISTENER_REST, 0.);
        ev_timer_start(loop, &listener->rest);
    }
    return fd;
}

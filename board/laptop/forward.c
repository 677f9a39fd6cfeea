#include "board/laptop/relay.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/air/steady.h"

/* ---- beginning and end */

void forward_reset(int fd)
{
    struct linger linger = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd);
}

/* Close both sides, at once: the host with a reset unless it has been served to the end, the WiPy
 * likewise. */
static void destroy(struct forward_relay *relay, bool complete)
{
    struct forward *forward = relay->forward;
    ev_io_stop(forward->loop, &relay->io);
    ev_timer_stop(forward->loop, &relay->patience);
    if (relay->pcb != NULL) {
        struct tcp_pcb *pcb = relay->pcb;
        relay_release_pcb(relay);
        tcp_abort(pcb);
    }
    if (complete)
        close(relay->fd);
    else
        forward_reset(relay->fd);
    while (relay->first != NULL)
        relay_drop_first(relay);
    if (relay->filter.closed != NULL)
        relay->filter.closed(relay->filter.context);
    if (relay->touched) {
        struct forward_relay **link = &forward->touched;
        while (*link != relay)
            link = &(*link)->next_touched;
        *link = relay->next_touched;
    }
    *relay->link = relay->next;
    if (relay->next != NULL)
        relay->next->link = relay->link;
    forward->count--;
    free(relay);
}

static void watch(struct forward_relay *relay, int events)
{
    if ((relay->io.events & (EV_READ | EV_WRITE)) == events &&
        (events == 0) != ev_is_active(&relay->io))
        return;
    ev_io_stop(relay->forward->loop, &relay->io);
    ev_io_set(&relay->io, relay->fd, events);
    if (events != 0)
        ev_io_start(relay->forward->loop, &relay->io);
}

static void wait_for_lease(struct forward_relay *relay)
{
    ev_timer_stop(relay->forward->loop, &relay->patience);
    ev_tstamp left = relay->waits_until - steady_now();
    ev_timer_set(&relay->patience, left > 0 ? left : 0., 0.);
    ev_timer_start(relay->forward->loop, &relay->patience);
}

/* Bring the relay forward as far as it goes now, and wait for what it needs next. May destroy it.
 */
static void serve(struct forward_relay *relay)
{
    switch (relay->state) {
    case RELAY_WAITING:
        if (relay->forward->station->is_lost)
            destroy(relay, false);
        else if (!ev_is_active(&relay->patience))
            wait_for_lease(relay);
        return;
    case RELAY_CONNECTING_WIPY:
        return;
    case RELAY_CONNECTING_HOST:
        watch(relay, EV_WRITE);
        return;
    case RELAY_RESET:
        relay_write_host(relay);
        destroy(relay, false);
        return;
    case RELAY_OPEN:
        break;
    }
    if (!relay_write_host(relay)) {
        destroy(relay, false);
        return;
    }
    if (relay->wipy_ended && relay->host_ended && relay->pcb != NULL) {
        struct tcp_pcb *pcb = relay->pcb; /* lwIP delivers what is left, and our FIN, by itself */
        relay_release_pcb(relay);
        if (tcp_close(pcb) != ERR_OK)
            tcp_abort(pcb);
    }
    if (relay->wipy_ended && relay->first == NULL && !relay->host_shut) {
        shutdown(relay->fd, SHUT_WR);
        relay->host_shut = true;
    }
    if (relay->host_shut && relay->host_ended)
        destroy(relay, true);
    else
        watch(relay, (relay_room_for_wipy(relay) > 0 ? EV_READ : 0) |
                         (relay->first != NULL ? EV_WRITE : 0));
}

/* ---- events of the host's side */

static void host_connected(struct forward_relay *relay)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(relay->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    relay->state = error == 0 ? RELAY_OPEN : RELAY_RESET;
}

static void host_event(struct ev_loop *loop, ev_io *io, int events)
{
    struct forward_relay *relay = io->data;
    if (relay->state == RELAY_CONNECTING_HOST)
        host_connected(relay);
    else if (relay->state == RELAY_OPEN && (events & EV_READ) && !relay_read_host(relay)) {
        destroy(relay, false);
        return;
    }
    serve(relay);
}

/* The wait for the lease is over; or a client that has ended its half may be gone altogether, which
 * keepalive finds out and nobody else would tell. */
static void patience_over(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct forward_relay *relay = timer->data;
    int error = 0;
    socklen_t size = sizeof error;
    if (relay->state == RELAY_OPEN) {
        getsockopt(relay->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error == 0) {
            ev_timer_again(loop, timer);
            return;
        }
    }
    destroy(relay, false);
}

static void before_sleep(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct forward *forward = prepare->data;
    while (forward->touched != NULL) {
        struct forward_relay *relay = forward->touched;
        forward->touched = relay->next_touched;
        relay->touched = false;
        serve(relay);
    }
}

/* ---- start */

static struct forward_relay *create(struct forward *forward, int fd, enum relay_state state)
{
    struct forward_relay *relay = forward->count < FORWARD_MAX ? calloc(1, sizeof *relay) : NULL;
    if (relay == NULL)
        return NULL;
    relay->forward = forward;
    relay->state = state;
    relay->fd = fd;
    relay->waits_until = steady_now() + FORWARD_WAIT;
    ev_io_init(&relay->io, host_event, fd, 0);
    ev_timer_init(&relay->patience, patience_over, 0., 0.);
    relay->io.data = relay->patience.data = relay;
    relay->next = forward->relays;
    if (relay->next != NULL)
        relay->next->link = &relay->next;
    relay->link = &forward->relays;
    forward->relays = relay;
    forward->count++;

    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int idle = RELAY_KEEP_IDLE_S, period = RELAY_KEEP_PERIOD_S, probes = RELAY_KEEP_PROBES;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &period, sizeof period);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on,
               sizeof on); /* telnet's urgent bytes are part of the stream */
    return relay;
}

void forward_init(struct forward *forward, struct ev_loop *loop, const struct station *station)
{
    *forward = (struct forward){.loop = loop, .station = station};
    ev_prepare_init(&forward->before_sleep, before_sleep);
    forward->before_sleep.data = forward;
    ev_prepare_start(loop, &forward->before_sleep);
}

void forward_host(struct forward *forward, int fd, uint16_t wipy_port,
                  const struct forward_filter *filter)
{
    struct forward_relay *relay = create(forward, fd, RELAY_WAITING);
    if (relay == NULL) {
        forward_reset(fd);
        if (filter != NULL)
            filter->closed(filter->context);
        return;
    }
    relay->wipy_port = wipy_port;
    if (filter != NULL)
        relay->filter = *filter;
    if (forward->station->online)
        relay_connect_wipy(relay);
    relay_touch(relay);
}

int forward_wipy(struct forward *forward, struct tcp_pcb *pcb, const struct sockaddr_in *to,
                 const struct sockaddr_in *from)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    struct sockaddr_in local = *from;
    local.sin_port = 0;
    if (bind(fd, (struct sockaddr *)&local, sizeof local) != 0 ||
        (connect(fd, (const struct sockaddr *)to, sizeof *to) != 0 && errno != EINPROGRESS)) {
        close(fd);
        return -1;
    }
    struct forward_relay *relay = create(forward, fd, RELAY_CONNECTING_HOST);
    if (relay == NULL) {
        close(fd);
        return -1;
    }
    relay_take_pcb(relay, pcb);
    relay_touch(relay);
    return 0;
}

void forward_online(struct forward *forward, bool online)
{
    for (struct forward_relay *relay = forward->relays; relay != NULL; relay = relay->next) {
        if (relay->state == RELAY_WAITING && online)
            relay_connect_wipy(relay);
        else if (relay->state == RELAY_WAITING)
            relay_touch(relay);
    }
}

#include "board/laptop/forward.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_MAX      65536u
#define WRITE_VECTORS 64
#define KEEP_IDLE_S   60
#define KEEP_PERIOD_S 5
#define KEEP_PROBES   4
#define GONE_CHECK_S  30

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
    ev_tstamp waits_until;
};

static uint8_t read_buffer[READ_MAX];
static uint8_t filter_buffer[FORWARD_FILTER_ROOM(READ_MAX)];

static void connect_wipy(struct forward_relay *relay);
static void serve(struct forward_relay *relay);

/* lwIP's callbacks only note what has happened; serve() acts on it before the loop sleeps, outside
 * lwIP and once for a batch. */
static void touch(struct forward_relay *relay)
{
    if (relay->touched)
        return;
    relay->touched = true;
    relay->next_touched = relay->forward->touched;
    relay->forward->touched = relay;
}

/* ---- beginning and end */

void forward_reset(int fd)
{
    struct linger linger = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd);
}

static void drop_first(struct forward_relay *relay)
{
    struct pbuf *packet = relay->first;
    relay->first = packet->next;
    packet->next = NULL;
    packet->tot_len = packet->len;
    pbuf_free(packet);
}

static void release_pcb(struct forward_relay *relay)
{
    tcp_arg(relay->pcb, NULL);
    tcp_recv(relay->pcb, NULL);
    tcp_sent(relay->pcb, NULL);
    tcp_err(relay->pcb, NULL);
    relay->pcb = NULL;
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
        release_pcb(relay);
        tcp_abort(pcb);
    }
    if (complete)
        close(relay->fd);
    else
        forward_reset(relay->fd);
    while (relay->first != NULL)
        drop_first(relay);
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

/* ---- the WiPy's side: callbacks of lwIP */

static void append(struct forward_relay *relay, struct pbuf *packet)
{
    if (relay->first == NULL)
        relay->first = packet;
    else
        relay->last->next = packet;
    while (packet->next != NULL)
        packet = packet->next;
    relay->last = packet;
}

/* Append what the filter makes of `size` bytes. */
static void append_filtered(struct forward_relay *relay, const void *data, uint16_t size, bool end)
{
    size_t left = relay->filter.to_host(relay->filter.context, data, size, end, filter_buffer);
    if (left == 0)
        return;
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)left, PBUF_RAM);
    if (packet == NULL) {
        relay->state = RELAY_RESET; /* no memory: better no connection than one with a gap */
        return;
    }
    memcpy(packet->payload, filter_buffer, left);
    append(relay, packet);
}

static err_t wipy_received(void *arg, struct tcp_pcb *pcb, struct pbuf *packet, err_t error)
{
    struct forward_relay *relay = arg;
    if (packet == NULL)
        relay->wipy_ended = true;
    else
        relay->owed += packet->tot_len;
    if (relay->filter.to_host == NULL) {
        if (packet != NULL)
            append(relay, packet);
    } else if (packet == NULL) {
        append_filtered(relay, NULL, 0, true);
    } else {
        for (const struct pbuf *part = packet; part != NULL; part = part->next)
            append_filtered(relay, part->payload, part->len, false);
        pbuf_free(packet);
    }
    touch(relay);
    return ERR_OK;
}

static err_t wipy_acknowledged(void *arg, struct tcp_pcb *pcb, u16_t size)
{
    touch(arg);
    return ERR_OK;
}

static err_t wipy_connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
    struct forward_relay *relay = arg;
    relay->state = RELAY_OPEN;
    touch(relay);
    return ERR_OK;
}

/* lwIP has freed the connection: refused, reset, timed out, or the network is down. */
static void wipy_failed(void *arg, err_t error)
{
    struct forward_relay *relay = arg;
    relay->pcb = NULL;
    if (relay->state == RELAY_CONNECTING_WIPY && !relay->forward->station->online)
        relay->state = RELAY_WAITING;
    else
        relay->state = RELAY_RESET;
    touch(relay);
}

static void take_pcb(struct forward_relay *relay, struct tcp_pcb *pcb)
{
    relay->pcb = pcb;
    tcp_arg(pcb, relay);
    tcp_recv(pcb, wipy_received);
    tcp_sent(pcb, wipy_acknowledged);
    tcp_err(pcb, wipy_failed);
    tcp_nagle_disable(pcb);
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = KEEP_IDLE_S * 1000;
    pcb->keep_intvl = KEEP_PERIOD_S * 1000;
    pcb->keep_cnt = KEEP_PROBES;
}

static void connect_wipy(struct forward_relay *relay)
{
    struct tcp_pcb *pcb = tcp_new();
    if (pcb == NULL) {
        relay->state = RELAY_RESET;
        touch(relay);
        return;
    }
    ev_timer_stop(relay->forward->loop, &relay->patience);
    take_pcb(relay, pcb);
    relay->state = RELAY_CONNECTING_WIPY;
    if (tcp_connect(pcb, station_wipy(relay->forward->station), relay->wipy_port, wipy_connected) !=
        ERR_OK) {
        release_pcb(relay);
        tcp_abort(pcb);
        relay->state = RELAY_RESET;
        touch(relay);
    }
}

/* ---- passing bytes */

/* Acknowledge to lwIP what the host has taken, so that the WiPy may send more. */
static void acknowledge(struct forward_relay *relay, size_t size)
{
    /* A filter may make more or less of what came; the sums agree when everything is written. */
    if (size > relay->owed || relay->first == NULL)
        size = relay->owed;
    relay->owed -= (uint32_t)size;
    while (relay->pcb != NULL && size > 0) {
        uint16_t part = size > UINT16_MAX ? UINT16_MAX : (uint16_t)size;
        tcp_recved(relay->pcb, part);
        size -= part;
    }
}

/* Write to the host what it takes. False when its side is gone. */
static bool write_host(struct forward_relay *relay)
{
    while (relay->first != NULL) {
        struct iovec vectors[WRITE_VECTORS];
        struct msghdr message = {.msg_iov = vectors};
        for (struct pbuf *p = relay->first; p != NULL && message.msg_iovlen < WRITE_VECTORS;
             p = p->next)
            vectors[message.msg_iovlen++] = (struct iovec){p->payload, p->len};
        ssize_t written = sendmsg(relay->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written < 0)
            return errno == EAGAIN || errno == EINTR;
        size_t left = (size_t)written;
        while (relay->first != NULL && left >= relay->first->len) {
            left -= relay->first->len;
            drop_first(relay);
        }
        if (left > 0) {
            relay->first->payload = (uint8_t *)relay->first->payload + left;
            relay->first->len = (uint16_t)(relay->first->len - left);
        }
        acknowledge(relay, (size_t)written);
    }
    acknowledge(relay, 0);
    return true;
}

/* How much may be read from the host so that lwIP is sure to take it. */
static size_t room_for_wipy(const struct forward_relay *relay)
{
    if (relay->pcb == NULL || relay->host_ended)
        return 0;
    size_t room = tcp_sndbuf(relay->pcb);
    unsigned queue = tcp_sndqueuelen(relay->pcb) + 4u;
    if (queue >= TCP_SND_QUEUELEN)
        return 0;
    size_t room_in_queue = (size_t)(TCP_SND_QUEUELEN - queue) * TCP_MSS / 2;
    if (room > room_in_queue)
        room = room_in_queue;
    if (relay->filter.to_wipy != NULL)
        room = room > FORWARD_FILTER_ROOM(0) ? (room - FORWARD_FILTER_ROOM(0)) / 4 : 0;
    return room < READ_MAX ? room : READ_MAX;
}

/* Write `size` bytes of `data`, more than 64 KiB possibly. False when lwIP cannot. */
static bool write_wipy(struct forward_relay *relay, const uint8_t *data, size_t size)
{
    while (size > 0) {
        uint16_t part = size > INT16_MAX ? INT16_MAX : (uint16_t)size;
        if (tcp_write(relay->pcb, data, part, TCP_WRITE_FLAG_COPY) != ERR_OK)
            return false;
        data += part;
        size -= part;
    }
    return true;
}

/* Read from the host what lwIP can take. False when a side is gone. */
static bool read_host(struct forward_relay *relay)
{
    size_t room = room_for_wipy(relay);
    if (room == 0)
        return true;
    ssize_t received = recv(relay->fd, read_buffer, room, MSG_DONTWAIT);
    if (received < 0)
        return errno == EAGAIN || errno == EINTR;
    const uint8_t *data = read_buffer;
    size_t size = (size_t)received;
    if (relay->filter.to_wipy != NULL) {
        size = relay->filter.to_wipy(relay->filter.context, read_buffer, size, received == 0,
                                     filter_buffer);
        data = filter_buffer;
    }
    if (!write_wipy(relay, data, size))
        return false;
    if (received == 0) {
        relay->host_ended = true;
        relay->patience.repeat = GONE_CHECK_S;
        ev_timer_again(relay->forward->loop, &relay->patience);
        if (!relay->wipy_ended && tcp_shutdown(relay->pcb, 0, 1) != ERR_OK)
            return false;
    }
    if (relay->pcb != NULL)
        tcp_output(relay->pcb);
    return true;
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
    ev_tstamp left = relay->waits_until - ev_now(relay->forward->loop);
    ev_timer_set(&relay->patience, left > 0 ? left : 0., 0.);
    ev_timer_start(relay->forward->loop, &relay->patience);
}

/* Bring the relay forward as far as it goes now, and wait for what it needs next. May destroy it.
 */
static void serve(struct forward_relay *relay)
{
    switch (relay->state) {
    case RELAY_WAITING:
        if (!ev_is_active(&relay->patience))
            wait_for_lease(relay);
        return;
    case RELAY_CONNECTING_WIPY:
        return;
    case RELAY_CONNECTING_HOST:
        watch(relay, EV_WRITE);
        return;
    case RELAY_RESET:
        write_host(relay);
        destroy(relay, false);
        return;
    case RELAY_OPEN:
        break;
    }
    if (!write_host(relay)) {
        destroy(relay, false);
        return;
    }
    if (relay->wipy_ended && relay->host_ended && relay->pcb != NULL) {
        struct tcp_pcb *pcb = relay->pcb; /* lwIP delivers what is left, and our FIN, by itself */
        release_pcb(relay);
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
        watch(relay,
              (room_for_wipy(relay) > 0 ? EV_READ : 0) | (relay->first != NULL ? EV_WRITE : 0));
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
    else if (relay->state == RELAY_OPEN && (events & EV_READ) && !read_host(relay)) {
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
    relay->waits_until = ev_now(forward->loop) + FORWARD_WAIT;
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
    int idle = KEEP_IDLE_S, period = KEEP_PERIOD_S, probes = KEEP_PROBES;
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
        connect_wipy(relay);
    touch(relay);
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
    take_pcb(relay, pcb);
    touch(relay);
    return 0;
}

void forward_online(struct forward *forward, bool online)
{
    if (!online)
        return; /* lwIP has told every relay */
    for (struct forward_relay *relay = forward->relays; relay != NULL; relay = relay->next)
        if (relay->state == RELAY_WAITING)
            connect_wipy(relay);
}

int forward_accept(int listener, struct sockaddr_in *peer)
{
    socklen_t size = sizeof *peer;
    return accept4(listener, (struct sockaddr *)peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

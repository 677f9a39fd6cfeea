#include "board/air/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "board/air/steady.h"

#define SOCKET_BUFFER (4 << 20)                   /* bytes; the system may grant less */
#define HELD_MAX      (RELAY_PORTS * RELAY_BATCH) /* a batch of each sender, which then is held back */

static struct frame batch[RELAY_BATCH]; /* what has just been received */

bool relay_is_used(const struct relay_port *port)
{
    return port->in.fd >= 0;
}

static uint32_t bit_of(const struct relay_port *port)
{
    return UINT32_C(1) << (port - port->relay->ports);
}

/* ---- receivers that are full */

/* Let the senders that this port held back go on, and forget the frames it holds. */
static void release(struct relay_port *port)
{
    struct relay *relay = port->relay;
    free(port->held);
    port->held = NULL;
    port->held_count = 0;
    ev_timer_stop(relay->loop, &port->patience);
    uint32_t held_back = port->holds_back;
    port->holds_back = 0;
    uint32_t still = 0;
    for (int i = 0; i < RELAY_PORTS; i++) {
        still |= relay->ports[i].holds_back;
    }
    for (int i = 0; i < RELAY_PORTS; i++) {
        if ((held_back & ~still) >> i & 1 && relay_is_used(&relay->ports[i])) {
            ev_io_start(relay->loop, &relay->ports[i].in);
        }
    }
}

/* Keep a frame until there is room for it. */
static void hold(struct relay_port *port, struct relay_port *sender, const struct frame *frame)
{
    struct relay *relay = port->relay;
    if (port->held == NULL) {
        port->held = malloc(HELD_MAX * sizeof *port->held);
    }
    if (port->held == NULL || port->held_count == HELD_MAX) {
        relay->lost++;
        return;
    }
    struct frame *held = &port->held[port->held_count++];
    held->size = frame->size;
    memcpy(held->data, frame->data, frame->size);
    port->holds_back |= bit_of(sender);
    ev_io_stop(relay->loop, &sender->in);
    if (!ev_is_active(&port->out)) {
        ev_io_start(relay->loop, &port->out);
        ev_timer_set(&port->patience, RELAY_PATIENCE, 0.);
        ev_timer_start(relay->loop, &port->patience);
    }
}

static void out_of_patience(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
    struct relay_port *port = watcher->data;
    port->deaf = true;
    port->patient_from = steady_now() + RELAY_GRUDGE;
    port->relay->lost += (uint64_t)port->held_count;
    release(port);
}

/* ---- sending */

/* Send frames[0] to frames[count - 1]; returns how many there was room for. */
static int send_frames(struct relay_port *port, struct frame *const *frames, int count)
{
    struct iovec parts[RELAY_BATCH];
    struct mmsghdr messages[RELAY_BATCH];
    for (int i = 0; i < count; i++) {
        parts[i] = (struct iovec){.iov_base = frames[i]->data, .iov_len = frames[i]->size};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int sent = 0;
    while (sent < count) {
        int n = sendmmsg(port->in.fd, messages + sent, (unsigned)(count - sent),
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != ENOBUFS) {
            sent = count; /* it is gone, which its input will tell */
        }
        if (n <= 0) {
            break;
        }
        sent += n;
    }
    if (port->interrupt != NULL) {
        *port->interrupt = 1;
    }
    return sent;
}

static void writable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct relay_port *port = watcher->data;
    struct frame *frames[RELAY_BATCH];
    int count = port->held_count < RELAY_BATCH ? port->held_count : RELAY_BATCH;
    for (int i = 0; i < count; i++) {
        frames[i] = &port->held[i];
    }
    int sent = send_frames(port, frames, count);
    if (sent < port->held_count) {
        memmove(port->held, port->held + sent,
                (size_t)(port->held_count - sent) * sizeof *port->held);
        port->held_count -= sent;
        return;
    }
    port->deaf = false;
    ev_io_stop(loop, watcher);
    release(port);
}

/* Send frames to this port, or keep them until there is room. `sender` NULL: nobody can be held
 * back for them, and what there is no room for is lost. */
static void transmit(struct relay_port *port, struct relay_port *sender,
                     struct frame *const *frames, int count)
{
    int sent = port->held_count > 0 || port->deaf ? 0 : send_frames(port, frames, count);
    ev_tstamp now = steady_now();
    for (int i = sent; i < count; i++) {
        bool to_all = frames[i]->data[0] & 1;
        if (to_all || port->deaf || sender == NULL || now < port->patient_from) {
            port->relay->lost++;
        } else {
            hold(port, sender, frames[i]);
        }
    }
}

static void arrived_at(void *context, struct frame *frame)
{
    transmit(context, NULL, &frame, 1);
}

static bool is_in_the_air(const struct relay_port *port, const struct delay *delay)
{
    return port->kind == RELAY_MEMBER && !delay_is_none(delay);
}

static void send_to(struct relay_port *port, struct relay_port *sender, struct frame *const *frames,
                    int count)
{
    if (!is_in_the_air(port, &port->to)) {
        transmit(port, sender, frames, count);
        return;
    }
    for (int i = 0; i < count; i++) {
        port->relay->lost += !delay_send(&port->to, frames[i]);
    }
}

/* ---- receiving */

static bool is_valid(const struct relay_port *sender, const struct frame *frame)
{
    return frame->size >= FRAME_MIN && frame->size <= FRAME_MAX &&
           (sender->kind != RELAY_MEMBER || memcmp(frame->data + 6, sender->mac, 6) == 0);
}

/* The ports that a frame goes to: bit n for port n. */
static uint32_t destinations(const struct relay_port *sender, const struct frame *frame)
{
    bool to_all = frame->data[0] & 1;
    uint32_t to = 0, uplinks = 0;
    for (int i = 0; i < RELAY_PORTS; i++) {
        const struct relay_port *port = &sender->relay->ports[i];
        if (port == sender || !relay_is_used(port)) {
            continue;
        }
        if (port->kind == RELAY_UPLINK) {
            uplinks |= bit_of(port);
        } else if (to_all || memcmp(frame->data, port->mac, 6) == 0) {
            to |= bit_of(port);
        }
    }
    return to_all || to == 0 ? to | uplinks : to;
}

static void route(struct relay_port *sender, struct frame *const *frames, int count)
{
    uint32_t to[RELAY_BATCH], all = 0;
    for (int i = 0; i < count; i++) {
        to[i] = destinations(sender, frames[i]);
        all |= to[i];
    }
    for (int port = 0; port < RELAY_PORTS; port++) {
        struct frame *chosen[RELAY_BATCH];
        int chosen_count = 0;
        for (int i = 0; i < count && (all >> port & 1); i++) {
            if (to[i] >> port & 1) {
                chosen[chosen_count++] = frames[i];
            }
        }
        if (chosen_count > 0) {
            send_to(&sender->relay->ports[port], sender, chosen, chosen_count);
        }
    }
}

static void arrived_from(void *context, struct frame *frame)
{
    route(context, &frame, 1);
}

/* Receive up to RELAY_BATCH packets into the batch; returns how many. The other end may be gone
 * after these. */
static int receive(int fd, bool *gone)
{
    struct iovec parts[RELAY_BATCH];
    struct mmsghdr messages[RELAY_BATCH];
    for (int i = 0; i < RELAY_BATCH; i++) {
        parts[i] = (struct iovec){.iov_base = batch[i].data, .iov_len = sizeof batch[i].data};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(fd, messages, RELAY_BATCH, MSG_DONTWAIT, NULL);
    *gone = count < 0 && errno != EAGAIN && errno != EINTR;
    for (int i = 0; i < count; i++) {
        bool cut = messages[i].msg_hdr.msg_flags & MSG_TRUNC;
        batch[i].size = cut ? 0 : messages[i].msg_len;
    }
    struct pollfd end = {.fd = fd, .events = POLLRDHUP};
    bool maybe_ended = count > 0 && messages[count - 1].msg_len == 0;
    if (maybe_ended && poll(&end, 1, 0) == 1 && (end.revents & (POLLRDHUP | POLLHUP))) {
        *gone = true;
    }
    return count;
}

static void readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct relay_port *sender = watcher->data;
    struct frame *frames[RELAY_BATCH];
    bool gone;
    int count = receive(watcher->fd, &gone), valid = 0;
    for (int i = 0; i < count; i++) {
        if (!is_valid(sender, &batch[i])) {
            continue;
        }
        if (is_in_the_air(sender, &sender->from)) {
            sender->relay->lost += !delay_send(&sender->from, &batch[i]);
        } else {
            frames[valid++] = &batch[i];
        }
    }
    if (valid > 0) {
        route(sender, frames, valid);
    }
    if (gone) {
        relay_remove(sender);
        sender->ended(sender->context, sender);
    }
}

void relay_take(struct relay_port *port)
{
    ev_invoke(port->relay->loop, &port->in, EV_READ);
}

/* ---- who is there */

void relay_init(struct relay *relay, struct ev_loop *loop)
{
    memset(relay, 0, sizeof *relay);
    relay->loop = loop;
    for (int i = 0; i < RELAY_PORTS; i++) {
        struct relay_port *port = &relay->ports[i];
        port->relay = relay;
        ev_io_init(&port->in, readable, -1, EV_READ);
        ev_io_init(&port->out, writable, -1, EV_WRITE);
        ev_timer_init(&port->patience, out_of_patience, RELAY_PATIENCE, 0.);
        port->in.data = port->out.data = port->patience.data = port;
        delay_init(&port->from, loop, &relay->conditions, arrived_from, port);
        delay_init(&port->to, loop, &relay->conditions, arrived_at, port);
    }
}

struct relay_port *relay_add(struct relay *relay, int fd, enum relay_kind kind,
                             const uint8_t mac[6],
                             void (*ended)(void *context, struct relay_port *port), void *context)
{
    struct relay_port *port = relay->ports;
    while (port < relay->ports + RELAY_PORTS && relay_is_used(port)) {
        port++;
    }
    if (port == relay->ports + RELAY_PORTS) {
        return NULL;
    }
    int size = SOCKET_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    ev_io_set(&port->in, fd, EV_READ);
    ev_io_set(&port->out, fd, EV_WRITE);
    port->kind = kind;
    memcpy(port->mac, mac, sizeof port->mac);
    port->deaf = false;
    port->patient_from = 0;
    port->interrupt = NULL;
    port->ended = ended;
    port->context = context;
    ev_io_start(relay->loop, &port->in);
    return port;
}

void relay_remove(struct relay_port *port)
{
    struct relay *relay = port->relay;
    ev_io_stop(relay->loop, &port->in);
    ev_io_stop(relay->loop, &port->out);
    ev_io_set(&port->in, -1, EV_READ);
    delay_clear(&port->from);
    delay_clear(&port->to);
    for (int i = 0; i < RELAY_PORTS; i++) {
        relay->ports[i].holds_back &= ~bit_of(port);
    }
    release(port);
}

void relay_conditions_changed(struct relay *relay)
{
    for (int i = 0; i < RELAY_PORTS; i++) {
        delay_clear(&relay->ports[i].from);
        delay_clear(&relay->ports[i].to);
    }
}

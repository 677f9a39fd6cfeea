#include "board/radio.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "hal/radio.h"
#include "hal/result.h"

#define SOCKET_BUFFER (4 << 20) /* bytes; the system may grant less */
#define STALE_MAX     65536     /* packets; more than any socket buffer holds */

struct radio_frame {
    uint32_t size;
    uint8_t data[RADIO_FRAME_MAX];
};

/* The frames that are being relayed, each with the ports it goes to: bit n for port n. */
static struct radio_frame batch[RADIO_BATCH];
static uint32_t batch_to[RADIO_BATCH];

static bool is_there(const struct radio_port *port)
{
    return port->in.fd >= 0;
}

static bool is_mcu(const struct radio_port *port)
{
    return port == &port->radio->ports[RADIO_MCU];
}

static uint32_t bit_of(const struct radio_port *port)
{
    return UINT32_C(1) << (port - port->radio->ports);
}

/* ---- receivers that are full */

/* Let the senders that this port held back go on, and forget the frames it holds. */
static void release(struct radio_port *port)
{
    struct radio *radio = port->radio;
    free(port->held);
    port->held = NULL;
    port->held_count = 0;
    ev_timer_stop(radio->loop, &port->patience);
    uint32_t held_back = port->holds_back;
    port->holds_back = 0;
    uint32_t still = 0;
    for (int i = 0; i < RADIO_PORTS; i++) {
        still |= radio->ports[i].holds_back;
    }
    for (int i = 0; i < RADIO_PORTS; i++) {
        if ((held_back & ~still) >> i & 1 && is_there(&radio->ports[i])) {
            ev_io_start(radio->loop, &radio->ports[i].in);
        }
    }
}

/* Keep a frame until there is room for it. */
static void hold(struct radio_port *port, struct radio_port *sender,
                 const struct radio_frame *frame)
{
    struct radio *radio = port->radio;
    if (port->held == NULL) {
        port->held = malloc(RADIO_BATCH * sizeof *port->held);
    }
    if (port->held == NULL || port->held_count == RADIO_BATCH) {
        radio->lost++;
        return;
    }
    struct radio_frame *held = &port->held[port->held_count++];
    held->size = frame->size;
    memcpy(held->data, frame->data, frame->size);
    port->holds_back |= bit_of(sender);
    ev_io_stop(radio->loop, &sender->in);
    if (!ev_is_active(&port->out)) {
        ev_io_start(radio->loop, &port->out);
        ev_timer_set(&port->patience, RADIO_PATIENCE, 0.);
        ev_timer_start(radio->loop, &port->patience);
    }
}

static void out_of_patience(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
    struct radio_port *port = watcher->data;
    port->deaf = true;
    port->radio->lost += (uint64_t)port->held_count;
    release(port);
}

/* ---- sending */

/* Send frames[0] to frames[count - 1]; returns how many there was room for. */
static int send_frames(struct radio_port *port, struct radio_frame *const *frames, int count)
{
    struct iovec parts[RADIO_BATCH];
    struct mmsghdr messages[RADIO_BATCH];
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
    if (is_mcu(port)) {
        *port->radio->interrupt = 1;
    }
    return sent;
}

static void writable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct radio_port *port = watcher->data;
    struct radio_frame *frames[RADIO_BATCH];
    for (int i = 0; i < port->held_count; i++) {
        frames[i] = &port->held[i];
    }
    int sent = send_frames(port, frames, port->held_count);
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

/* Send those frames of the batch that go to this port. */
static void send_batch(struct radio_port *port, struct radio_port *sender, int count)
{
    struct radio_frame *frames[RADIO_BATCH];
    int chosen = 0;
    for (int i = 0; i < count; i++) {
        if (batch_to[i] & bit_of(port)) {
            frames[chosen++] = &batch[i];
        }
    }
    int sent = port->held_count > 0 || port->deaf ? 0 : send_frames(port, frames, chosen);
    for (int i = sent; i < chosen; i++) {
        bool to_all = frames[i]->data[0] & 1;
        if (to_all || port->deaf) {
            port->radio->lost++;
        } else {
            hold(port, sender, frames[i]);
        }
    }
}

/* ---- receiving */

static uint32_t destinations(const struct radio_port *sender, const struct radio_frame *frame)
{
    const struct radio *radio = sender->radio;
    if (frame->size < RADIO_FRAME_MIN || frame->size > RADIO_FRAME_MAX) {
        return 0;
    }
    if (!is_mcu(sender) && memcmp(frame->data + 6, sender->mac, 6) != 0) {
        return 0;
    }
    bool to_all = frame->data[0] & 1;
    uint32_t to = 0;
    for (int i = 0; i < RADIO_PORTS; i++) {
        const struct radio_port *port = &radio->ports[i];
        if (port != sender && is_there(port) &&
            (to_all || memcmp(frame->data, port->mac, 6) == 0)) {
            to |= bit_of(port);
        }
    }
    return to;
}

/* Receive up to RADIO_BATCH packets into the batch; returns how many, 0 for none now, -1 when the
 * other end is gone. */
static int receive(int fd)
{
    struct iovec parts[RADIO_BATCH];
    struct mmsghdr messages[RADIO_BATCH];
    for (int i = 0; i < RADIO_BATCH; i++) {
        parts[i] = (struct iovec){.iov_base = batch[i].data, .iov_len = sizeof batch[i].data};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(fd, messages, RADIO_BATCH, MSG_DONTWAIT, NULL);
    if (count < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    for (int i = 0; i < count; i++) {
        bool cut = messages[i].msg_hdr.msg_flags & MSG_TRUNC;
        batch[i].size = cut ? 0 : messages[i].msg_len;
    }
    struct pollfd end = {.fd = fd, .events = POLLRDHUP};
    bool maybe_ended = count > 0 && messages[count - 1].msg_len == 0;
    if (maybe_ended && poll(&end, 1, 0) == 1 && (end.revents & (POLLRDHUP | POLLHUP))) {
        return -1;
    }
    return count;
}

static void readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct radio_port *sender = watcher->data;
    struct radio *radio = sender->radio;
    int count = receive(watcher->fd);
    if (count < 0) {
        ev_io_stop(loop, watcher);
        if (!is_mcu(sender)) {
            int fd = watcher->fd;
            radio_leave(radio, fd);
            radio->station_gone(radio->context, fd);
        }
        return;
    }
    uint32_t all = 0;
    for (int i = 0; i < count; i++) {
        batch_to[i] = radio->ap_up ? destinations(sender, &batch[i]) : 0;
        all |= batch_to[i];
    }
    for (int i = 0; i < RADIO_PORTS; i++) {
        if (all >> i & 1) {
            send_batch(&radio->ports[i], sender, count);
        }
    }
}

/* ---- who is there */

static void port_open(struct radio_port *port, int fd)
{
    int size = SOCKET_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    ev_io_set(&port->in, fd, EV_READ);
    ev_io_set(&port->out, fd, EV_WRITE);
    port->deaf = false;
    ev_io_start(port->radio->loop, &port->in);
}

static void port_close(struct radio_port *port)
{
    struct radio *radio = port->radio;
    ev_io_stop(radio->loop, &port->in);
    ev_io_stop(radio->loop, &port->out);
    ev_io_set(&port->in, -1, EV_READ);
    for (int i = 0; i < RADIO_PORTS; i++) {
        radio->ports[i].holds_back &= ~bit_of(port);
    }
    release(port);
}

void radio_init(struct radio *radio, struct ev_loop *loop, const uint8_t mac[6],
                volatile uint32_t *interrupt)
{
    memset(radio, 0, sizeof *radio);
    radio->loop = loop;
    radio->interrupt = interrupt;
    for (int i = 0; i < RADIO_PORTS; i++) {
        struct radio_port *port = &radio->ports[i];
        port->radio = radio;
        ev_io_init(&port->in, readable, -1, EV_READ);
        ev_io_init(&port->out, writable, -1, EV_WRITE);
        ev_timer_init(&port->patience, out_of_patience, RADIO_PATIENCE, 0.);
        port->in.data = port->out.data = port->patience.data = port;
    }
    memcpy(radio->ports[RADIO_MCU].mac, mac, 6);
}

void radio_mcu_started(struct radio *radio, int fd)
{
    port_open(&radio->ports[RADIO_MCU], fd);
}

void radio_mcu_stopped(struct radio *radio)
{
    radio_ap_stop(radio);
    if (is_there(&radio->ports[RADIO_MCU])) {
        port_close(&radio->ports[RADIO_MCU]);
    }
}

static bool valid(const struct link_radio_ap *ap)
{
    size_t ssid = strnlen(ap->ssid, sizeof ap->ssid);
    size_t key = strnlen(ap->key, sizeof ap->key);
    if (ssid < 1 || ssid > HAL_RADIO_SSID_MAX || ap->channel < 1 || ap->channel > 13) {
        return false;
    }
    if (ap->security == HAL_RADIO_OPEN) {
        return key == 0;
    }
    return ap->security <= HAL_RADIO_WPA2 && key >= 8 && key <= 63;
}

int radio_ap_start(struct radio *radio, const struct link_radio_ap *ap)
{
    if (!valid(ap)) {
        return HAL_ERROR_RANGE;
    }
    radio_ap_stop(radio);
    radio->ap = *ap;
    radio->ap_up = true;
    radio->ap_changed(radio->context, true);
    return HAL_OK;
}

void radio_ap_stop(struct radio *radio)
{
    if (!radio->ap_up) {
        return;
    }
    radio->ap_up = false;
    for (int i = 0; i < RADIO_STATIONS; i++) {
        if (is_there(&radio->ports[i])) {
            port_close(&radio->ports[i]);
        }
    }
    radio->ap_changed(radio->context, false);
}

/* Throw away what waits in a socket. */
static void drain(int fd)
{
    uint8_t byte;
    for (int i = 0; i < STALE_MAX && recv(fd, &byte, 1, MSG_DONTWAIT) > 0; i++) {
    }
}

bool radio_join(struct radio *radio, int fd, const uint8_t mac[6])
{
    for (int i = 0; i < RADIO_STATIONS; i++) {
        struct radio_port *port = &radio->ports[i];
        if (!is_there(port)) {
            drain(fd);
            memcpy(port->mac, mac, 6);
            port_open(port, fd);
            return true;
        }
    }
    return false;
}

void radio_leave(struct radio *radio, int fd)
{
    for (int i = 0; i < RADIO_STATIONS; i++) {
        if (radio->ports[i].in.fd == fd) {
            port_close(&radio->ports[i]);
        }
    }
}

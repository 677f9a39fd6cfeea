#include "board/laptop/relay.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define READ_MAX      65536u
#define WRITE_VECTORS 64

static uint8_t read_buffer[READ_MAX];
static uint8_t filter_buffer[FORWARD_FILTER_ROOM(READ_MAX)];

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
bool relay_write_host(struct forward_relay *relay)
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
            relay_drop_first(relay);
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
size_t relay_room_for_wipy(const struct forward_relay *relay)
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
        room = room > FORWARD_FILTER_ROOM(0)
                   ? (room - FORWARD_FILTER_ROOM(0)) / FORWARD_FILTER_FACTOR
                   : 0;
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
bool relay_read_host(struct forward_relay *relay)
{
    size_t room = relay_room_for_wipy(relay);
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
        relay->patience.repeat = RELAY_GONE_CHECK_S;
        ev_timer_again(relay->forward->loop, &relay->patience);
        if (!relay->wipy_ended && tcp_shutdown(relay->pcb, 0, 1) != ERR_OK)
            return false;
    }
    if (relay->pcb != NULL)
        tcp_output(relay->pcb);
    return true;
}

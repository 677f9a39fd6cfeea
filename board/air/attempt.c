#include "board/air/attempt.h"

#include <errno.h>
#include <sys/socket.h>

static void end(struct air_attempt *attempt, enum handshake_refusal refusal)
{
    air_attempt_stop(attempt);
    attempt->over(attempt->context, refusal);
}

/* Go on with the handshake; `size` 0: begin. */
static void shake(struct air_attempt *attempt, const uint8_t *in, size_t size)
{
    uint8_t out[HANDSHAKE_PACKET_MAX];
    struct handshake *handshake = &attempt->handshake;
    size_t out_size = handshake_packet(handshake, in, size, out);
    if (out_size > 0 && send(attempt->fd, out, out_size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        end(attempt, HANDSHAKE_PROTOCOL);
    } else if (handshake->state == HANDSHAKE_REFUSED) {
        end(attempt, handshake->refusal);
    } else if (handshake->state == HANDSHAKE_DONE) {
        end(attempt, HANDSHAKE_OK);
    }
}

static void readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct air_attempt *attempt = watcher->data;
    uint8_t in[HANDSHAKE_PACKET_MAX];
    ssize_t size = recv(watcher->fd, in, sizeof in, MSG_DONTWAIT | MSG_TRUNC);
    if (size > 0) {
        shake(attempt, in, (size_t)size);
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        end(attempt, HANDSHAKE_PROTOCOL);
    }
}

static void too_slow(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    end(timer->data, HANDSHAKE_PROTOCOL);
}

void air_attempt_init(struct air_attempt *attempt, struct ev_loop *loop,
                      void (*over)(void *context, enum handshake_refusal refusal), void *context)
{
    *attempt = (struct air_attempt){.loop = loop, .over = over, .context = context, .fd = -1};
    ev_io_init(&attempt->readable, readable, -1, EV_READ);
    ev_timer_init(&attempt->limit, too_slow, HANDSHAKE_SECONDS, 0.);
    attempt->readable.data = attempt->limit.data = attempt;
}

void air_attempt_start(struct air_attempt *attempt, int fd, const struct air_network *network,
                       const uint8_t pmk[32], const uint8_t mac[6])
{
    attempt->fd = fd;
    handshake_station(&attempt->handshake, network, pmk, mac);
    ev_io_set(&attempt->readable, fd, EV_READ);
    ev_io_start(attempt->loop, &attempt->readable);
    ev_timer_set(&attempt->limit, HANDSHAKE_SECONDS, 0.);
    ev_timer_start(attempt->loop, &attempt->limit);
    shake(attempt, NULL, 0);
}

void air_attempt_stop(struct air_attempt *attempt)
{
    ev_io_stop(attempt->loop, &attempt->readable);
    ev_timer_stop(attempt->loop, &attempt->limit);
}

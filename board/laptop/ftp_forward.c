#include "board/laptop/ftp_forward.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/air/listener.h"
#include "board/laptop/ftp_gateway.h"

_Static_assert(FORWARD_FILTER_ROOM(0) >= FTP_GATEWAY_ROOM(0) &&
                   FORWARD_FILTER_ROOM(1) >= FTP_GATEWAY_ROOM(1),
               "the relay's buffers hold what the gateway makes");

struct session {
    struct forward *forward;
    struct ftp_gateway gateway;
    struct sockaddr_in here, peer; /* the ends of the control connection on the host */
    /* passive: the client connects to `listener`, which stands for wipy_port */
    struct listener listener;
    uint16_t wipy_port;
    ev_timer passive_over;
    /* active: the WiPy connects to `active`, which stands for `client` */
    struct tcp_pcb *active;
    struct sockaddr_in client;
    ev_timer active_over;
};

/* ---- passive */

static void close_passive(struct session *session)
{
    int fd = session->listener.io.fd;
    if (fd < 0) {
        return;
    }
    listener_stop(&session->listener, session->forward->loop);
    ev_timer_stop(session->forward->loop, &session->passive_over);
    close(fd);
}

static void client_comes(struct ev_loop *loop, ev_io *io, int events)
{
    struct session *session = io->data;
    struct sockaddr_in peer;
    int fd = listener_accept(&session->listener, loop, &peer);
    if (fd < 0) {
        return;
    }
    if (peer.sin_addr.s_addr != session->peer.sin_addr.s_addr) {
        forward_reset(fd); /* somebody else: the client's turn remains */
        return;
    }
    close_passive(session);
    forward_host(session->forward, fd, session->wipy_port, NULL);
}

static bool open_passive(void *context, uint16_t wipy_port, struct ftp_endpoint *listening)
{
    struct session *session = context;
    close_passive(session);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    struct sockaddr_in address = session->here;
    socklen_t size = sizeof address;
    address.sin_port = 0;
    if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        close(fd);
        return false;
    }
    session->wipy_port = wipy_port;
    listener_start(&session->listener, session->forward->loop, fd);
    ev_timer_set(&session->passive_over, FTP_FORWARD_WAIT, 0.);
    ev_timer_start(session->forward->loop, &session->passive_over);
    memcpy(listening->address, &address.sin_addr, sizeof listening->address);
    listening->port = ntohs(address.sin_port);
    return true;
}

static void passive_over(struct ev_loop *loop, ev_timer *timer, int events)
{
    close_passive(timer->data);
}

/* ---- active */

static void close_active(struct session *session)
{
    if (session->active == NULL) {
        return;
    }
    ev_timer_stop(session->forward->loop, &session->active_over);
    tcp_close(session->active);
    session->active = NULL;
}

static err_t wipy_comes(void *arg, struct tcp_pcb *pcb, err_t error)
{
    struct session *session = arg;
    if (pcb == NULL || error != ERR_OK) {
        return ERR_VAL;
    }
    if (!ip_addr_eq(&pcb->remote_ip, station_wipy(session->forward->station))) {
        tcp_abort(pcb); /* another station of the network */
        return ERR_ABRT;
    }
    close_active(session);
    if (forward_wipy(session->forward, pcb, &session->client, &session->here) != 0) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    return ERR_OK;
}

/* Only to the address that the control connection comes from, and to no port of the system's
 * services: else the WiPy could be made to talk to others through us. */
static bool open_active(void *context, const struct ftp_endpoint *client,
                        struct ftp_endpoint *listening)
{
    struct session *session = context;
    close_active(session);
    if (memcmp(client->address, &session->peer.sin_addr, sizeof client->address) != 0) {
        return false;
    }
    const ip4_addr_t *address = station_address(session->forward->station);
    memcpy(listening->address, address, sizeof listening->address);
    if (client->port < 1024) {
        listening->port = client->port; /* nobody listens there: the WiPy says what is wrong */
        return true;
    }
    struct tcp_pcb *pcb = tcp_new();
    if (pcb == NULL) {
        return false;
    }
    struct tcp_pcb *listener =
        tcp_bind(pcb, address, 0) == ERR_OK ? tcp_listen_with_backlog(pcb, 1) : NULL;
    if (listener == NULL) {
        tcp_abort(pcb);
        return false;
    }
    tcp_arg(listener, session);
    tcp_accept(listener, wipy_comes);
    session->active = listener;
    session->client = session->peer;
    session->client.sin_port = htons(client->port);
    ev_timer_set(&session->active_over, FTP_FORWARD_WAIT, 0.);
    ev_timer_start(session->forward->loop, &session->active_over);
    listening->port = listener->local_port;
    return true;
}

static void active_over(struct ev_loop *loop, ev_timer *timer, int events)
{
    close_active(timer->data);
}

/* ---- control connection */

static size_t to_wipy(void *context, const uint8_t *in, size_t size, bool end, uint8_t *out)
{
    struct session *session = context;
    return ftp_gateway_command(&session->gateway, in, size, end, out);
}

static size_t to_host(void *context, const uint8_t *in, size_t size, bool end, uint8_t *out)
{
    struct session *session = context;
    return ftp_gateway_reply(&session->gateway, in, size, end, out);
}

static void control_closed(void *context)
{
    struct session *session = context;
    close_passive(session);
    close_active(session);
    free(session);
}

void ftp_forward_host(struct forward *forward, int fd, const struct sockaddr_in *peer,
                      uint16_t wipy_port)
{
    struct session *session = calloc(1, sizeof *session);
    socklen_t size = sizeof session->here;
    if (session == NULL || getsockname(fd, (struct sockaddr *)&session->here, &size) != 0) {
        free(session);
        forward_reset(fd);
        return;
    }
    session->forward = forward;
    session->peer = *peer;
    listener_init(&session->listener, client_comes, session);
    ev_init(&session->passive_over, passive_over);
    ev_init(&session->active_over, active_over);
    session->passive_over.data = session->active_over.data = session;
    ftp_gateway_init(&session->gateway,
                     &(struct ftp_gateway_owner){session, open_passive, open_active});
    forward_host(forward, fd, wipy_port,
                 &(struct forward_filter){to_wipy, to_host, control_closed, session});
}

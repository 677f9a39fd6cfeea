#include "net/ftp/ftp_transport.h"

#include "hal/random.h"
#include "net/ftp/ftp_server.h"

#define DATA_BACKLOG 2
#define ACTIVE_PORT  20 /* where active data connections come from (RFC 959 section 3.2) */

/* For a walk through them in steps of any odd number. */
_Static_assert((FTP_SERVER_PORTS & (FTP_SERVER_PORTS - 1)) == 0, "a power of two");

static void close_listener(struct ftp_slot *slot)
{
    if (slot->listener) {
        tcp_close(slot->listener);
        slot->listener = NULL;
    }
}

static err_t on_connection(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct ftp_slot *slot = context;
    if (error != ERR_OK || !pcb) {
        return ERR_VAL;
    }
    if (!slot->control.pcb || !ip_addr_eq(&pcb->remote_ip, &slot->control.pcb->remote_ip)) {
        tcp_abort(pcb); /* somebody else's: go on listening */
        return ERR_ABRT;
    }
    ftp_stream_open(&slot->data, pcb, FTP_TRANSPORT_DATA_INBOX);
    slot->data.opened = true;
    close_listener(slot);
    return ERR_OK;
}

/* A PCB at `port` (0: any) of the address that the client uses; NULL: there is none, or the port is
 * taken. */
static struct tcp_pcb *bind_at(const struct ftp_slot *slot, uint16_t port)
{
    struct tcp_pcb *pcb = slot->control.pcb ? tcp_new() : NULL;
    if (!pcb) {
        return NULL;
    }
    ip_set_option(pcb, SOF_REUSEADDR); /* the port's last connection may still be in TIME_WAIT */
    tcp_setprio(pcb, TCP_PRIO_MAX);
    if (tcp_bind(pcb, &slot->control.pcb->local_ip, port) != ERR_OK) {
        tcp_close(pcb);
        return NULL;
    }
    return pcb;
}

static struct tcp_pcb *listen_at(const struct ftp_slot *slot, uint16_t port)
{
    struct tcp_pcb *pcb = bind_at(slot, port);
    struct tcp_pcb *listener = pcb ? tcp_listen_with_backlog(pcb, DATA_BACKLOG) : NULL;
    if (pcb && !listener) {
        tcp_close(pcb);
    }
    return listener;
}

static void close_data(void *context, bool reset)
{
    struct ftp_slot *slot = context;
    close_listener(slot);
    ftp_stream_close(&slot->data, reset);
}

static int listen_for_data(void *context)
{
    struct ftp_slot *slot = context;
    uint8_t random[2];
    close_data(slot, true);
    hal_random(random, sizeof random); /* the next port is not to be guessed */
    for (unsigned i = 0; i < FTP_SERVER_PORTS; i++) {
        uint16_t port = (uint16_t)(FTP_SERVER_PORT_FIRST +
                                   (random[0] + i * (random[1] | 1u)) % FTP_SERVER_PORTS);
        slot->listener = listen_at(slot, port);
        if (slot->listener) {
            tcp_arg(slot->listener, slot);
            tcp_accept(slot->listener, on_connection);
            return port;
        }
    }
    return -1;
}

static bool connect_from(struct ftp_slot *slot, uint16_t local, uint16_t port)
{
    struct tcp_pcb *pcb = bind_at(slot, local);
    if (!pcb) {
        return false;
    }
    ftp_stream_open(&slot->data, pcb, FTP_TRANSPORT_DATA_INBOX);
    if (ftp_stream_connect(&slot->data, &slot->control.pcb->remote_ip, port)) {
        return true;
    }
    ftp_stream_close(&slot->data, true);
    return false;
}

static bool connect_data(void *context, uint16_t port)
{
    struct ftp_slot *slot = context;
    close_data(slot, true);
    return connect_from(slot, ACTIVE_PORT, port) || connect_from(slot, 0, port);
}

static void finish(void *context)
{
    struct ftp_slot *slot = context;
    ftp_stream_finish(&slot->data);
}

static void probe(void *context)
{
    struct ftp_slot *slot = context;
    ftp_stream_probe(&slot->control);
}

const struct ftp_transport ftp_transport = {
    .listen = listen_for_data,
    .connect = connect_data,
    .finish = finish,
    .close = close_data,
    .probe = probe,
};

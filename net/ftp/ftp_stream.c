#include "net/ftp/ftp_stream.h"

#include <string.h>

#include "lwip/priv/tcp_priv.h" /* tcp_keepalive() */

#include "net/stack/stack.h"

static err_t on_receive(void *context, struct tcp_pcb *pcb, struct pbuf *pbuf, err_t error)
{
    struct ftp_stream *stream = context;
    if (!pbuf) {
        stream->ended = true;
    } else if (!stream->inbox) {
        stream->inbox = pbuf;
    } else if (pbuf_clen(stream->inbox) >= stream->inbox_limit) {
        return ERR_MEM; /* lwIP keeps it and offers it again */
    } else {
        pbuf_cat(stream->inbox, pbuf);
    }
    return ERR_OK;
}

static err_t on_sent(void *context, struct tcp_pcb *pcb, u16_t size)
{
    struct ftp_stream *stream = context;
    stream->in_flight -= size;
    stream->acknowledged = true;
    return ERR_OK;
}

static void on_error(void *context, err_t error)
{
    struct ftp_stream *stream = context;
    stream->pcb = NULL; /* lwIP has freed it */
    stream->lost = true;
}

void ftp_stream_open(struct ftp_stream *stream, struct tcp_pcb *pcb, uint8_t inbox_limit)
{
    memset(stream, 0, sizeof *stream);
    stream->pcb = pcb;
    stream->inbox_limit = inbox_limit;
    tcp_arg(pcb, stream);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb);
}

static err_t on_connected(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct ftp_stream *stream = context;
    stream->opened = true;
    return ERR_OK;
}

bool ftp_stream_connect(struct ftp_stream *stream, const ip_addr_t *peer, uint16_t port)
{
    return tcp_connect(stream->pcb, peer, port, on_connected) == ERR_OK;
}

size_t ftp_stream_peek(const struct ftp_stream *stream, const uint8_t **data)
{
    *data = stream->inbox ? stream->inbox->payload : NULL;
    return stream->inbox ? stream->inbox->len : 0;
}

void ftp_stream_skip(struct ftp_stream *stream, size_t size)
{
    if (!stream->inbox || size == 0) {
        return;
    }
    stream->inbox = pbuf_free_header(stream->inbox, (u16_t)size);
    if (stream->pcb) {
        tcp_recved(stream->pcb, (u16_t)size);
    }
}

size_t ftp_stream_room(const struct ftp_stream *stream)
{
    return stream->pcb ? tcp_sndbuf(stream->pcb) : 0;
}

size_t ftp_stream_send(struct ftp_stream *stream, const uint8_t *data, size_t size)
{
    size_t room = ftp_stream_room(stream);
    if (size > room) {
        size = room;
    }
    if (size == 0 || tcp_write(stream->pcb, data, (u16_t)size, TCP_WRITE_FLAG_COPY) != ERR_OK) {
        return 0;
    }
    stream->in_flight += (uint32_t)size;
    return size;
}

void ftp_stream_flush(struct ftp_stream *stream)
{
    if (stream->pcb) {
        tcp_output(stream->pcb);
    }
}

void ftp_stream_finish(struct ftp_stream *stream)
{
    if (stream->pcb) {
        tcp_shutdown(stream->pcb, 0, 1);
    }
}

void ftp_stream_probe(struct ftp_stream *stream)
{
    if (stream->pcb) {
        /* lwIP counts the unanswered probes of its own keepalive, and starts afresh with any
         * segment that comes. */
        tcp_keepalive(stream->pcb);
        stream->pcb->keep_cnt_sent = 1;
    }
}

bool ftp_stream_is_alive(const struct ftp_stream *stream)
{
    return stream->pcb && stream->pcb->keep_cnt_sent == 0;
}

void ftp_stream_close(struct ftp_stream *stream, bool reset)
{
    struct tcp_pcb *pcb = stream->pcb;
    if (stream->inbox) {
        if (pcb && !reset) {
            tcp_recved(pcb, stream->inbox->tot_len);
        }
        pbuf_free(stream->inbox);
    }
    memset(stream, 0, sizeof *stream);
    if (pcb && reset) {
        tcp_arg(pcb, NULL);
        tcp_err(pcb, NULL);
        tcp_abort(pcb);
    } else if (pcb) {
        stack_linger(pcb);
    }
}

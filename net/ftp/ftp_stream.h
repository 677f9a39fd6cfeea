/* A TCP connection of lwIP as the FTP server uses it: what arrives is kept in an inbox, within the
 * window; lwIP's callbacks only note what happened, so that everything is done from poll. */
#ifndef NET_FTP_FTP_STREAM_H
#define NET_FTP_FTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwip/tcp.h"

/* Owned by the caller; all zero: no connection. */
struct ftp_stream {
    struct tcp_pcb *pcb; /* NULL: none */
    struct pbuf *inbox;  /* received, not yet taken */
    uint8_t inbox_limit; /* pbufs; what comes beyond is left to lwIP, which stops there */
    bool opened;         /* a data connection is there; for the user to clear */
    uint32_t in_flight;  /* bytes sent and not yet acknowledged by the peer */
    bool acknowledged;   /* the peer has acknowledged something; for the user to clear */
    bool ended;          /* the peer has closed its side; the inbox may still hold something */
    bool lost;           /* the connection was reset or given up: pcb is NULL */
};

/* Take over a connection (from lwIP's accept, or a new one that is to be opened). The stream must
 * not be in use. */
void ftp_stream_open(struct ftp_stream *stream, struct tcp_pcb *pcb, uint8_t inbox_limit);
/* Open it to `port` of the peer: `opened` comes, or `lost`. False: it cannot be tried. */
bool ftp_stream_connect(struct ftp_stream *stream, const ip_addr_t *peer, uint16_t port);

/* The next received bytes, in place: how many, 0: none now. */
size_t ftp_stream_peek(const struct ftp_stream *stream, const uint8_t **data);
/* Done with `size` bytes of what ftp_stream_peek() showed: the peer may send as many again. Nothing
 * happens when the stream was closed since. */
void ftp_stream_skip(struct ftp_stream *stream, size_t size);

/* How much ftp_stream_send() would take. */
size_t ftp_stream_room(const struct ftp_stream *stream);
/* Copy bytes to lwIP; returns how many were taken (0: no memory now). They go out with
 * ftp_stream_flush(). */
size_t ftp_stream_send(struct ftp_stream *stream, const uint8_t *data, size_t size);
void ftp_stream_flush(struct ftp_stream *stream);
/* Finish our side behind what was sent. */
void ftp_stream_finish(struct ftp_stream *stream);

/* Ask the peer's TCP for a sign of life; ftp_stream_is_alive(): something has come from it since.
 */
void ftp_stream_probe(struct ftp_stream *stream);
bool ftp_stream_is_alive(const struct ftp_stream *stream);

/* Let go of the connection, if there is one, and of the inbox: politely, or with a RST. The stream
 * is as new. Not to be called from a callback of this connection. */
void ftp_stream_close(struct ftp_stream *stream, bool reset);

#endif

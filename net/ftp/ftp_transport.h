/* The sessions of the FTP server on lwIP: what a session has there, and its data connections
 * (struct ftp_transport). */
#ifndef NET_FTP_FTP_TRANSPORT_H
#define NET_FTP_FTP_TRANSPORT_H

#include "net/ftp/ftp_session.h"
#include "net/ftp/ftp_stream.h"

#define FTP_TRANSPORT_DATA_INBOX 48 /* frames: a full window in full segments */

/* One place for a session. */
struct ftp_slot {
    bool used;
    struct ftp_session session;
    struct ftp_stream control;
    struct ftp_stream data;
    struct tcp_pcb *listener; /* for the data connection; NULL: none */
};

/* Its context is the slot. Passive ports are those of ftp_server.h in random order, each on the
 * address that the client used; only the client's own address is accepted. */
extern const struct ftp_transport ftp_transport;

#endif

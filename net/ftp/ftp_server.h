/* The FTP server on port 21 (RFC 959, passive only): fixed pool of sessions (ftp_session.h) on
 * lwIP's raw TCP.
 *
 * FTP_SERVER_SESSIONS control connections, each with one data connection. When all are in use, a
 * new connection takes the place of the oldest one that has not logged in; when there is none it is
 * told `421` and closed. Passive ports come from FTP_SERVER_PORT_FIRST on; a data connection is
 * accepted from the address of its control connection only.
 *
 * What it needs of lwIP: TCP PCBs for 2 * FTP_SERVER_SESSIONS connections plus those that are just
 * closing, listening PCBs for FTP_SERVER_SESSIONS + 1, SO_REUSE (passive ports come round before
 * their TIME_WAIT has passed), LWIP_TCP_KEEPALIVE. */
#ifndef NET_FTP_FTP_SERVER_H
#define NET_FTP_FTP_SERVER_H

#include "system/loop.h"

#define FTP_SERVER_PORT       21
#define FTP_SERVER_SESSIONS   6
#define FTP_SERVER_PORT_FIRST 2024 /* first passive port */
#define FTP_SERVER_PORTS      32   /* how many */
#define FTP_SERVER_SLICE_US                                                                        \
    4000u /* link time that one poll spends on transfers before it returns */

/* Listen on port 21 of every address. Call once, after lwip_init(). 0, or -1 when lwIP has no PCB
 * left for it. */
int ftp_server_init(void);

/* Part of net_poll(), after the received frames went through lwIP: moves what can be moved, within
 * FTP_SERVER_SLICE_US and one storage call. */
void ftp_server_poll(void);

/* Part of net_deadline(): lowers `*deadline` to 0 while a transfer has more to do at once, else to
 * the next time-out. */
void ftp_server_deadline(struct loop_deadline *deadline);

#endif

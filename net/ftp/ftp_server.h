/* The FTP server on port 21: fixed pool of sessions (ftp_session.h) on lwIP's raw TCP.
 *
 * FTP_SERVER_SESSIONS control connections, each with one data connection; their memory is static,
 * about 9.7 KiB each. When all are in use, a new connection takes the place of one that has not
 * logged in, at once: of the oldest that has failed to, else of the oldest. So who just connects
 * keeps nobody out, and who tries passwords nobody who is logging in. That one is told `421` and
 * closed; the new one is when all have logged in. Passive ports are FTP_SERVER_PORT_FIRST and those
 * behind it, in random order, with a listener of the session's own on the address that its client
 * used; active data connections go to the client's address only.
 *
 * What it needs of lwIP: TCP PCBs for 2 * FTP_SERVER_SESSIONS connections plus those that are just
 * closing, listening PCBs for FTP_SERVER_SESSIONS + 1, SO_REUSE (ports come round before their
 * TIME_WAIT has passed), LWIP_TCP_KEEPALIVE. */
#ifndef NET_FTP_FTP_SERVER_H
#define NET_FTP_FTP_SERVER_H

#include "system/loop.h"

#define FTP_SERVER_PORT       21
#define FTP_SERVER_SESSIONS   6
#define FTP_SERVER_PORT_FIRST 2024 /* first passive port */
#define FTP_SERVER_PORTS      32   /* how many */

/* Link time. */
#define FTP_SERVER_SLICE_US 4000u /* what one poll spends on transfers before it returns */

/* Listen on port 21 of every address. 0, or HAL_ERROR_FAILED when lwIP has no PCB left for it. Does
 * nothing while it runs. */
int ftp_server_start(void);
/* Give up every session, with what it transfers, and listen no more. */
void ftp_server_stop(void);

/* Board time without a command after which a session ends, for the open ones too. */
void ftp_server_set_idle(uint64_t idle_us);

/* Part of net_poll(), after the received frames went through lwIP: moves what can be moved, within
 * FTP_SERVER_SLICE_US and one storage call. */
void ftp_server_poll(void);

/* Part of net_deadline(): lowers `*deadline` to 0 while a transfer has more to do at once, else to
 * the next time-out. */
void ftp_server_deadline(struct loop_deadline *deadline);

#endif

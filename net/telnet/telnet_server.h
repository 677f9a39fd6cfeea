/* Telnet on port 23: the sessions on their TCP connections, and the console's output to the one
 * that is logged in.
 *
 * Connections. Up to TELNET_CONNECTIONS clients are served at a time, of which one has the console.
 * Another one that knows the password is asked whether to take it over. When all places are taken,
 * one that has not given the right password goes at once, with words: the oldest of those that have
 * failed a try, else the oldest. Who only connects or guesses keeps nobody out. A session that is logged in goes only by a take-over. (When all have given the
 * password, the newcomer is refused with words.) A client that vanishes without a word is found out
 * by TCP, after about 110 s; one whose station has left the access point sooner (net/stations.h).
 *
 * A client that has ended its half (FIN) is served on until its input is used up, Python waits for
 * more, and the client has taken what that made; then it is let go. What else bounds it is what
 * bounds every session, the idle time; but whoever logs in meanwhile gets the console unasked.
 *
 * Input. What the console does not take stays unacknowledged in TCP, so that the client's window
 * closes. Of the clients that log in one is heard in a poll, in turn, because a try may take
 * milliseconds (net/login/login.h).
 *
 * Output. console_write() hands it over here. When the send buffer is full it waits, polling the
 * loop, as long as the client takes something at least every TELNET_STALL_US of link time; a client
 * that took nothing for so long has stalled: its output is dropped, without waiting, until half of
 * the send buffer has drained; then it is told so, and shown the current line. Small pieces are
 * sent together at the next poll. After AO output is dropped, also the rest of what is being
 * written, until the client types or Python waits for input; then it is shown the current line.
 *
 * Log-in. The client is shown the line on which the console's cursor is, e.g. the prompt and what
 * is typed there already; nothing is typed into the console for it. When a client goes, Python and
 * its program notice nothing. */
#ifndef NET_TELNET_TELNET_SERVER_H
#define NET_TELNET_TELNET_SERVER_H

#include "system/loop.h"

#define TELNET_PORT        23
#define TELNET_CONNECTIONS 6
#define TELNET_STALL_US    1000000u

/* Call once. `banner` is the first line of the greeting without CR LF and must outlive the server.
 */
void telnet_server_init(const char *banner);

/* Listen; 0, or HAL_ERROR_FAILED when somebody else has the port, or lwIP has no PCB left for it.
 * Does nothing while it runs. */
int telnet_server_start(void);
/* Let every client go, and listen no more. */
void telnet_server_stop(void);

/* Board time after which a silent session is closed, for the open ones too. */
void telnet_server_set_idle(uint64_t idle_us);

void telnet_server_poll(void);
void telnet_server_deadline(struct loop_deadline *deadline);

#endif

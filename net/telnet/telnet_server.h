/* Telnet on port 23: the sessions on their TCP connections, and the console's output to the one
 * that is logged in.
 *
 * Connections. Up to TELNET_CONNECTIONS clients are served at a time, of which one has the console.
 * Another one that knows the password is asked whether to take it over. When all places are taken,
 * the oldest that has not logged in goes; one that came less than TELNET_GRACE_US ago and has not
 * tried a wrong password yet is left the time to log in, and the newcomer is refused with words.
 * A client that vanishes without a word is found out by TCP, after about 110 s; one whose station has
 * left the access point sooner (net/stations.h).
 *
 * Input. What the console does not take stays unacknowledged in TCP, so that the client's window
 * closes.
 *
 * Output. console_write() hands it over here. When the send buffer is full it waits, polling the
 * loop, as long as the client takes something at least every TELNET_STALL_US of link time; a client
 * that took nothing for so long has stalled: its output is dropped, without waiting, until half of
 * the send buffer has drained; then it is told so, and shown the current line. Small pieces are
 * sent together at the next poll. After AO output is dropped until the client types or Python waits
 * for input; then it is shown the current line.
 *
 * Log-in. The client is shown the line on which the console's cursor is, e.g. the prompt and what
 * is typed there already; nothing is typed into the console for it. When a client goes, Python and
 * its program notice nothing. */
#ifndef NET_TELNET_TELNET_SERVER_H
#define NET_TELNET_TELNET_SERVER_H

#include "system/loop.h"

#define TELNET_PORT        23
#define TELNET_CONNECTIONS 6
#define TELNET_GRACE_US    10000000u /* link time */
#define TELNET_STALL_US    1000000u

/* Call once. `banner` is the first line of the greeting without CR LF and must outlive the server.
 */
void telnet_server_init(const char *banner);

/* Listen; 0, or HAL_ERROR_FAILED when lwIP has no PCB left for it. Does nothing while it runs. */
int telnet_server_start(void);
/* Let every client go, and listen no more. */
void telnet_server_stop(void);

/* Board time after which a silent session is closed, for the open ones too. */
void telnet_server_set_idle(uint64_t idle_us);

void telnet_server_poll(void);
void telnet_server_deadline(struct loop_deadline *deadline);

#endif

/* The stations of the access point: who is there, and the end of what the services have with one
 * that has left.
 *
 * A station may come back: its radio lost the link for a moment, a laptop changed its place. So
 * what it left open stays open for STATIONS_GRACE_US of link time. One that is still away then has
 * gone, and telnet's and FTP's connections with its address are aborted
 * (interface_drop_neighbour()), so that nobody waits until TCP gives up for the prompt that a dead
 * session holds. */
#ifndef NET_STATIONS_H
#define NET_STATIONS_H

#include <stdbool.h>
#include <stdint.h>

#define STATIONS_GRACE_US 5000000u

/* The access point starts, and nobody is there. */
void stations_forget(void);

/* Look who is there, and end what has no station any more; while it is an access point, at each
 * poll. Whether somebody has come or gone. */
bool stations_watch(void);

/* Link time at which stations_watch() has something to do, whatever happens; HAL_CLOCK_NEVER. */
uint64_t stations_due_us(void);

#endif

/* A clock that nobody sets. ev_now() is the time of day: what is due by that comes late, or never,
 * when it is put back. */
#ifndef BOARD_AIR_STEADY_H
#define BOARD_AIR_STEADY_H

#include <ev.h>

/* Seconds since some time in the past. */
ev_tstamp steady_now(void);

#endif

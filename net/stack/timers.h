/* lwIP's cyclic timers, in link time. A timer that has nothing to do does not run, and when no
 * frame has passed for 20 s those that only age tables run in bundles once a minute. And lwIP's
 * sys_timeout(), for the few single timeouts of its mDNS responder. */
#ifndef NET_STACK_TIMERS_H
#define NET_STACK_TIMERS_H

#include <stdint.h>

/* A frame was received or sent. */
void timers_frame(void);

/* Run what is due. */
void timers_poll(void);

/* Milliseconds until timers_poll() has something to do; UINT32_MAX: nothing in sight. */
uint32_t timers_due_ms(void);

#endif

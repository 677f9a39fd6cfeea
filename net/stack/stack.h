/* lwIP over the radio: one network interface, driven from net_poll(). */
#ifndef NET_STACK_STACK_H
#define NET_STACK_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "lwip/netif.h"
#include "lwip/tcp.h"
#include "system/loop.h"

/* Frames taken from the radio in one poll at most; a full TCP window of one peer fits. */
#define STACK_FRAMES_PER_POLL 64

/* Start lwIP and bring up the interface, without link and address (net/stack/interface.h). Call
 * once. */
void stack_init(void);

/* Hand received frames to lwIP, run its timers, retry what the radio had no room for. */
void stack_poll(void);
void stack_deadline(struct loop_deadline *deadline);

/* The interface of the radio. */
struct netif *stack_netif(void);

/* Services: listen on `port` with the highest priority, so that a service gets a connection even
 * when Python has used up the pool (lwIP then closes the least important one). NULL when the port
 * is taken or the pool is empty. At most `backlog` connections may be half open. */
struct tcp_pcb *stack_listen(uint16_t port, uint8_t backlog);

/* Whether a connection is a service's, not one that it has let go of. */
bool stack_is_service(const struct tcp_pcb *pcb);

/* Let go of a connection politely: what was written is still sent, then FIN; what the peer still
 * sends is discarded, so that no RST overtakes the last words; when it has taken
 * nothing for 2 s, and its FIN has not come, the connection is aborted. The caller's callbacks and
 * argument are gone, and the PCB gets the lowest priority. Not to be called from that PCB's own
 * error callback. */
void stack_linger(struct tcp_pcb *pcb);

#endif

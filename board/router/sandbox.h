/* What the router's two processes may ask of the kernel once they run. For good; 0, or -1. */
#ifndef BOARD_ROUTER_SANDBOX_H
#define BOARD_ROUTER_SANDBOX_H

#include <stdbool.h>

/* The network: frames, memory and time. With `internet` also sockets of IPv4, to be used as a
 * client: it does not listen. */
int sandbox_nat(bool internet);

/* The access point: the files of the place, and the sockets that stations connect to. No programs,
 * no sockets of other kinds. */
int sandbox_ap(void);

#endif

/* Frames into lwIP, for the stations that have it. */
#ifndef BOARD_CHILD_FRAME_INPUT_H
#define BOARD_CHILD_FRAME_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "lwip/netif.h"

/* Short frames are filled up as on a wire: lwIP relies on the shortest length of Ethernet when it
 * looks at headers. What there is no memory for is lost. `frame` is copied. */
void frame_input(struct netif *netif, const uint8_t *frame, size_t size);

#endif

/* The pool of received frames: each is a pbuf of lwIP with room for a whole frame, given back to
 * the pool by pbuf_free(). */
#ifndef NET_STACK_FRAMES_H
#define NET_STACK_FRAMES_H

#include <stddef.h>

#include "lwip/pbuf.h"

#define FRAMES_COUNT    384
#define FRAMES_RESERVED 64 /* of these: kept for the services, see radio_netif.c */

/* Take a frame; its payload has room for HAL_RADIO_FRAME_MAX bytes, and the IP header in it will be
 * aligned to 4. NULL: none left. Shorten it to what was received by pbuf_realloc(). */
struct pbuf *frames_take(void);

size_t frames_free(void);

#endif

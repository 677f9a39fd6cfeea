/* One direction of one link under bad conditions: frames are lost, come late, or no faster than the
 * rate allows; never out of order.
 *
 * A queue holds those that are under way, DELAY_QUEUE at most; the rest is lost. */
#ifndef BOARD_AIR_DELAY_H
#define BOARD_AIR_DELAY_H

#include <ev.h>

#include "board/air/conditions.h"
#include "board/air/frame.h"

#define DELAY_QUEUE 256

struct delay {
    struct ev_loop *loop;
    const struct air_conditions *conditions;             /* may change at any time */
    void (*deliver)(void *context, struct frame *frame); /* a frame has arrived */
    void *context;
    struct delayed_frame *first, *last;
    unsigned count;
    ev_tstamp free_at; /* by steady_now(): when what is being sent is out */
    struct ev_timer due;
};

void delay_init(struct delay *delay, struct ev_loop *loop, const struct air_conditions *conditions,
                void (*deliver)(void *context, struct frame *frame), void *context);

/* Nothing stands in the way of a frame now: it need not be given to delay_send(). */
bool delay_is_none(const struct delay *delay);

/* Send a frame, which is copied. False: it is lost. */
bool delay_send(struct delay *delay, struct frame *frame);

/* Forget what is under way. */
void delay_clear(struct delay *delay);

#endif

#include "board/air/delay.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "board/air/steady.h"

struct delayed_frame {
    struct delayed_frame *next;
    ev_tstamp due;
    struct frame frame;
};

/* From 0 to 1, without 1 (xorshift). */
static double chance(void)
{
    static uint64_t state;
    while (state == 0) {
        (void)!getrandom(&state, sizeof state, 0);
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / (double)(UINT64_C(1) << 53);
}

static void schedule(struct delay *delay)
{
    ev_timer_stop(delay->loop, &delay->due);
    if (delay->first != NULL) {
        ev_tstamp wait = delay->first->due - steady_now();
        ev_timer_set(&delay->due, wait > 0 ? wait : 0., 0.);
        ev_timer_start(delay->loop, &delay->due);
    }
}

static void arrived(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct delay *delay = timer->data;
    ev_tstamp now = steady_now();
    while (delay->first != NULL && delay->first->due <= now) {
        struct delayed_frame *one = delay->first;
        delay->first = one->next;
        delay->count--;
        delay->deliver(delay->context, &one->frame);
        free(one);
    }
    schedule(delay);
}

void delay_init(struct delay *delay, struct ev_loop *loop, const struct air_conditions *conditions,
                void (*deliver)(void *context, struct frame *frame), void *context)
{
    *delay = (struct delay){
        .loop = loop, .conditions = conditions, .deliver = deliver, .context = context};
    ev_timer_init(&delay->due, arrived, 0., 0.);
    delay->due.data = delay;
}

bool delay_is_none(const struct delay *delay)
{
    const struct air_conditions *conditions = delay->conditions;
    return conditions->loss == 0 && conditions->delay_ms == 0 && conditions->rate_kbps == 0 &&
           delay->count == 0;
}

/* When a frame of this size that is sent now arrives, if none before it comes later. */
static ev_tstamp when(struct delay *delay, uint32_t size)
{
    const struct air_conditions *conditions = delay->conditions;
    ev_tstamp now = steady_now();
    delay->free_at = delay->free_at > now ? delay->free_at : now;
    if (conditions->rate_kbps > 0) {
        delay->free_at += size * 8 / (conditions->rate_kbps * 1e3);
    }
    double jitter = (2 * chance() - 1) * conditions->jitter_ms;
    return delay->free_at + (conditions->delay_ms + jitter) / 1e3;
}

bool delay_send(struct delay *delay, struct frame *frame)
{
    if (chance() < delay->conditions->loss || delay->count == DELAY_QUEUE) {
        return false;
    }
    ev_tstamp due = when(delay, frame->size);
    if (delay->count == 0 && due <= steady_now()) {
        delay->deliver(delay->context, frame);
        return true;
    }
    struct delayed_frame *one = malloc(sizeof *one);
    if (one == NULL) {
        return false;
    }
    one->next = NULL;
    one->due = due;
    one->frame.size = frame->size;
    memcpy(one->frame.data, frame->data, frame->size);
    if (delay->count++ == 0) {
        delay->first = one;
        schedule(delay);
    } else {
        delay->last->next = one;
    }
    delay->last = one;
    return true;
}

void delay_clear(struct delay *delay)
{
    while (delay->first != NULL) {
        struct delayed_frame *one = delay->first;
        delay->first = one->next;
        free(one);
    }
    delay->count = 0;
    delay->free_at = 0;
    ev_timer_stop(delay->loop, &delay->due);
}

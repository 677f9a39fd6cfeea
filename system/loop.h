/* The one loop of the firmware: network, services, console, LED are state machines that loop_poll()
 * drives.
 *
 * While Python runs, its VM hook calls loop_poll() when hal_interrupt_pending is set; whatever
 * waits (sleep, input, accept) calls loop_wait(). What runs in poll never calls Python and never
 * raises: it only schedules. Poll is never entered from inside storage (asserted) nor from inside
 * itself (a nested call returns at once). */
#ifndef SYSTEM_LOOP_H
#define SYSTEM_LOOP_H

#include <stddef.h>
#include <stdint.h>

/* When somebody wants to be polled next: the earlier of the two; HAL_CLOCK_NEVER for none. */
struct loop_deadline {
    uint64_t board_us; /* board time, hal_clock_us() */
    uint64_t link_us;  /* link time, hal_clock_link_us() */
};

/* One state machine. `poll` does what is due now and returns soon (documented bound: 10 ms).
 * `deadline` lowers the members of `*deadline` to when it next must be polled without any
 * interrupt; it may be NULL: never. */
struct loop_client {
    void (*poll)(void);
    void (*deadline)(struct loop_deadline *deadline);
};

/* `clients` must outlive the loop; they are polled in their order. */
void loop_init(const struct loop_client *clients, size_t count);

void loop_poll(void);

/* Sleep until something happens, a client's deadline comes or board time `until_us` is reached
 * (HAL_CLOCK_NEVER: no limit); then poll. In this order no event is lost: whoever waits tests its
 * condition, and only then calls this (again). Inside a poll it returns at once. */
void loop_wait(uint64_t until_us);

#endif

/* What resets an MCU that does not show in time that it works: the trial of a new image
 * (hal/boot.h) in link time, and the watchdog (hal/watchdog.h) in board time. */
#ifndef BOARD_SUPERVISOR_H
#define BOARD_SUPERVISOR_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct supervisor {
    struct ev_loop *loop;
    struct ev_timer trial, watchdog;
    bool on_trial;
    uint32_t watchdog_ms; /* its present time-out, in board time */
    void (*expired)(void *context, const struct ev_timer *timer); /* &trial or &watchdog */
    void *context;
};

void supervisor_init(struct supervisor *supervisor, struct ev_loop *loop);

/* An image begins its trial; it is confirmed, or given up. */
void supervisor_begin_trial(struct supervisor *supervisor);
void supervisor_end_trial(struct supervisor *supervisor);

/* Start the watchdog, or feed it: it bites after `timeout_ms` of board time, which runs `speed`
 * times faster than real time. */
void supervisor_feed(struct supervisor *supervisor, uint32_t timeout_ms, uint32_t speed);

/* A hard reset, or power off: no trial, no watchdog. */
void supervisor_reset(struct supervisor *supervisor);

#endif

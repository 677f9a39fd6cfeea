#include "board/supervisor.h"

#include "hal/boot.h"

static void expired(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct supervisor *supervisor = timer->data;
    ev_timer_stop(loop, timer);
    supervisor->expired(supervisor->context, timer);
}

static void init_timer(struct supervisor *supervisor, struct ev_timer *timer)
{
    ev_timer_init(timer, expired, 0, 0);
    timer->data = supervisor;
}

/* Start the timer, or start it again. */
static void run_timer(struct supervisor *supervisor, struct ev_timer *timer, double seconds)
{
    ev_now_update(supervisor->loop); /* the loop's idea of now is as old as its last event */
    timer->repeat = seconds;
    ev_timer_again(supervisor->loop, timer);
}

void supervisor_init(struct supervisor *supervisor, struct ev_loop *loop)
{
    supervisor->loop = loop;
    supervisor->on_trial = false;
    init_timer(supervisor, &supervisor->trial);
    init_timer(supervisor, &supervisor->watchdog);
}

void supervisor_begin_trial(struct supervisor *supervisor)
{
    supervisor->on_trial = true;
    run_timer(supervisor, &supervisor->trial, HAL_BOOT_TRIAL_US / 1e6);
}

void supervisor_end_trial(struct supervisor *supervisor)
{
    supervisor->on_trial = false;
    ev_timer_stop(supervisor->loop, &supervisor->trial);
}

void supervisor_feed(struct supervisor *supervisor, uint32_t timeout_ms, uint32_t speed)
{
    supervisor->watchdog_ms = timeout_ms;
    run_timer(supervisor, &supervisor->watchdog, timeout_ms / 1e3 / speed);
}

void supervisor_reset(struct supervisor *supervisor)
{
    supervisor_end_trial(supervisor);
    ev_timer_stop(supervisor->loop, &supervisor->watchdog);
}

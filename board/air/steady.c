#include "board/air/steady.h"

#include <time.h>

ev_tstamp steady_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (ev_tstamp)now.tv_sec + (ev_tstamp)now.tv_nsec / 1e9;
}

/* lwIP on the host: what it asks of the system. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "lwip/sys.h"

uint32_t laptop_random(void)
{
    uint32_t value = 0;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != (ssize_t)sizeof value)
        value = (uint32_t)rand();
    return value;
}

_Noreturn void laptop_panic(const char *message)
{
    fprintf(stderr, "wipy: lwIP: %s\n", message);
    abort();
}

uint32_t sys_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u);
}

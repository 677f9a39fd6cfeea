/* A comparison whose time says nothing about where the two differ. */
#ifndef NET_LOGIN_CONSTANT_TIME_H
#define NET_LOGIN_CONSTANT_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool constant_time_equal(const void *one, const void *other, size_t size)
{
    const volatile uint8_t *a = one;
    const volatile uint8_t *b = other;
    unsigned differs = 0;
    for (size_t i = 0; i < size; i++) {
        differs |= (unsigned)(a[i] ^ b[i]);
    }
    return differs == 0;
}

#endif

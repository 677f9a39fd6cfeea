/* What lwIP asks of its port about compiler and target. Both targets are GCC, little-endian, with C17 headers; pointers have 32 or
 * 64 bits. */
#ifndef NET_STACK_ARCH_CC_H
#define NET_STACK_ARCH_CC_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h> /* ssize_t; newlib has it too */

#include "hal/random.h"
#include "hal/reset.h"

#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H  1
#ifndef SSIZE_MAX /* else lwIP declares ssize_t itself */
#define SSIZE_MAX INT_MAX
#endif

typedef uint32_t sys_prot_t;

static inline uint32_t stack_random(void) {
    uint32_t value;
    hal_random(&value, sizeof value);
    return value;
}

#define LWIP_RAND() stack_random()

#define LWIP_PLATFORM_DIAG(message)   ((void)0)
#define LWIP_PLATFORM_ASSERT(message) hal_fault("lwIP: " message)

#endif

/* lwIP on the host, for the laptop and `wipy join`: architecture. */
#ifndef BOARD_LAPTOP_LWIP_ARCH_CC_H
#define BOARD_LAPTOP_LWIP_ARCH_CC_H

#include <stdint.h>

typedef uint32_t sys_prot_t;

/* port.c */
uint32_t laptop_random(void);
_Noreturn void laptop_panic(const char *message);

/* The C library has htons and the like. */
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS

#define LWIP_RAND()                   laptop_random()
#define LWIP_PLATFORM_ASSERT(message) laptop_panic(message)
#define LWIP_PLATFORM_DIAG(message)

#endif

/* UART0: the console on the wire, 8N1. */
#ifndef HAL_UART_H
#define HAL_UART_H

#include <stddef.h>

/* Take up to `size` received bytes; returns how many (0: none now). What is not taken is held back at the other end,
 * not lost. */
size_t hal_uart_read(void *data, size_t size);

/* Send bytes; returns how many were taken: fewer than `size`, down to 0, while the other end is slower than we are. An interrupt
 * comes when there is room again: within a second of link time, for what nobody reads is dropped then. */
size_t hal_uart_write(const void *data, size_t size);

#endif

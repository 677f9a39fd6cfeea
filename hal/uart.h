/* UART0: the console on the wire, 8N1. */
#ifndef HAL_UART_H
#define HAL_UART_H

#include <stddef.h>

/* Take up to `size` received bytes; returns how many (0: none now). What is not taken is held back at the other end,
 * not lost. */
size_t hal_uart_read(void *data, size_t size);

/* Send bytes. Never waits: what nobody reads at the other end is dropped. */
void hal_uart_write(const void *data, size_t size);

#endif

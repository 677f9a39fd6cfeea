/* UART0: the console of the MCU as a pseudo terminal of the host.
 *
 * The terminal is raw and held open, so that it can be opened, closed and opened again like a
 * serial port. Output that nobody reads is dropped, input waits for the MCU. */
#ifndef BOARD_UART_H
#define BOARD_UART_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/link.h"

#define UART_LINK  "uart0" /* in the board's folder: a symbolic link to the terminal */
#define UART_QUEUE 262144u /* bytes of output kept for a reader who is slower than the MCU: tools read byte by byte */

struct uart {
    struct ev_loop *loop;
    int slave; /* held open; never read */
    char path[64];
    struct ev_io readable, writable;
    /* Hands a piece of input to the MCU. */
    void (*deliver)(void *context, const void *data, size_t size);
    void *context;
    bool listening; /* an MCU runs */
    size_t given; /* bytes of input[] that the MCU has been given and not taken yet; 0: it can take
                     a piece */
    uint8_t input[LINK_EVENT_DATA_MAX];
    uint64_t stuck_ns; /* since when nobody has read the output; 0: it flows */
    size_t first, queued;
    uint8_t queue[UART_QUEUE]; /* output, a ring */
};

/* Make the terminal, and the link UART_LINK in the current directory. `deliver` and `context` are
 * set by the caller. 0 or -errno. */
int uart_open(struct uart *uart, struct ev_loop *loop);
void uart_close(struct uart *uart);

/* Output. */
void uart_send(struct uart *uart, const void *data, size_t size);

/* An MCU runs. `again`: it continues the run of the one before, so what that had not taken is
 * delivered again. */
void uart_mcu_started(struct uart *uart, bool again);

/* No MCU runs: input is lost. */
void uart_mcu_stopped(struct uart *uart);

/* The MCU has taken the piece of input that it was given. */
void uart_taken(struct uart *uart);

#endif

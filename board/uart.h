/* UART0: the console of the MCU as a pseudo terminal of the host.
 *
 * The terminal is raw and held open, so that it can be opened, closed and opened again like a
 * serial port. Input waits for the MCU. Output waits for a slow reader; when nothing was read for
 * half a second nobody is there, and from then on old output makes room for new until somebody
 * types or reads again. */
#ifndef BOARD_UART_H
#define BOARD_UART_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/link.h"

#define UART_LINK "uart0" /* in the board's folder: a symbolic link to the terminal */

struct uart {
    struct ev_loop *loop;
    int slave; /* held open; never read */
    char path[64];
    struct ev_io readable, writable;
    /* Sends an event to the MCU: LINK_EVENT_UART with a piece of input, LINK_EVENT_UART_ROOM. */
    void (*event)(void *context, enum link_event_code code, const void *data, uint32_t size);
    void *context;
    uint32_t *taken; /* the MCU's register uart_taken */
    bool listening;  /* an MCU runs */
    size_t given; /* bytes of input[] that the MCU has been given and not taken yet; 0: it can take
                     a piece */
    uint8_t input[LINK_EVENT_DATA_MAX];
    struct ev_timer stuck; /* runs while the terminal takes no output */
    bool unread;           /* nobody is there to read */
    size_t written;        /* bytes that the terminal has taken since it was full or emptied */
    uint32_t sent;         /* bytes that this MCU has sent, mod 2^32 */
    size_t first, queued;
    uint8_t queue[LINK_UART_WINDOW]; /* output, a ring */
};

/* Make the terminal, and the link UART_LINK in the current directory. `event`, `context` and
 * `taken` are set by the caller. 0 or -errno. */
int uart_open(struct uart *uart, struct ev_loop *loop);
void uart_close(struct uart *uart);

/* Output; what exceeds the room in the queue is dropped. */
void uart_send(struct uart *uart, const void *data, size_t size);

/* An MCU runs. `again`: it continues the run of the one before, so what that had not taken is
 * delivered again. */
void uart_mcu_started(struct uart *uart, bool again);

/* No MCU runs: input is lost. */
void uart_mcu_stopped(struct uart *uart);

/* The MCU has taken the piece of input that it was given. */
void uart_taken(struct uart *uart);

#endif

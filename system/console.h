/* The console: one Python prompt, reached by UART and telnet. Input of both comes into one queue,
 * output goes to both.
 *
 * Interrupt: while an interrupt character is set (Ctrl-C while Python code runs), its arrival
 * discards the queue and calls the interrupt function, whether the queue is full or not; neither
 * the character nor what came before it is queued. One that came while none was set, and still lies
 * in the queue, counts when it is set: so a program that is about to start is interrupted, too.
 *
 * Back-pressure: console_offer() takes what fits; a source keeps the rest, offers it again from its
 * poll, and has its deadline call console_offer_deadline() meanwhile. When nothing was read from a
 * full queue for CONSOLE_STALL_US of link time although an interrupt could be served, the program
 * is not reading: input is then discarded (counted), so that an interrupt behind it can arrive. */
#ifndef SYSTEM_CONSOLE_H
#define SYSTEM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "system/loop.h"

#define CONSOLE_QUEUE_SIZE 4096u
#define CONSOLE_STALL_US   2000000u

void console_init(void);

/* The character that interrupts (-1: none) and what to call then; called from poll: must only
 * schedule. */
void console_set_interrupt(int character, void (*interrupt)(void));
/* Telnet's IP: discards the queue and calls the interrupt function while an interrupt character is
 * set, whichever it is; else leaves Ctrl-C in the queue alone, which clears the prompt's line, or
 * counts when the character is set. */
void console_interrupt(void);

/* Sources: offer received bytes; returns how many were taken (all of them when discarding, see
 * above). */
size_t console_offer(const uint8_t *data, size_t size);
/* For a source that holds what was not taken: lowers *deadline to when it is worth offering again.
 */
void console_offer_deadline(struct loop_deadline *deadline);
/* Bytes discarded since console_init(). */
uint32_t console_discarded(void);

/* The reader (Python). */
int console_read(void); /* one byte, -1: none now */
bool console_readable(void);
/* The reader has found nothing and waits, as far as one can tell: nothing was printed since, and
 * nothing has interrupted it. */
bool console_is_waiting(void);

/* Output: to the remote sink, when there is one, and to the UART. Waits while a reader of either is
 * slow (the loop goes on), by the bounds of each: a program that prints goes at the pace of the
 * slower one. */
void console_write(const char *data, size_t size);

/* The remote session's output (telnet). `write` takes all of the data and never waits longer than
 * its documented bound. NULL: none. */
void console_set_remote(void (*write)(const char *data, size_t size));

/* The window of the remote session's client, in characters; 0: unknown. At first unknown. */
struct console_size {
    uint16_t columns, rows;
};
void console_set_size(struct console_size size);
struct console_size console_size(void);

/* Loop client: moves UART input into the queue. */
void console_poll(void);
void console_deadline(struct loop_deadline *deadline);

#endif

/* Where text comes to stand on a terminal, for the line editor.
 *
 * A place is a number of columns from the beginning of the row in which the prompt stands; on a
 * terminal of a known width it runs on through the rows below. */
#ifndef PYTHON_TERMINAL_H
#define PYTHON_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the UTF-8 character that begins `text`, of which there are `size` >= 1; 1 for what is
 * none. */
size_t terminal_character(const char *text, size_t size);

/* The place behind `text` that begins at `at`. `width`: columns of the terminal; 0: unknown, taken
 * as endless. */
size_t terminal_after(const char *text, size_t size, size_t at, size_t width);

/* Print it, the cursor being at `at`; returns where the cursor is then. */
size_t terminal_print(const char *text, size_t size, size_t at, size_t width);
/* Move the cursor. */
void terminal_move(size_t from, size_t to, size_t width);
/* Erase all that stands from the cursor on. */
void terminal_erase(size_t width);

#endif

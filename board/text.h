/* Text for people: what comes from the MCU, made fit for terminals and JSON, and what went wrong.
 */
#ifndef BOARD_TEXT_H
#define BOARD_TEXT_H

#include <stddef.h>

/* Copy up to `size` bytes of `text`, at most to its first NUL, into `out` (room for `room` >= 1
 * bytes) and end it with NUL. What does not fit is left out, never half a character. Control
 * characters and what is no UTF-8 become '?'. */
void text_clean(char *out, size_t room, const char *text, size_t size);

/* Say in `error`, printf-like, why something failed; what does not fit is left out. Returns -1. */
int text_fail(char *error, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

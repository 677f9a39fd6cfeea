/* Text that comes from the MCU, made fit for terminals and JSON. */
#ifndef BOARD_TEXT_H
#define BOARD_TEXT_H

#include <stddef.h>

/* Copy up to `size` bytes of `text`, at most to its first NUL, into `out` (room for `room` >= 1
 * bytes) and end it with NUL. What does not fit is left out, never half a character. Control
 * characters and what is no UTF-8 become '?'. */
void text_clean(char *out, size_t room, const char *text, size_t size);

#endif

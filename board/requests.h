/* The requests of the control socket (control.h gives their format). */
#ifndef BOARD_REQUESTS_H
#define BOARD_REQUESTS_H

#include <stdbool.h>

/* Carry out the request in `line` and answer it, as struct control's `answer` wants it; `context`
 * is the struct board. */
char *requests_answer(void *context, const char *line, bool *follow);

#endif

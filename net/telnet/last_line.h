/* What the console has printed on its current line, to show it to a client that comes later. */
#ifndef NET_TELNET_LAST_LINE_H
#define NET_TELNET_LAST_LINE_H

#include <stddef.h>

#define LAST_LINE_MAX 512u

struct last_line {
    size_t size;
    char text[LAST_LINE_MAX]; /* of a longer line, its end */
};

/* The console printed `data`. */
void last_line_print(struct last_line *line, const char *data, size_t size);

#endif

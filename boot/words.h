/* A line of text, put together from pieces, for the person at the board. */
#ifndef BOOT_WORDS_H
#define BOOT_WORDS_H

#include "hal/report.h"

struct words {
    char text[HAL_REPORT_TEXT_MAX + 1]; /* NUL-terminated; what does not fit is left out */
};

void words_add(struct words *words, const char *piece);

/* On the wire. */
void words_print(const struct words *words);
/* On the wire, and among the notices of `status`. */
void words_notice(const struct words *words);

#endif

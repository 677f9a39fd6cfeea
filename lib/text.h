/* Text into a fixed buffer, piece by piece: the firmware has no stdio, and its replies, listings and messages need no more. */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* What does not fit is left out; `length` never exceeds `size`. Not NUL-terminated. */
struct text {
    char *data;
    size_t size;
    size_t length;
};

static inline void text_char(struct text *text, char c)
{
    if (text->length < text->size) {
        text->data[text->length++] = c;
    }
}

static inline void text_string(struct text *text, const char *string)
{
    while (*string) {
        text_char(text, *string++);
    }
}

/* `value` in decimal, at least `width` characters wide, filled with `fill` on the left. */
static inline void text_number(struct text *text, uint64_t value, unsigned width, char fill)
{
    char digits[20]; /* of a uint64_t */
    unsigned count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);

    for (unsigned i = count; i < width; i++) {
        text_char(text, fill);
    }
    while (count > 0) {
        text_char(text, digits[--count]);
    }
}

#endif

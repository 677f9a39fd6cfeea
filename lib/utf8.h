/* UTF-8 (RFC 3629), as far as names and lines of text need it. */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* How many bytes the well-formed character at `text` has, of which at most `size` (>= 1) may be read; 0 when there is none, or when it
 * is a control character (U+0000 to U+001F, U+007F to U+009F). */
static inline size_t utf8_printable(const uint8_t *text, size_t size)
{
    static const struct {
        uint8_t first, last;        /* of the first byte */
        uint8_t second, second_end; /* what the second byte may be */
        uint8_t length;
    } forms[] = {
        {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (text[0] < forms[i].first || text[0] > forms[i].last) {
            continue;
        }
        size_t length = forms[i].length;
        if (length > size) {
            return 0;
        }
        if (length > 1 && (text[1] < forms[i].second || text[1] > forms[i].second_end)) {
            return 0;
        }
        for (size_t k = 2; k < length; k++) {
            if ((text[k] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return length;
    }
    return 0;
}

#endif

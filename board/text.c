#include "board/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* How many bytes the UTF-8 character at `s` has (RFC 3629), 0 if there is none. */
static size_t character(const uint8_t *s, size_t size)
{
    static const struct {
        uint8_t first, last;        /* of the first byte */
        uint8_t second, second_end; /* what the second byte may be */
        uint8_t length;
    } forms[] = {
        {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (s[0] < forms[i].first || s[0] > forms[i].last) {
            continue;
        }
        size_t length = forms[i].length;
        if (length > size ||
            (length > 1 && (s[1] < forms[i].second || s[1] > forms[i].second_end))) {
            return 0;
        }
        for (size_t k = 2; k < length; k++) {
            if ((s[k] & 0xc0) != 0x80) {
                return 0;
            }
        }
        /* U+0080 to U+009F are control characters, too. */
        return length == 2 && s[0] == 0xc2 && s[1] < 0xa0 ? 0 : length;
    }
    return 0;
}

void text_clean(char *out, size_t room, const char *text, size_t size)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t end = strnlen(text, size);
    size_t used = 0;
    for (size_t at = 0; at < end;) {
        size_t length = character(s + at, end - at);
        if (used + (length > 0 ? length : 1) >= room) {
            break;
        }
        if (length == 0) {
            out[used++] = '?';
            at++;
            continue;
        }
        memcpy(out + used, text + at, length);
        used += length;
        at += length;
    }
    out[used] = '\0';
}

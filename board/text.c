#include "board/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/utf8.h"

void text_clean(char *out, size_t room, const char *text, size_t size)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t end = strnlen(text, size);
    size_t used = 0;
    for (size_t at = 0; at < end;) {
        size_t length = utf8_printable(s + at, end - at);
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

int text_fail(char *error, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, size, format, arguments);
    va_end(arguments);
    return -1;
}

#include "net/ftp/ftp_text.h"

#define DIGITS_MAX 10 /* of a uint32_t */

void ftp_text_char(struct ftp_text *text, char c)
{
    if (text->length < text->size) {
        text->data[text->length++] = c;
    }
}

void ftp_text_string(struct ftp_text *text, const char *string)
{
    while (*string) {
        ftp_text_char(text, *string++);
    }
}

void ftp_text_number(struct ftp_text *text, uint32_t value, unsigned width, char fill)
{
    char digits[DIGITS_MAX];
    unsigned count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);

    for (unsigned i = count; i < width; i++) {
        ftp_text_char(text, fill);
    }
    while (count > 0) {
        ftp_text_char(text, digits[--count]);
    }
}

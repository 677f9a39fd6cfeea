/* Text into a fixed buffer, piece by piece: FTP's replies and listings need no more, and the
 * firmware has no stdio. */
#ifndef NET_FTP_FTP_TEXT_H
#define NET_FTP_FTP_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* What does not fit is left out; `length` never exceeds `size`. Not NUL-terminated. */
struct ftp_text {
    char *data;
    size_t size;
    size_t length;
};

void ftp_text_char(struct ftp_text *text, char c);
void ftp_text_string(struct ftp_text *text, const char *string);
/* `value` in decimal, at least `width` characters wide, filled with `fill` on the left. */
void ftp_text_number(struct ftp_text *text, uint32_t value, unsigned width, char fill);

#endif

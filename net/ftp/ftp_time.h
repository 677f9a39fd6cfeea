/* Dates and time stamps of FTP (RFC 3659 section 2.3): UTC, between 1970 and 2106. */
#ifndef NET_FTP_FTP_TIME_H
#define NET_FTP_FTP_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/text.h"

struct ftp_date {
    uint16_t year; /* 1970 to 2106 */
    uint8_t month; /* 1 to 12 */
    uint8_t day;   /* 1 to 31 */
    uint8_t hour, minute, second;
};

/* The date (UTC) of `seconds` since 1970. */
struct ftp_date ftp_date(uint32_t seconds);

/* "YYYYMMDDhhmmss". */
void ftp_time_put(struct text *out, uint32_t seconds);

/* Read a time stamp: YYYYMMDDhhmm, then ss (0 without), then a fraction of a second, which is
 * dropped. Returns the bytes that it takes, 0 when there is none, or when it is no date between
 * 1970 and 2106. */
size_t ftp_time_read(const char *text, uint32_t *seconds);

#endif

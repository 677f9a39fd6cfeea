/* What a directory listing looks like: LIST in the form of `ls -l`, NLST as bare names (RFC 959
 * section 4.1.3, RFC 1123 section 4.1.2.7). */
#ifndef NET_FTP_FTP_LIST_H
#define NET_FTP_FTP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/storage.h"

#define FTP_LIST_LINE_MAX                                                                          \
    (80 + STORAGE_PATH_MAX + STORAGE_NAME_MAX) /* bytes of one line, CR LF included */

struct ftp_date {
    uint16_t year; /* 1970 to 2106 */
    uint8_t month; /* 1 to 12 */
    uint8_t day;   /* 1 to 31 */
    uint8_t hour, minute, second;
};

/* The date (UTC) of `seconds` since 1970. */
struct ftp_date ftp_date(uint32_t seconds);

/* One line with CR LF, not NUL-terminated; returns its length. The name is `prefix` followed by
 * `name`. `now` is UTC seconds: what is at most half a year old shows its time of day, all else its
 * year. */
size_t ftp_list_line(char line[FTP_LIST_LINE_MAX], const char *prefix, const char *name,
                     const struct storage_stat *stat, uint32_t now);
size_t ftp_list_name(char line[FTP_LIST_LINE_MAX], const char *prefix, const char *name);

/* What follows the options of `ls` that clients put before the name ("-a", "-la"): "-la dir" is
 * "dir". A file whose name begins with '-' is listed as "./-name". */
const char *ftp_list_skip_options(const char *argument);

/* Whether `name` matches `pattern`, where '*' stands for any bytes and '?' for any one; a '.' at
 * the beginning has to be matched by a
 * '.'. For the NLST of `mget *.py`. */
bool ftp_list_match(const char *pattern, const char *name);

/* Whether `name` has '*' or '?'. */
bool ftp_list_is_pattern(const char *name);

#endif

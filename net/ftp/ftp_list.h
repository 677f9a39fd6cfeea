/* What a directory listing looks like: LIST in the form of `ls -l`, NLST as bare names (RFC 959
 * section 4.1.3, RFC 1123 section 4.1.2.7). */
#ifndef NET_FTP_FTP_LIST_H
#define NET_FTP_FTP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/text.h"
#include "storage/storage.h"

/* Bytes of one line of any listing, CR LF included: more than this is never appended. */
#define FTP_LIST_LINE_MAX (100 + STORAGE_PATH_MAX + STORAGE_NAME_MAX)

/* Append one line with CR LF. `now` is UTC seconds: what is at most half a year old shows its time
 * of day, all else its year. */
void ftp_list_line(struct text *out, const char *name, const struct storage_stat *stat,
                   uint32_t now);
/* The name is `prefix` followed by `name`. */
void ftp_list_name(struct text *out, const char *prefix, const char *name);

/* What follows the options of `ls` that clients put before the name ("-a", "-la"): "-la dir" is
 * "dir". A file whose name begins with '-' is listed as "./-name". */
const char *ftp_list_skip_options(const char *argument);

/* Whether `name` matches `pattern`, where '*' stands for any bytes and '?' for any one; a '.' at
 * the beginning has to be matched by a '.'. For the NLST of `mget *.py`. */
bool ftp_list_match(const char *pattern, const char *name);

/* Whether `name` has '*' or '?'. */
bool ftp_list_is_pattern(const char *name);

#endif

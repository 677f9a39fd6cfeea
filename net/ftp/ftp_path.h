/* Names in FTP commands: from what the client writes to the absolute, normalised paths of
 * ftp_files.h. */
#ifndef NET_FTP_FTP_PATH_H
#define NET_FTP_FTP_PATH_H

#include <stdbool.h>

#include "net/ftp/ftp_files.h"

/* Resolve `name` (absolute, or relative to the normalised path `directory`) into `path`: "." and
 * empty components vanish, ".." takes one away and stays at "/" there, a trailing '/' means
 * nothing. `name` "" is `directory` itself. `path` may be neither of them. 0,
 * STORAGE_NAME_TOO_LONG, or FTP_FILES_NO_TEXT for what is not UTF-8 or has control characters. */
int ftp_path_resolve(char path[STORAGE_PATH_MAX], const char *directory, const char *name);

/* Whether `name` can only be a folder's: it ends with '/' or "/.", or is ".". */
bool ftp_path_is_folder(const char *name);

/* The last component of a normalised path; "" for "/". */
const char *ftp_path_base(const char *path);

#endif

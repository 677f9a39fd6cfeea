/* Names in FTP commands: from what the client writes to the absolute, normalised paths of
 * ftp_files.h. */
#ifndef NET_FTP_FTP_PATH_H
#define NET_FTP_FTP_PATH_H

#include "storage/storage.h"

/* Resolve `name` (absolute, or relative to the normalised path `directory`) into `path`: "." and
 * empty components vanish, ".." takes one away and stays at "/" there, a trailing '/' means
 * nothing. `name` "" is `directory` itself. `path` may be neither of them. 0,
 * STORAGE_NAME_TOO_LONG, or STORAGE_INVALID for control characters. */
int ftp_path_resolve(char path[STORAGE_PATH_MAX], const char *directory, const char *name);

/* The last component of a normalised path; "" for "/". */
const char *ftp_path_base(const char *path);

#endif

/* FTP's files are those of storage/. */
#ifndef NET_FTP_FTP_STORAGE_H
#define NET_FTP_FTP_STORAGE_H

#include "net/ftp/ftp_files.h"

extern const struct ftp_files ftp_storage;

#endif

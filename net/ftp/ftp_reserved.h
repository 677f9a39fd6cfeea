/* FTP's files: those of storage/, but for the reserved names, which are streams:
 * /flash/sys/mcuimg.bin into update/, the certificates in /flash/cert into the hidden store. They
 * are taken as a whole, from the beginning; nothing of them can be listed, asked for or read back.
 * The folder /flash/sys can be neither removed nor renamed: new firmware comes through it. */
#ifndef NET_FTP_FTP_RESERVED_H
#define NET_FTP_FTP_RESERVED_H

#include "net/ftp/ftp_files.h"

#define FTP_RESERVED_FOLDER "/flash/sys"

extern const struct ftp_files ftp_reserved;

#endif

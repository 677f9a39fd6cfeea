/* FTP's files: those of storage/, but for the reserved names, which are streams:
 * /flash/sys/mcuimg.bin into update/, the certificates in /flash/cert into the hidden store.
 * Nothing of them can be listed or read back; of what was stored since the reset the size and the
 * time are told, because clients ask for them after a store. They are taken as a whole, from the
 * beginning, only. The folder /flash/sys can be neither removed nor renamed. */
#ifndef NET_FTP_FTP_RESERVED_H
#define NET_FTP_FTP_RESERVED_H

#include "net/ftp/ftp_files.h"

extern const struct ftp_files ftp_reserved;

#endif

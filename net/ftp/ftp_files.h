/* How FTP reaches files: the one interface between the protocol and what is behind it (storage,
 * updates over the air, the hidden store).
 *
 * Paths are absolute and normalised (no ".", "..", no double or trailing '/'), UTF-8. Errors are
 * enum storage_error values (storage/storage.h) or ftp_files_error; ftp_files_reply() maps them to replies in one
 * place. */
#ifndef NET_FTP_FTP_FILES_H
#define NET_FTP_FTP_FILES_H

#include "storage/storage.h"

struct ftp_file;
struct ftp_dir;

struct ftp_files {
    int (*stat)(const char *path, struct storage_stat *stat);
    int (*open_read)(struct ftp_file **file, const char *path, uint32_t offset);
    int (*open_store)(struct ftp_file **file,
                      const char *path); /* a whole new file; nothing changes before commit */
    int32_t (*read)(struct ftp_file *file, void *data, uint32_t size);
    int32_t (*write)(struct ftp_file *file, const void *data, uint32_t size);
    /* Finish a store: after 0 the file is safe in flash and in its place. The handle is gone either
     * way. */
    int (*commit)(struct ftp_file *file);
    /* Close what was read, or give up a store: the old file stays. */
    void (*abandon)(struct ftp_file *file);
    int (*remove)(const char *path);
    int (*mkdir)(const char *path);
    int (*rmdir)(const char *path);
    int (*rename)(const char *from, const char *to);
    int (*opendir)(struct ftp_dir **dir, const char *path);
    int (*readdir)(struct ftp_dir *dir,
                   struct storage_entry *entry); /* 1: an entry, 0: the end, or an error */
    void (*closedir)(struct ftp_dir *dir);
    /* What the last open_store, write or commit, or FTP_FILES_REFUSED of any other call, has to say
     * of its own, without full stop; "" when it is nothing but what the error says. */
    const char *(*words)(void);
};

/* Errors besides enum storage_error: words() says why. */
enum ftp_files_error {
    FTP_FILES_REFUSED = -100,   /* the name or the content is not acceptable: 553 (FTP_NAMING), 550 */
    FTP_FILES_TOO_LARGE = -101, /* 552 */
};

enum ftp_purpose {
    FTP_EXISTING, /* a command about a name that is there */
    FTP_NAMING,   /* a command that gives a name: STOR, MKD, RNTO */
};

/* The reply code (RFC 959 section 5.4) for a negative storage_error. The words are
 * storage_error_text()'s. */
unsigned ftp_files_reply(int error, enum ftp_purpose purpose);

#endif

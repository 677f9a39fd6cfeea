/* How FTP reaches files: the one interface between the protocol and what is behind it (storage,
 * updates over the air, the hidden store).
 *
 * Paths are absolute and normalised (no ".", "..", no double or trailing '/'), UTF-8. Errors are
 * enum storage_error values (storage/storage.h) or ftp_files_error; ftp_files_reply() maps them to
 * replies in one place. */
#ifndef NET_FTP_FTP_FILES_H
#define NET_FTP_FTP_FILES_H

#include "storage/storage.h"

struct ftp_file;
struct ftp_dir;

enum ftp_store {
    /* A whole file. Over an existing one it is written aside: nothing changes before the commit. A
     * new name is written in place. */
    FTP_STORE_WHOLE,
    /* What follows `offset` in an existing file is replaced; FTP_FILES_BEYOND when it ends before.
     */
    FTP_STORE_FROM,
    FTP_STORE_APPEND, /* to an existing file, or a new one */
};
/* What is written in place keeps, when it is given up, all that came; after a power cut all but the
 * last 128 KiB at most. A new name to which nothing came vanishes. */

struct ftp_files {
    int (*stat)(const char *path, struct storage_stat *stat);
    int (*open_read)(struct ftp_file **file, const char *path, uint64_t offset);
    int (*open_store)(struct ftp_file **file, const char *path, enum ftp_store how,
                      uint64_t offset); /* `offset`: for FTP_STORE_FROM, else 0 */
    int32_t (*read)(struct ftp_file *file, void *data, uint32_t size);
    int32_t (*write)(struct ftp_file *file, const void *data, uint32_t size);
    /* Finish a store: after 0 the file is safe in flash and in its place. The handle is gone either
     * way. */
    int (*commit)(struct ftp_file *file);
    /* Close what was read, or give up a store: see enum ftp_store. After a write that failed it
     * keeps what was synced, and of a new name nothing. */
    void (*abandon)(struct ftp_file *file);
    int (*remove)(const char *path);
    int (*mkdir)(const char *path);
    int (*rmdir)(const char *path);
    int (*rename)(const char *from, const char *to);
    /* Of a file or directory; UTC seconds. stat() tells what the volume keeps of it. */
    int (*set_mtime)(const char *path, uint32_t mtime);
    int (*opendir)(struct ftp_dir **dir, const char *path);
    int (*readdir)(struct ftp_dir *dir,
                   struct storage_entry *entry); /* 1: an entry, 0: the end, or an error */
    void (*closedir)(struct ftp_dir *dir);
    /* How much more can be stored in a directory, as far as it is known: bytes, UINT64_MAX when it
     * is not. */
    uint64_t (*room)(const char *path);
    /* Of the last call, without full stop: why it returned an enum ftp_files_error; after a commit
     * that returned 0: what became of the file, "" when there is no more to say than that it is
     * stored. */
    const char *(*words)(void);
};

#define FTP_WORDS_MAX 160 /* bytes of what words() says, NUL included */

/* Errors besides enum storage_error, whose reasons are words(). */
enum ftp_files_error {
    FTP_FILES_REFUSED = -100, /* the name or the content is not acceptable: 553 (FTP_NAMING), 550 */
    FTP_FILES_TOO_LARGE = -101, /* 552 */
    FTP_FILES_LATER = -102,     /* 450: the same command may succeed later */
    FTP_FILES_FAILED = -103,    /* 451 */
    FTP_FILES_MISSING = -104,   /* 550 */
    /* These have reasons of their own. */
    FTP_FILES_BEYOND = -110,  /* 554: REST is behind the end of the file */
    FTP_FILES_NO_TEXT = -111, /* 553, 550: a name that is not text */
    FTP_FILES_FOLDER = -112,  /* 553, 550: the name of a folder, where a file's is needed */
    FTP_FILES_BESIDE = -113,  /* 552: a store over a file, of which both do not fit */
};

enum ftp_purpose {
    FTP_EXISTING, /* a command about a name that is there */
    FTP_NAMING,   /* a command that gives a name: STOR, MKD, RNTO */
    FTP_MLSD,     /* 501 when it is no folder (RFC 3659 section 7.2.1) */
};

/* The reply code (RFC 959 section 5.4) for an error. */
unsigned ftp_files_reply(int error, enum ftp_purpose purpose);
/* Why, without full stop. Of an enum ftp_files_error: to be asked right after the call that
 * returned it. */
const char *ftp_files_reason(const struct ftp_files *files, int error);

#endif

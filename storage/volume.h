/* What a file system does for storage/: /flash and /sd each have one `struct volume`.
 *
 * Paths are within the volume, "/" or "/a/b", and have passed paths.c. Who has what open, reserved
 * names, whether the volume is there and may be changed: the callers have seen to all that. Results
 * are enum storage_error. */
#ifndef STORAGE_VOLUME_H
#define STORAGE_VOLUME_H

#include "storage/card_files.h"
#include "storage/flash_files.h"
#include "storage/storage.h"

/* What a volume keeps of an open file or directory. The memory is the caller's. */
struct volume_file {
    unsigned slot; /* which one of the STORAGE_OPEN_FILES it is */
    union {
        struct flash_file flash;
        struct card_file card;
    };
};

struct volume_dir {
    union {
        struct flash_dir flash;
        struct card_dir card;
    };
};

enum volume_open {
    VOLUME_READ,     /* must exist */
    VOLUME_WRITE,    /* must exist; reads as well */
    VOLUME_CREATE,   /* does not exist; or is to be emptied. Reads as well */
    VOLUME_ASIDE,    /* a new file that takes the name at its commit */
    VOLUME_NAMELESS, /* a new file that never gets a name; `inner` is NULL */
};

struct volume {
    const char *name;            /* its name in "/" */
    const char *const *reserved; /* paths that belong to others, NULL at the end; may be NULL */
    int gone;                    /* what open files give when the volume is not there any more */
    bool sound_when_full; /* a write() or truncate() that gave STORAGE_FULL or STORAGE_GAP has
                             made the file no longer, and a commit() may follow */

    /* STORAGE_OK, STORAGE_NO_VOLUME or STORAGE_BUSY (it is being formatted). */
    int (*state)(void);
    /* STORAGE_OK or STORAGE_READ_ONLY. */
    int (*changeable)(void);

    /* A component of a path that is `length` bytes of printable UTF-8: STORAGE_OK, STORAGE_INVALID
     * or STORAGE_NAME_TOO_LONG. */
    int (*check_name)(const char *name, size_t length);
    /* Give every existing component of a path its one true name, when it has got several; NULL:
     * none has. `fold`: what two characters have in common that do not differ in names; NULL: all
     * do. */
    int (*true_path)(char path[STORAGE_PATH_MAX]);
    uint32_t (*fold)(uint32_t character);

    int (*stat)(const char *inner, struct storage_stat *stat); /* not of "/" */
    int (*set_mtime)(const char *inner, uint32_t mtime);
    int (*make_dir)(const char *inner);
    int (*remove)(const char *inner, bool is_dir);
    /* `replaced`: what has the name `to` and makes room, a file for a file, an empty directory for
     * a directory; NULL: nothing, or it is the same file. */
    int (*rename)(const char *from, const char *to, const struct storage_stat *replaced);
    int (*space)(struct storage_volume *space);

    /* After an error of open() the file is not open. After one of write(), truncate() or sync() the
     * next call is drop(), or where the volume is sound_when_full sync(). */
    int (*open)(struct volume_file *file, const char *inner, enum volume_open how);
    int32_t (*read)(struct volume_file *file, void *data, uint32_t size); /* size <= INT32_MAX */
    /* All or an error; size > 0. Behind the end: the gap is filled with zeros. */
    int32_t (*write)(struct volume_file *file, const void *data, uint32_t size);
    int (*seek)(struct volume_file *file, uint64_t position); /* STORAGE_INVALID: too far */
    uint64_t (*tell)(struct volume_file *file);
    uint64_t (*size)(struct volume_file *file);
    int (*truncate)(struct volume_file *file, uint64_t size); /* or extend by zeros */
    int (*sync)(struct volume_file *file);
    /* Close after a successful sync(). `inner`: the name that a VOLUME_ASIDE gets, else NULL. It is
     * closed whatever is returned. */
    int (*commit)(struct volume_file *file, const char *inner);
    /* Close without committing anything more. */
    void (*drop)(struct volume_file *file);

    int (*open_dir)(struct volume_dir *dir, const char *inner);
    /* 1: an entry, 0: the end. "." and ".." do not come. `inner` is what was opened. */
    int (*read_dir)(struct volume_dir *dir, const char *inner, struct storage_entry *entry);
    void (*close_dir)(struct volume_dir *dir);
};

extern const struct volume flash_files; /* /flash */
extern const struct volume card_files;  /* /sd */

/* All volumes, NULL at the end. */
extern const struct volume *const volumes[];

#endif

/* What the files of storage/ share. Nothing outside includes this. */
#ifndef STORAGE_INTERNAL_H
#define STORAGE_INTERNAL_H

#include "storage/storage.h"
#include "storage/volume.h"

/* Every public function that touches a volume runs between these two; a second entry is a bug and
 * faults the MCU. */
void storage_enter(void);
void storage_leave(void);

uint32_t storage_now(void); /* for mtime */

/* ---- paths.c */
enum path_kind {
    PATH_ROOT,  /* "/" */
    PATH_MOUNT, /* "/flash" */
    PATH_INSIDE,
};

struct path {
    enum path_kind kind;
    const struct volume *volume; /* NULL: PATH_ROOT */
    const char *inner; /* within the volume, as it was written; points into the caller's text */
    char key[STORAGE_PATH_MAX]; /* the same by its true names: what is open is known by this */
};

/* Check a path and find its volume. STORAGE_INVALID, STORAGE_NAME_TOO_LONG, STORAGE_NOT_FOUND (no
 * such volume), STORAGE_NO_VOLUME, STORAGE_BUSY (it is being formatted), STORAGE_DENIED (a reserved
 * name), STORAGE_IO. */
int path_resolve(struct path *path, const char *text);

/* The same for a name that is to be changed or removed: STORAGE_DENIED also for "/" and mount
 * points; STORAGE_READ_ONLY. */
int path_resolve_change(struct path *path, const char *text);
/* ... and for one that may be made: STORAGE_DENIED also for what lies directly in "/". */
int path_resolve_new(struct path *path, const char *text);

/* STORAGE_OK for a name that a path may have; its length. It ends at '/' or NUL. */
int path_check_name(const struct volume *volume, const char *name, size_t *length);

/* True for a reserved name (a path within the volume), and for all below one. */
bool path_is_reserved(const struct volume *volume, const char *inner);

/* Reserved names whose directory is `inner`: the index-th one's last component with its '/', NULL
 * behind the last. */
const char *path_reserved_in(const struct volume *volume, const char *inner, unsigned index);

/* True when `key` is `ancestor` or lies below it. */
bool path_is_below(const struct volume *volume, const char *key, const char *ancestor);

bool path_is_same(const struct volume *volume, const char *key, const char *other);

/* "inner/name" */
#define PATH_OF_ENTRY_MAX (STORAGE_PATH_MAX + 1 + STORAGE_NAME_MAX + 1)
void path_of_entry(char full[PATH_OF_ENTRY_MAX], const char *inner, const char *name);

/* ---- open_files.c and dirs.c */
void files_init(void);
void dirs_init(void);
/* Memory for a file of the first boot, when no other is open. */
struct volume_file *files_spare(void);
/* Files, or folders, of this volume are open. */
bool files_any_open(const struct volume *volume);
bool dirs_any_open(const struct volume *volume);
/* What has this name, or lies below it, is open. */
bool files_open_below(const struct path *path);
bool dirs_open_below(const struct path *path);
/* The volume has gone: nothing that is open on it touches it any more. */
void files_lose(const struct volume *volume);
void dirs_lose(const struct volume *volume);

#endif

/* What the files of storage/ share. Nothing outside includes this. */
#ifndef STORAGE_INTERNAL_H
#define STORAGE_INTERNAL_H

#include "storage/flash_volume.h"
#include "storage/storage.h"

/* Every public function that touches a volume runs between these two; a second entry is a bug and
 * faults the MCU. */
void storage_enter(void);
void storage_leave(void);

/* ---- errors.c */
int storage_error_from_lfs(int result);

/* ---- paths.c */
enum path_kind {
    PATH_ROOT,  /* "/" */
    PATH_MOUNT, /* "/flash" */
    PATH_INSIDE,
};

struct path {
    enum path_kind kind;
    const char *inner; /* the path within the volume, "/..." ; points into the caller's text */
};

/* Check a path and find its volume. STORAGE_INVALID, STORAGE_NAME_TOO_LONG, STORAGE_NOT_FOUND (no
 * such volume), STORAGE_NO_VOLUME, STORAGE_DENIED (a reserved name). */
int path_resolve(struct path *path, const char *text);

/* The same for a name that is to be made, changed or removed: STORAGE_DENIED also for "/", what
 * lies directly in it, and mount points. */
int path_resolve_change(struct path *path, const char *text);

/* True for a reserved name (a path within the volume), and for all below one. */
bool path_is_reserved(const char *inner);

/* Reserved names whose directory is `inner`: the index-th one's last component with its '/', NULL
 * behind the last. */
const char *path_reserved_in(const char *inner, unsigned index);

/* True when `inner` is `ancestor` or lies below it. */
bool path_is_below(const char *inner, const char *ancestor);

/* ---- files.c */
void files_init(void);
bool files_any_open(void);
/* A file of this name, or below this directory, is open. */
bool files_open_below(const char *inner);
/* For the first boot, when no file is open. enum lfs2_error. */
int files_write_whole(const char *inner, const void *data, uint32_t size);

/* ---- names.c */
uint32_t storage_now(void); /* for mtime */
void mtime_pack(uint8_t bytes[4], uint32_t mtime);
uint32_t storage_get_mtime(const char *inner);
int storage_put_mtime(const char *inner, uint32_t mtime); /* enum lfs2_error */

/* ---- dirs.c */
void dirs_init(void);
bool dirs_any_open(void);
bool dirs_open_below(const char *inner);

#endif

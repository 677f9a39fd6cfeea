/* What works on names: stat, mkdir, remove, rename, modification times. */
#include "hal/rtc.h"
#include "storage/internal.h"

#include <string.h>

uint32_t storage_now(void)
{
    return (uint32_t)(hal_rtc_us() / 1000000u);
}

static int stat_name(const char *text, struct storage_stat *stat)
{
    struct path path;
    int result = path_resolve(&path, text);
    if (result != STORAGE_OK) {
        return result;
    }
    *stat = (struct storage_stat){.is_dir = true, .mtime = storage_now()};
    return path.kind == PATH_INSIDE ? path.volume->stat(path.inner, stat) : STORAGE_OK;
}

static int set_mtime(const char *text, uint32_t mtime)
{
    struct path path;
    int result = path_resolve_change(&path, text);
    return result == STORAGE_OK ? path.volume->set_mtime(path.inner, mtime) : result;
}

static int make_dir(const char *text)
{
    struct path path;
    int result = path_resolve_new(&path, text);
    if (result != STORAGE_OK) {
        return result;
    }
    if (files_open_below(&path)) {
        return STORAGE_BUSY; /* a new file of this name is being written */
    }
    return path.volume->make_dir(path.inner);
}

static int remove_name(const char *text, bool want_dir)
{
    struct path path;
    int result = path_resolve_change(&path, text);
    if (result != STORAGE_OK) {
        return result;
    }
    struct storage_stat stat;
    result = path.volume->stat(path.inner, &stat);
    if (result != STORAGE_OK) {
        return result;
    }
    if (stat.is_dir != want_dir) {
        return stat.is_dir ? STORAGE_IS_DIR : STORAGE_NOT_DIR;
    }
    if (stat.read_only) {
        return STORAGE_DENIED;
    }
    if (files_open_below(&path) || dirs_open_below(&path)) {
        return STORAGE_BUSY;
    }
    return path.volume->remove(path.inner, want_dir);
}

/* Would renaming directory `from` to `to` give one of its files a reserved name? */
static bool brings_reserved(const struct path *from, const struct path *to)
{
    const char *last;
    for (unsigned i = 0; (last = path_reserved_in(to->volume, to->inner, i)) != NULL; i++) {
        char name[STORAGE_PATH_MAX + 32];
        struct storage_stat stat;
        size_t length = strlen(from->inner);
        memcpy(name, from->inner, length);
        strcpy(name + length, last);
        if (from->volume->stat(name, &stat) == STORAGE_OK) {
            return true;
        }
    }
    return false;
}

/* `*exists`: there is something in the way, `*replaced`. */
static int check_rename(const struct path *from, const struct path *to,
                        struct storage_stat *replaced, bool *exists)
{
    if (from->volume != to->volume) {
        return STORAGE_CROSS;
    }
    struct storage_stat stat;
    int result = from->volume->stat(from->inner, &stat);
    if (result != STORAGE_OK) {
        return result;
    }
    bool same = path_is_same(from->volume, from->key, to->key);
    if (stat.is_dir && !same && path_is_below(to->volume, to->key, from->key)) {
        return STORAGE_INVALID; /* a directory into itself */
    }
    result = same ? STORAGE_NOT_FOUND : to->volume->stat(to->inner, replaced);
    *exists = result == STORAGE_OK;
    if (result != STORAGE_OK && result != STORAGE_NOT_FOUND) {
        return result;
    }
    if (*exists && replaced->is_dir != stat.is_dir) {
        return stat.is_dir ? STORAGE_NOT_DIR : STORAGE_IS_DIR;
    }
    if (*exists && replaced->read_only) {
        return STORAGE_DENIED;
    }
    if (files_open_below(from) || files_open_below(to) || dirs_open_below(from) ||
        dirs_open_below(to)) {
        return STORAGE_BUSY;
    }
    return stat.is_dir && brings_reserved(from, to) ? STORAGE_DENIED : STORAGE_OK;
}

static int rename_name(const char *from_text, const char *to_text)
{
    struct path from, to;
    struct storage_stat replaced;
    bool exists = false;
    int result = path_resolve_change(&from, from_text);
    if (result == STORAGE_OK) {
        result = path_resolve_new(&to, to_text);
    }
    if (result == STORAGE_OK) {
        result = check_rename(&from, &to, &replaced, &exists);
    }
    if (result != STORAGE_OK) {
        return result;
    }
    return from.volume->rename(from.inner, to.inner, exists ? &replaced : NULL);
}

int storage_stat(const char *path, struct storage_stat *stat)
{
    storage_enter();
    int result = stat_name(path, stat);
    storage_leave();
    return result;
}

int storage_set_mtime(const char *path, uint32_t mtime)
{
    storage_enter();
    int result = set_mtime(path, mtime);
    storage_leave();
    return result;
}

int storage_mkdir(const char *path)
{
    storage_enter();
    int result = make_dir(path);
    storage_leave();
    return result;
}

int storage_remove(const char *path)
{
    storage_enter();
    int result = remove_name(path, false);
    storage_leave();
    return result;
}

int storage_rmdir(const char *path)
{
    storage_enter();
    int result = remove_name(path, true);
    storage_leave();
    return result;
}

int storage_rename(const char *from, const char *to)
{
    storage_enter();
    int result = rename_name(from, to);
    storage_leave();
    return result;
}

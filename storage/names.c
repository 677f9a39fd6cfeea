/* What works on names: stat, mkdir, remove, rename, modification times. */
#include "hal/rtc.h"
#include "storage/internal.h"

#include <string.h>

uint32_t storage_now(void)
{
    return (uint32_t)(hal_rtc_us() / 1000000u);
}

void mtime_pack(uint8_t bytes[4], uint32_t mtime)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(mtime >> (8 * i));
}

static uint32_t mtime_unpack(const uint8_t bytes[4])
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

uint32_t storage_get_mtime(const char *inner)
{
    uint8_t bytes[4];
    if (lfs2_getattr(&flash_volume, inner, FLASH_VOLUME_ATTR_MTIME, bytes, sizeof bytes) !=
        (lfs2_ssize_t)sizeof bytes)
        return 0;
    return mtime_unpack(bytes);
}

int storage_put_mtime(const char *inner, uint32_t mtime)
{
    uint8_t bytes[4];
    mtime_pack(bytes, mtime);
    return lfs2_setattr(&flash_volume, inner, FLASH_VOLUME_ATTR_MTIME, bytes, sizeof bytes);
}

static int stat_name(const char *text, struct storage_stat *stat)
{
    struct path path;
    int result = path_resolve(&path, text);
    if (result != STORAGE_OK)
        return result;
    *stat = (struct storage_stat){.is_dir = true};
    if (path.kind != PATH_INSIDE)
        return STORAGE_OK;
    struct lfs2_info info;
    result = lfs2_stat(&flash_volume, path.inner, &info);
    if (result != LFS2_ERR_OK)
        return storage_error_from_lfs(result);
    stat->is_dir = info.type == LFS2_TYPE_DIR;
    stat->size = stat->is_dir ? 0 : info.size;
    stat->mtime = storage_get_mtime(path.inner);
    return STORAGE_OK;
}

static int set_mtime(const char *text, uint32_t mtime)
{
    struct path path;
    int result = path_resolve_change(&path, text);
    if (result != STORAGE_OK)
        return result;
    return storage_error_from_lfs(storage_put_mtime(path.inner, mtime));
}

static int make_dir(const char *text)
{
    struct path path;
    int result = path_resolve_change(&path, text);
    if (result != STORAGE_OK)
        return result;
    if (files_open_below(path.inner))
        return STORAGE_BUSY; /* a new file of this name is being written */
    result = lfs2_mkdir(&flash_volume, path.inner);
    if (result == LFS2_ERR_OK)
        result = storage_put_mtime(path.inner, storage_now());
    return storage_error_from_lfs(result);
}

static int remove_name(const char *text, bool want_dir)
{
    struct path path;
    int result = path_resolve_change(&path, text);
    if (result != STORAGE_OK)
        return result;
    struct lfs2_info info;
    result = lfs2_stat(&flash_volume, path.inner, &info);
    if (result != LFS2_ERR_OK)
        return storage_error_from_lfs(result);
    bool is_dir = info.type == LFS2_TYPE_DIR;
    if (is_dir != want_dir)
        return is_dir ? STORAGE_IS_DIR : STORAGE_NOT_DIR;
    if (files_open_below(path.inner) || dirs_open_below(path.inner))
        return STORAGE_BUSY;
    return storage_error_from_lfs(lfs2_remove(&flash_volume, path.inner));
}

/* Would renaming directory `from` to `to` give one of its files a reserved name? */
static bool brings_reserved(const char *from, const char *to)
{
    const char *last;
    for (unsigned i = 0; (last = path_reserved_in(to, i)) != NULL; i++) {
        char name[STORAGE_PATH_MAX + 32];
        struct lfs2_info info;
        size_t length = strlen(from);
        memcpy(name, from, length);
        strcpy(name + length, last);
        if (lfs2_stat(&flash_volume, name, &info) == LFS2_ERR_OK)
            return true;
    }
    return false;
}

static int check_rename(const char *from, const char *to)
{
    struct lfs2_info info;
    int result = lfs2_stat(&flash_volume, from, &info);
    if (result != LFS2_ERR_OK)
        return storage_error_from_lfs(result);
    bool from_dir = info.type == LFS2_TYPE_DIR;
    if (from_dir && strcmp(from, to) != 0 && path_is_below(to, from))
        return STORAGE_INVALID; /* a directory into itself */

    result = lfs2_stat(&flash_volume, to, &info);
    if (result != LFS2_ERR_OK && result != LFS2_ERR_NOENT)
        return storage_error_from_lfs(result);
    if (result == LFS2_ERR_OK && (info.type == LFS2_TYPE_DIR) != from_dir)
        return from_dir ? STORAGE_NOT_DIR : STORAGE_IS_DIR;

    if (files_open_below(from) || files_open_below(to) || dirs_open_below(from) ||
        dirs_open_below(to))
        return STORAGE_BUSY;
    return from_dir && brings_reserved(from, to) ? STORAGE_DENIED : STORAGE_OK;
}

static int rename_name(const char *from_text, const char *to_text)
{
    struct path from, to;
    int result = path_resolve_change(&from, from_text);
    if (result == STORAGE_OK)
        result = path_resolve_change(&to, to_text);
    if (result == STORAGE_OK)
        result = check_rename(from.inner, to.inner);
    if (result != STORAGE_OK)
        return result;
    return storage_error_from_lfs(lfs2_rename(&flash_volume, from.inner, to.inner));
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

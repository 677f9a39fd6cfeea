/* /flash as a volume: files, names and folders of littlefs. */
#include "storage/internal.h"

#include <string.h>

static int translate(int result)
{
    switch (result) {
    case LFS2_ERR_NOENT:
        return STORAGE_NOT_FOUND;
    case LFS2_ERR_EXIST:
        return STORAGE_EXISTS;
    case LFS2_ERR_NOTDIR:
        return STORAGE_NOT_DIR;
    case LFS2_ERR_ISDIR:
        return STORAGE_IS_DIR;
    case LFS2_ERR_NOTEMPTY:
        return STORAGE_NOT_EMPTY;
    case LFS2_ERR_FBIG:
    case LFS2_ERR_NOSPC:
    case LFS2_ERR_NAMETOOLONG: /* of a name that was checked: its entry has no room */
        return STORAGE_FULL;
    case LFS2_ERR_INVAL:
        return STORAGE_INVALID;
    default:
        return result < 0 ? STORAGE_IO : result;
    }
}

static int state(void)
{
    return flash_volume_usable() ? STORAGE_OK : STORAGE_NO_VOLUME;
}

static int changeable(void)
{
    return STORAGE_OK;
}

static int check_name(const char *name, size_t length)
{
    (void)name;
    return length <= LFS2_NAME_MAX ? STORAGE_OK : STORAGE_NAME_TOO_LONG;
}

/* ---- modification times */

static void pack(uint8_t bytes[4], uint32_t mtime)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(mtime >> (8 * i));
    }
}

static uint32_t get_mtime(const char *inner)
{
    uint8_t bytes[4];
    if (lfs2_getattr(&flash_volume, inner, FLASH_VOLUME_ATTR_MTIME, bytes, sizeof bytes) !=
        (lfs2_ssize_t)sizeof bytes) {
        return 0;
    }
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static int put_mtime(const char *inner, uint32_t mtime)
{
    uint8_t bytes[4];
    pack(bytes, mtime);
    return lfs2_setattr(&flash_volume, inner, FLASH_VOLUME_ATTR_MTIME, bytes, sizeof bytes);
}

static int set_mtime(const char *inner, uint32_t mtime)
{
    return translate(put_mtime(inner, mtime));
}

/* ---- names */

static int stat_name(const char *inner, struct storage_stat *stat)
{
    struct lfs2_info info;
    int result = lfs2_stat(&flash_volume, inner, &info);
    if (result != LFS2_ERR_OK) {
        return translate(result);
    }
    *stat = (struct storage_stat){.is_dir = info.type == LFS2_TYPE_DIR, .mtime = get_mtime(inner)};
    stat->size = stat->is_dir ? 0 : info.size;
    return STORAGE_OK;
}

static int make_dir(const char *inner)
{
    int result = lfs2_mkdir(&flash_volume, inner);
    if (result != LFS2_ERR_OK) {
        return translate(result);
    }
    result = put_mtime(inner, storage_now());
    if (result != LFS2_ERR_OK && flash_volume_usable()) {
        flash_volume_tidy();
        lfs2_remove(&flash_volume, inner);
    }
    return translate(result);
}

int flash_files_make_folder(const char *inner)
{
    int result = lfs2_mkdir(&flash_volume, inner);
    if (result == LFS2_ERR_EXIST) {
        return LFS2_ERR_OK;
    }
    return result == LFS2_ERR_OK ? put_mtime(inner, storage_now()) : result;
}

static int remove_name(const char *inner, bool is_dir)
{
    (void)is_dir;
    return translate(lfs2_remove(&flash_volume, inner));
}

static int rename_name(const char *from, const char *to, const struct storage_stat *replaced)
{
    (void)replaced;
    return translate(lfs2_rename(&flash_volume, from, to));
}

static int space(struct storage_volume *volume)
{
    *volume = (struct storage_volume){.block_size = FLASH_SECTOR_SIZE,
                                      .blocks = FLASH_VOLUME_BLOCKS,
                                      .free_blocks = flash_volume_free_blocks()};
    return STORAGE_OK;
}

/* ---- files */

/* Each handle has its own place for uploads: "/.uploads/A" for the first one. */
static const char *upload_name(const struct volume_file *file)
{
    static char name[] = FLASH_VOLUME_UPLOADS "/?";
    name[sizeof name - 2] = (char)('A' + file->slot);
    return name;
}

/* littlefs writes the attributes that are listed here along with the contents, in one commit. */
static void set_mtime_with_next_commit(struct flash_file *file)
{
    pack(file->mtime, storage_now());
    file->config.attr_count = 1;
}

static int open_lfs(struct flash_file *file, const char *name, int flags)
{
    file->attributes[0] =
        (struct lfs2_attr){FLASH_VOLUME_ATTR_MTIME, file->mtime, sizeof file->mtime};
    file->config = (struct lfs2_file_config){.buffer = file->cache, .attrs = file->attributes};
    /* With an attribute littlefs takes the file for changed from the start: right for a new or
     * emptied one only. (It also reads the old value into ours, so that the time must be set again
     * before the commit.) */
    file->changed = flags & (LFS2_O_CREAT | LFS2_O_TRUNC);
    if (file->changed) {
        set_mtime_with_next_commit(file);
    }
    memset(&file->lfs, 0, sizeof file->lfs);
    return lfs2_file_opencfg(&flash_volume, &file->lfs, name, flags, &file->config);
}

static int open_existing(struct flash_file *file, const char *inner, int flags)
{
    struct lfs2_info info;
    int result = lfs2_stat(&flash_volume, inner, &info);
    if (result == LFS2_ERR_OK && info.size > FLASH_FS_SIZE) {
        result = LFS2_ERR_CORRUPT;
    }
    return result == LFS2_ERR_OK ? open_lfs(file, inner, flags) : result;
}

static int open_file(struct volume_file *file, const char *inner, enum volume_open how)
{
    file->flash.aside = how == VOLUME_ASIDE || how == VOLUME_NAMELESS;
    switch (how) {
    case VOLUME_READ:
        return translate(open_existing(&file->flash, inner, LFS2_O_RDONLY));
    case VOLUME_WRITE:
        return translate(open_existing(&file->flash, inner, LFS2_O_RDWR));
    default:
        return translate(open_lfs(&file->flash, file->flash.aside ? upload_name(file) : inner,
                                  LFS2_O_RDWR | LFS2_O_CREAT | LFS2_O_TRUNC));
    }
}

static int32_t read_file(struct volume_file *file, void *data, uint32_t size)
{
    return translate(lfs2_file_read(&flash_volume, &file->flash.lfs, data, size));
}

static int32_t write_file(struct volume_file *file, const void *data, uint32_t size)
{
    lfs2_file_t *lfs = &file->flash.lfs;
    /* What cannot fit is refused before the chip is filled with it (or with the zeros of a gap). */
    if (size > FLASH_FS_SIZE || lfs2_file_tell(&flash_volume, lfs) > (lfs2_soff_t)FLASH_FS_SIZE) {
        return STORAGE_FULL;
    }
    file->flash.changed = true;
    return translate(lfs2_file_write(&flash_volume, lfs, data, size));
}

static int seek_file(struct volume_file *file, uint64_t position)
{
    if (position > LFS2_FILE_MAX) {
        return STORAGE_INVALID;
    }
    lfs2_soff_t result =
        lfs2_file_seek(&flash_volume, &file->flash.lfs, (lfs2_soff_t)position, LFS2_SEEK_SET);
    return result < 0 ? translate(result) : STORAGE_OK;
}

static uint64_t tell_file(struct volume_file *file)
{
    return (uint64_t)lfs2_file_tell(&flash_volume, &file->flash.lfs);
}

static uint64_t size_of_file(struct volume_file *file)
{
    return (uint64_t)lfs2_file_size(&flash_volume, &file->flash.lfs);
}

static int truncate_file(struct volume_file *file, uint64_t size)
{
    if (size > FLASH_FS_SIZE) {
        return STORAGE_FULL;
    }
    file->flash.changed = true;
    return translate(lfs2_file_truncate(&flash_volume, &file->flash.lfs, (lfs2_off_t)size));
}

static int sync_file(struct volume_file *file)
{
    if (file->flash.changed) {
        set_mtime_with_next_commit(&file->flash);
    }
    file->flash.changed = false;
    return translate(lfs2_file_sync(&flash_volume, &file->flash.lfs));
}

static int commit_file(struct volume_file *file, const char *inner)
{
    lfs2_file_close(&flash_volume, &file->flash.lfs); /* nothing is left to be written */
    if (inner == NULL) {
        return STORAGE_OK;
    }
    int result = lfs2_rename(&flash_volume, upload_name(file), inner);
    if (result != LFS2_ERR_OK && flash_volume_usable()) {
        flash_volume_tidy();
        lfs2_remove(&flash_volume, upload_name(file));
    }
    return translate(result);
}

/* littlefs closes a file without a commit when it failed, so it is marked as one that did. */
static void drop_file(struct volume_file *file)
{
    file->flash.lfs.flags |= LFS2_F_ERRED;
    lfs2_file_close(&flash_volume, &file->flash.lfs);
    if (file->flash.aside && flash_volume_usable()) {
        flash_volume_tidy(); /* its sync may have failed just now */
        lfs2_remove(&flash_volume, upload_name(file));
    }
}

int flash_files_put(struct flash_file *file, const char *inner, const void *data, uint32_t size)
{
    int result = open_lfs(file, inner, LFS2_O_RDWR | LFS2_O_CREAT | LFS2_O_TRUNC);
    if (result != LFS2_ERR_OK) {
        return result;
    }
    lfs2_ssize_t written = lfs2_file_write(&flash_volume, &file->lfs, data, size);
    result = lfs2_file_close(&flash_volume, &file->lfs);
    return written < 0 ? written : result;
}

/* ---- folders */

static int open_dir(struct volume_dir *dir, const char *inner)
{
    return translate(lfs2_dir_open(&flash_volume, &dir->flash.lfs, inner));
}

static int read_dir(struct volume_dir *dir, const char *inner, struct storage_entry *entry)
{
    struct lfs2_info info;
    size_t length;
    do {
        int result = lfs2_dir_read(&flash_volume, &dir->flash.lfs, &info);
        if (result <= 0) {
            return translate(result);
        }
        info.name[LFS2_NAME_MAX] = '\0'; /* on a damaged medium there may be none */
        /* "." and "..", and what others than this storage have named: nobody could use it. */
    } while (path_check_name(&flash_files, info.name, &length) != STORAGE_OK ||
             info.name[length] != '\0');

    strcpy(entry->name, info.name);
    char full[PATH_OF_ENTRY_MAX];
    path_of_entry(full, inner, info.name);
    entry->stat =
        (struct storage_stat){.is_dir = info.type == LFS2_TYPE_DIR, .mtime = get_mtime(full)};
    entry->stat.size = entry->stat.is_dir ? 0 : info.size;
    return 1;
}

static void close_dir(struct volume_dir *dir)
{
    lfs2_dir_close(&flash_volume, &dir->flash.lfs);
}

/* Names that belong to updates and to the hidden store, and the place for uploads. */
static const char *const reserved[] = {
    "/sys/mcuimg.bin",   "/cert/ca.pem",       "/cert/cert.pem",
    "/cert/private.key", FLASH_VOLUME_UPLOADS, NULL,
};

const struct volume flash_files = {
    .name = "flash",
    .reserved = reserved,
    .gone = STORAGE_IO, /* damaged */
    .state = state,
    .changeable = changeable,
    .check_name = check_name,
    .stat = stat_name,
    .set_mtime = set_mtime,
    .make_dir = make_dir,
    .remove = remove_name,
    .rename = rename_name,
    .space = space,
    .open = open_file,
    .read = read_file,
    .write = write_file,
    .seek = seek_file,
    .tell = tell_file,
    .size = size_of_file,
    .truncate = truncate_file,
    .sync = sync_file,
    .commit = commit_file,
    .drop = drop_file,
    .open_dir = open_dir,
    .read_dir = read_dir,
    .close_dir = close_dir,
};

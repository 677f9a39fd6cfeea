/* Open files: one list for all users, with the rules who may open what. */
#include "storage/internal.h"

#include <string.h>

struct storage_file {
    bool open;
    bool reads, writes, appends, replaces;
    bool changed; /* since the last sync: the next one gives it a new mtime */
    int failed; /* the first error of a write, sync or truncate: from then on nothing of the file is
                   committed */
    char inner[STORAGE_PATH_MAX]; /* "": no name, it never leaves the place for uploads */
    uint8_t mtime[4];
    struct lfs2_attr attributes[1];
    struct lfs2_file_config config;
    lfs2_file_t lfs;
};

static struct storage_file files[STORAGE_OPEN_FILES];
static uint8_t caches[STORAGE_OPEN_FILES][FLASH_VOLUME_CACHE];

void files_init(void)
{
    memset(files, 0, sizeof files);
}

bool files_any_open(void)
{
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++)
        if (files[i].open)
            return true;
    return false;
}

bool files_open_below(const char *inner)
{
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++)
        if (files[i].open && path_is_below(files[i].inner, inner))
            return true;
    return false;
}

/* Many may read a file, one may write it, and then nobody else has it open. */
static bool is_locked(const char *inner, bool for_writing)
{
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++)
        if (files[i].open && (for_writing || files[i].writes) && strcmp(files[i].inner, inner) == 0)
            return true;
    return false;
}

static struct storage_file *find_free(void)
{
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++)
        if (!files[i].open)
            return &files[i];
    return NULL;
}

static bool is_open(const struct storage_file *file)
{
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++)
        if (file == &files[i])
            return file->open;
    return false;
}

/* Each handle has its own place for uploads: "/.uploads/A" for the first one. */
static const char *upload_name(const struct storage_file *file)
{
    static char name[] = FLASH_VOLUME_UPLOADS "/?";
    name[sizeof name - 2] = (char)('A' + (file - files));
    return name;
}

static bool mode_is_valid(unsigned mode)
{
    if (mode == STORAGE_REPLACE)
        return true;
    if ((mode & (STORAGE_READ | STORAGE_WRITE)) == 0 || (mode & STORAGE_REPLACE))
        return false;
    if ((mode & (STORAGE_CREATE | STORAGE_TRUNCATE | STORAGE_APPEND)) && !(mode & STORAGE_WRITE))
        return false;
    return !(mode & STORAGE_EXCLUSIVE) || (mode & STORAGE_CREATE);
}

/* littlefs writes the attributes that are listed here along with the contents, in one commit. */
static void set_mtime_with_next_commit(struct storage_file *file)
{
    mtime_pack(file->mtime, storage_now());
    file->config.attr_count = 1;
}

static int lfs_open(struct storage_file *file, const char *name, int flags)
{
    file->attributes[0] =
        (struct lfs2_attr){FLASH_VOLUME_ATTR_MTIME, file->mtime, sizeof file->mtime};
    file->config =
        (struct lfs2_file_config){.buffer = caches[file - files], .attrs = file->attributes};
    /* With an attribute littlefs takes the file for changed from the start: right for a new or
     * emptied one only. (It also reads the old value into ours, so that the time must be set again
     * before the commit.) */
    file->changed = flags & (LFS2_O_CREAT | LFS2_O_TRUNC);
    if (file->changed)
        set_mtime_with_next_commit(file);
    return lfs2_file_opencfg(&flash_volume, &file->lfs, name, flags, &file->config);
}

static int open_replacement(struct storage_file *file, const struct path *path)
{
    char parent[STORAGE_PATH_MAX];
    struct lfs2_info info;
    int result = lfs2_stat(&flash_volume, path->inner, &info);
    if (result == LFS2_ERR_OK && info.type == LFS2_TYPE_DIR)
        return LFS2_ERR_ISDIR;
    if (result == LFS2_ERR_NOENT) { /* it must be possible to create it */
        strcpy(parent, path->inner);
        *strrchr(parent, '/') = '\0';
        result = lfs2_stat(&flash_volume, parent[0] ? parent : "/", &info);
        if (result == LFS2_ERR_OK && info.type != LFS2_TYPE_DIR)
            return LFS2_ERR_NOTDIR;
    }
    if (result != LFS2_ERR_OK)
        return result;
    return lfs_open(file, upload_name(file), LFS2_O_RDWR | LFS2_O_CREAT | LFS2_O_TRUNC);
}

static int open_in_place(struct storage_file *file, const struct path *path, unsigned mode)
{
    struct lfs2_info info;
    int result = lfs2_stat(&flash_volume, path->inner, &info);
    bool exists = result == LFS2_ERR_OK;
    if (!exists && result != LFS2_ERR_NOENT)
        return result;
    if (exists && info.type == LFS2_TYPE_DIR)
        return LFS2_ERR_ISDIR;
    if (exists && info.size > FLASH_FS_SIZE)
        return LFS2_ERR_CORRUPT;
    if (exists && (mode & STORAGE_EXCLUSIVE))
        return LFS2_ERR_EXIST;
    if (!exists && !(mode & STORAGE_CREATE))
        return LFS2_ERR_NOENT;
    int flags = (mode & STORAGE_WRITE) ? LFS2_O_RDWR : LFS2_O_RDONLY;
    if (!exists)
        flags |= LFS2_O_CREAT;
    if (exists && (mode & STORAGE_TRUNCATE))
        flags |= LFS2_O_TRUNC;
    return lfs_open(file, path->inner, flags);
}

static int open_file(struct storage_file **out, const char *text, unsigned mode)
{
    if (!mode_is_valid(mode))
        return STORAGE_INVALID;
    bool writes = mode & (STORAGE_WRITE | STORAGE_REPLACE);
    struct path path;
    int result = path_resolve(&path, text);
    if (result == STORAGE_NOT_FOUND && (mode & (STORAGE_CREATE | STORAGE_REPLACE)))
        result = path_resolve_change(&path, text);
    if (result != STORAGE_OK)
        return result;
    if (path.kind != PATH_INSIDE)
        return STORAGE_IS_DIR;
    if (is_locked(path.inner, writes))
        return STORAGE_BUSY;
    struct storage_file *file = find_free();
    if (file == NULL)
        return STORAGE_TOO_MANY;

    memset(file, 0, sizeof *file);
    file->reads = mode & STORAGE_READ;
    file->writes = writes;
    file->appends = mode & STORAGE_APPEND;
    file->replaces = mode & STORAGE_REPLACE;
    strcpy(file->inner, path.inner);
    result = file->replaces ? open_replacement(file, &path) : open_in_place(file, &path, mode);
    if (result != LFS2_ERR_OK)
        return storage_error_from_lfs(result);
    file->open = true;
    *out = file;
    return STORAGE_OK;
}

static int open_scratch(struct storage_file **out)
{
    struct storage_file *file = find_free();
    if (!flash_volume_usable() || file == NULL)
        return file ? STORAGE_NO_VOLUME : STORAGE_TOO_MANY;
    memset(file, 0, sizeof *file);
    file->reads = file->writes = file->replaces = true;
    int result = lfs_open(file, upload_name(file), LFS2_O_RDWR | LFS2_O_CREAT | LFS2_O_TRUNC);
    file->open = result == LFS2_ERR_OK;
    *out = file;
    return storage_error_from_lfs(result);
}

/* Note the first error for good, so that no later success commits a file with a hole. */
static int32_t checked(struct storage_file *file, int32_t result)
{
    if (result >= 0)
        return result;
    int error = storage_error_from_lfs(result);
    if (file->writes)
        file->failed = error;
    return error;
}

static int usable(const struct storage_file *file)
{
    if (!is_open(file))
        return STORAGE_INVALID;
    if (!flash_volume_usable())
        return STORAGE_IO;
    return file->failed;
}

static int usable_for_writing(const struct storage_file *file)
{
    int result = usable(file);
    return result == STORAGE_OK && !file->writes ? STORAGE_INVALID : result;
}

static int32_t read_file(struct storage_file *file, void *data, uint32_t size)
{
    int result = usable(file);
    if (result != STORAGE_OK)
        return result;
    if (!file->reads || size > INT32_MAX)
        return STORAGE_INVALID;
    return checked(file, lfs2_file_read(&flash_volume, &file->lfs, data, size));
}

static int32_t write_file(struct storage_file *file, const void *data, uint32_t size)
{
    int result = usable_for_writing(file);
    if (result != STORAGE_OK)
        return result;
    if (size == 0)
        return 0; /* littlefs would fill a gap */
    /* littlefs's own flag for this leaves a position behind the end where it is. */
    if (file->appends) {
        lfs2_soff_t end = lfs2_file_size(&flash_volume, &file->lfs);
        int32_t position =
            checked(file, lfs2_file_seek(&flash_volume, &file->lfs, end, LFS2_SEEK_SET));
        if (position < 0)
            return position;
    }
    /* What cannot fit is refused before the chip is filled with it (or with the zeros of a gap). */
    if (size > FLASH_FS_SIZE ||
        lfs2_file_tell(&flash_volume, &file->lfs) > (lfs2_soff_t)FLASH_FS_SIZE)
        return checked(file, LFS2_ERR_NOSPC);
    file->changed = true;
    return checked(file, lfs2_file_write(&flash_volume, &file->lfs, data, size));
}

static int32_t seek_file(struct storage_file *file, int32_t offset, enum storage_whence whence)
{
    int result = usable(file);
    if (result != STORAGE_OK)
        return result;
    int64_t position = offset;
    if (whence == STORAGE_SEEK_CUR)
        position += lfs2_file_tell(&flash_volume, &file->lfs);
    else if (whence == STORAGE_SEEK_END)
        position += lfs2_file_size(&flash_volume, &file->lfs);
    else if (whence != STORAGE_SEEK_SET)
        return STORAGE_INVALID;
    if (position < 0 || position > LFS2_FILE_MAX)
        return STORAGE_INVALID;
    return checked(file,
                   lfs2_file_seek(&flash_volume, &file->lfs, (lfs2_soff_t)position, LFS2_SEEK_SET));
}

static int truncate_file(struct storage_file *file, uint32_t size)
{
    int result = usable_for_writing(file);
    if (result != STORAGE_OK)
        return result;
    if (size > FLASH_FS_SIZE)
        return checked(file, LFS2_ERR_NOSPC);
    file->changed = true;
    return checked(file, lfs2_file_truncate(&flash_volume, &file->lfs, size));
}

static int sync_file(struct storage_file *file)
{
    int result = usable(file);
    if (result != STORAGE_OK || !file->writes)
        return result;
    if (file->changed)
        set_mtime_with_next_commit(file);
    file->changed = false;
    return checked(file, lfs2_file_sync(&flash_volume, &file->lfs));
}

/* Close without a commit. littlefs does that for a file that failed, so it is marked as one. */
static void drop(struct storage_file *file)
{
    file->lfs.flags |= LFS2_F_ERRED;
    lfs2_file_close(&flash_volume, &file->lfs);
    if (file->replaces && flash_volume_usable())
        lfs2_remove(&flash_volume, upload_name(file));
    file->open = false;
}

static int close_file(struct storage_file *file)
{
    if (!is_open(file))
        return STORAGE_INVALID;
    int result = sync_file(file);
    if (result != STORAGE_OK || !file->replaces || file->inner[0] == '\0') {
        drop(file);
        return result;
    }
    lfs2_file_close(&flash_volume, &file->lfs); /* nothing is left to be written */
    file->open = false;
    result = lfs2_rename(&flash_volume, upload_name(file), file->inner);
    if (result != LFS2_ERR_OK && flash_volume_usable())
        lfs2_remove(&flash_volume, upload_name(file));
    return storage_error_from_lfs(result);
}

int files_write_whole(const char *inner, const void *data, uint32_t size)
{
    struct storage_file *file = &files[0];
    int result = lfs_open(file, inner, LFS2_O_RDWR | LFS2_O_CREAT | LFS2_O_TRUNC);
    if (result != LFS2_ERR_OK)
        return result;
    lfs2_ssize_t written = lfs2_file_write(&flash_volume, &file->lfs, data, size);
    result = lfs2_file_close(&flash_volume, &file->lfs);
    return written < 0 ? written : result;
}

int storage_open(struct storage_file **file, const char *path, unsigned mode)
{
    storage_enter();
    int result = open_file(file, path, mode);
    storage_leave();
    return result;
}

int storage_open_scratch(struct storage_file **file)
{
    storage_enter();
    int result = open_scratch(file);
    storage_leave();
    return result;
}

int32_t storage_read(struct storage_file *file, void *data, uint32_t size)
{
    storage_enter();
    int32_t result = read_file(file, data, size);
    storage_leave();
    return result;
}

int32_t storage_write(struct storage_file *file, const void *data, uint32_t size)
{
    storage_enter();
    int32_t result = write_file(file, data, size);
    storage_leave();
    return result;
}

int32_t storage_seek(struct storage_file *file, int32_t offset, enum storage_whence whence)
{
    storage_enter();
    int32_t result = seek_file(file, offset, whence);
    storage_leave();
    return result;
}

int32_t storage_tell(struct storage_file *file)
{
    return is_open(file) ? lfs2_file_tell(&flash_volume, &file->lfs) : STORAGE_INVALID;
}

int32_t storage_size(struct storage_file *file)
{
    return is_open(file) ? lfs2_file_size(&flash_volume, &file->lfs) : STORAGE_INVALID;
}

int storage_truncate(struct storage_file *file, uint32_t size)
{
    storage_enter();
    int result = truncate_file(file, size);
    storage_leave();
    return result;
}

int storage_sync(struct storage_file *file)
{
    storage_enter();
    int result = sync_file(file);
    storage_leave();
    return result;
}

int storage_close(struct storage_file *file)
{
    storage_enter();
    int result = close_file(file);
    storage_leave();
    return result;
}

void storage_abandon(struct storage_file *file)
{
    if (file == NULL)
        return;
    storage_enter();
    if (is_open(file))
        drop(file);
    storage_leave();
}

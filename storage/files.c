/* Files: who may open what, and what can be done with an open one. */
#include "storage/open_files.h"

#include <string.h>

static bool mode_is_valid(unsigned mode)
{
    if (mode == STORAGE_REPLACE) {
        return true;
    }
    if ((mode & (STORAGE_READ | STORAGE_WRITE)) == 0 || (mode & STORAGE_REPLACE)) {
        return false;
    }
    if ((mode & (STORAGE_CREATE | STORAGE_TRUNCATE | STORAGE_APPEND)) && !(mode & STORAGE_WRITE)) {
        return false;
    }
    return !(mode & STORAGE_EXCLUSIVE) || (mode & STORAGE_CREATE);
}

/* Can a file of this name be made? */
static int check_parent(const struct path *path)
{
    char parent[STORAGE_PATH_MAX];
    strcpy(parent, path->inner);
    *strrchr(parent, '/') = '\0';
    struct storage_stat stat = {.is_dir = true};
    int result = parent[0] != '\0' ? path->volume->stat(parent, &stat) : STORAGE_OK;
    return result == STORAGE_OK && !stat.is_dir ? STORAGE_NOT_DIR : result;
}

/* How the volume has to open it, or an error. */
static int how_to_open(const struct path *path, unsigned mode)
{
    struct storage_stat stat;
    int result = path->volume->stat(path->inner, &stat);
    bool exists = result == STORAGE_OK;
    if (!exists && result != STORAGE_NOT_FOUND) {
        return result;
    }
    if (exists && stat.is_dir) {
        return STORAGE_IS_DIR;
    }
    if (exists && stat.read_only && (mode & (STORAGE_WRITE | STORAGE_REPLACE))) {
        return STORAGE_DENIED;
    }
    if (mode == STORAGE_REPLACE) {
        result = exists ? STORAGE_OK : check_parent(path);
        return result == STORAGE_OK ? (int)VOLUME_ASIDE : result;
    }
    if (exists && (mode & STORAGE_EXCLUSIVE)) {
        return STORAGE_EXISTS;
    }
    if (!exists) {
        return mode & STORAGE_CREATE ? (int)VOLUME_CREATE : STORAGE_NOT_FOUND;
    }
    if (mode & STORAGE_TRUNCATE) {
        return VOLUME_CREATE;
    }
    return mode & STORAGE_WRITE ? VOLUME_WRITE : VOLUME_READ;
}

static int open_file(struct storage_file **out, const char *text, unsigned mode)
{
    if (!mode_is_valid(mode)) {
        return STORAGE_INVALID;
    }
    bool writes = mode & (STORAGE_WRITE | STORAGE_REPLACE);
    struct path path;
    int result = path_resolve(&path, text);
    if (result == STORAGE_NOT_FOUND && (mode & (STORAGE_CREATE | STORAGE_REPLACE))) {
        result = path_resolve_new(&path, text);
    }
    if (result != STORAGE_OK) {
        return result;
    }
    if (path.kind != PATH_INSIDE) {
        return STORAGE_IS_DIR;
    }
    result = writes ? path.volume->changeable() : STORAGE_OK;
    if (result != STORAGE_OK) {
        return result;
    }
    if (file_is_locked(&path, writes)) {
        return STORAGE_BUSY;
    }
    struct storage_file *file = file_find_free(path.volume);
    if (file == NULL) {
        return STORAGE_TOO_MANY;
    }
    file->reads = mode & STORAGE_READ;
    file->writes = writes;
    file->appends = mode & STORAGE_APPEND;
    file->replaces = mode & STORAGE_REPLACE;
    strcpy(file->key, path.key);
    result = how_to_open(&path, mode);
    if (result >= 0) {
        result = path.volume->open(&file->file, path.inner, (enum volume_open)result);
    }
    file->open = result == STORAGE_OK;
    if (file->open) {
        *out = file;
    }
    return result;
}

static int open_scratch(struct storage_file **out)
{
    const struct volume *volume = &flash_files;
    struct storage_file *file = file_find_free(volume);
    if (file == NULL) {
        return STORAGE_TOO_MANY;
    }
    int result = volume->state();
    if (result != STORAGE_OK) {
        return result;
    }
    file->reads = file->writes = file->nameless = true;
    result = volume->open(&file->file, NULL, VOLUME_NAMELESS);
    file->open = result == STORAGE_OK;
    if (file->open) {
        *out = file;
    }
    return result;
}

/* Note the first error for good, so that no later success commits a file with a hole. */
static int32_t checked(struct storage_file *file, int32_t result)
{
    if (result < 0 && file->writes) {
        file->failed = result;
    }
    return result;
}

static int usable(const struct storage_file *file)
{
    if (!file_is_open(file)) {
        return STORAGE_INVALID;
    }
    if (file->lost || file->volume->state() != STORAGE_OK) {
        return file->volume->gone;
    }
    return file->failed;
}

static int usable_for_writing(const struct storage_file *file)
{
    int result = usable(file);
    if (result == STORAGE_OK && !file->writes) {
        return STORAGE_INVALID;
    }
    return result == STORAGE_OK ? file->volume->changeable() : result;
}

static int32_t read_file(struct storage_file *file, void *data, uint32_t size)
{
    int result = usable(file);
    if (result != STORAGE_OK) {
        return result;
    }
    if (!file->reads || size > INT32_MAX) {
        return STORAGE_INVALID;
    }
    return checked(file, file->volume->read(&file->file, data, size));
}

static int32_t write_file(struct storage_file *file, const void *data, uint32_t size)
{
    int result = usable_for_writing(file);
    if (result != STORAGE_OK || size == 0) {
        return result;
    }
    if (size > INT32_MAX) {
        return checked(file, STORAGE_FULL);
    }
    if (file->appends) {
        result = checked(file, file->volume->seek(&file->file, file->volume->size(&file->file)));
    }
    return result == STORAGE_OK ? checked(file, file->volume->write(&file->file, data, size))
                                : result;
}

static int64_t seek_file(struct storage_file *file, int64_t offset, enum storage_whence whence)
{
    int result = usable(file);
    if (result != STORAGE_OK) {
        return result;
    }
    int64_t position = 0;
    if (whence == STORAGE_SEEK_CUR) {
        position = (int64_t)file->volume->tell(&file->file);
    } else if (whence == STORAGE_SEEK_END) {
        position = (int64_t)file->volume->size(&file->file);
    } else if (whence != STORAGE_SEEK_SET) {
        return STORAGE_INVALID;
    }
    if (__builtin_add_overflow(position, offset, &position) || position < 0) {
        return STORAGE_INVALID;
    }
    result = file->volume->seek(&file->file, (uint64_t)position);
    if (result == STORAGE_OK) {
        return position;
    }
    return result == STORAGE_INVALID ? result : checked(file, result);
}

static int truncate_file(struct storage_file *file, uint64_t size)
{
    int result = usable_for_writing(file);
    return result == STORAGE_OK ? checked(file, file->volume->truncate(&file->file, size)) : result;
}

static int sync_file(struct storage_file *file)
{
    int result = usable(file);
    if (result != STORAGE_OK || !file->writes) {
        return result;
    }
    return checked(file, file->volume->sync(&file->file));
}

static void drop(struct storage_file *file)
{
    if (!file->lost) {
        file->volume->drop(&file->file);
    }
    file->open = false;
}

/* The error that a file has, and can be closed with all the same as it was before: on a full card a
 * log keeps its lines. A new file that is to replace another one is whole or not at all. */
static int forgive(struct storage_file *file)
{
    int failed = file->failed;
    if ((failed != STORAGE_FULL && failed != STORAGE_GAP) || file->replaces ||
        !file->volume->sound_when_full) {
        return STORAGE_OK;
    }
    file->failed = STORAGE_OK;
    return failed;
}

static int close_file(struct storage_file *file)
{
    if (!file_is_open(file)) {
        return STORAGE_INVALID;
    }
    int forgiven = forgive(file);
    int result = sync_file(file);
    if (result != STORAGE_OK || file->nameless) {
        drop(file);
        return result;
    }
    file->open = false;
    result = file->volume->commit(&file->file, file->replaces ? file->key : NULL);
    return result == STORAGE_OK ? forgiven : result;
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

int64_t storage_seek(struct storage_file *file, int64_t offset, enum storage_whence whence)
{
    storage_enter();
    int64_t result = seek_file(file, offset, whence);
    storage_leave();
    return result;
}

int64_t storage_tell(struct storage_file *file)
{
    return file_is_open(file) ? (int64_t)file->volume->tell(&file->file) : STORAGE_INVALID;
}

int64_t storage_size(struct storage_file *file)
{
    return file_is_open(file) ? (int64_t)file->volume->size(&file->file) : STORAGE_INVALID;
}

int storage_truncate(struct storage_file *file, uint64_t size)
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
    if (file == NULL) {
        return;
    }
    storage_enter();
    if (file_is_open(file)) {
        drop(file);
    }
    storage_leave();
}

#include "net/ftp/ftp_storage.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct ftp_file {
    struct storage_file *storage; /* NULL: this one is free */
    bool in_place;                /* a store that is not aside */
    bool created;                 /* ... of a name that was not there */
    bool begun;                   /* ... whose first bytes are synced */
    bool cuts;                    /* ... in front of more, which goes with the first write */
    bool came;                    /* something was written */
    bool failed;                  /* a write was refused */
    uint32_t unsynced;            /* bytes */
    char path[STORAGE_PATH_MAX];
};

static struct ftp_file files[FTP_STORAGE_FILES];

static struct ftp_file *take(const char *path)
{
    for (unsigned i = 0; i < FTP_STORAGE_FILES; i++) {
        if (!files[i].storage) {
            files[i] = (struct ftp_file){0};
            strcpy(files[i].path, path);
            return &files[i];
        }
    }
    return NULL;
}

/* Open a free handle and go to `offset`, which the file must have. */
static int open_at(struct ftp_file *file, unsigned mode, uint64_t offset)
{
    struct storage_file *storage = NULL;
    int result = storage_open(&storage, file->path, mode);
    if (result != STORAGE_OK) {
        return result;
    }
    uint64_t size = (uint64_t)storage_size(storage);
    if (offset > size) {
        storage_abandon(storage);
        return FTP_FILES_BEYOND;
    }
    result = offset > 0 && storage_seek(storage, (int64_t)offset, STORAGE_SEEK_SET) < 0
                 ? STORAGE_IO
                 : STORAGE_OK;
    if (result != STORAGE_OK) {
        storage_abandon(storage);
        return result;
    }
    file->cuts = offset < size;
    file->storage = storage;
    return STORAGE_OK;
}

int ftp_storage_open_read(struct ftp_file **file, const char *path, uint64_t offset)
{
    *file = take(path);
    return *file ? open_at(*file, STORAGE_READ, offset) : STORAGE_TOO_MANY;
}

/* What a call for a store gave. */
static int result_of(const struct ftp_file *file, int result)
{
    return result == STORAGE_FULL && !file->in_place ? FTP_FILES_BESIDE : result;
}

int ftp_storage_open_store(struct ftp_file **file, const char *path, enum ftp_store how,
                           uint64_t offset)
{
    struct storage_stat stat;
    *file = take(path);
    if (!*file) {
        return STORAGE_TOO_MANY;
    }
    int result = storage_stat(path, &stat);
    if (result != STORAGE_OK && result != STORAGE_NOT_FOUND) {
        return result; /* whatever is there: nothing is written into it */
    }
    if (result == STORAGE_OK && stat.is_dir) {
        return STORAGE_IS_DIR;
    }
    if (result == STORAGE_NOT_FOUND && how == FTP_STORE_FROM) {
        return FTP_FILES_BEYOND;
    }
    if (result == STORAGE_OK && how == FTP_STORE_WHOLE) {
        return result_of(*file, storage_open(&(*file)->storage, path, STORAGE_REPLACE));
    }
    (*file)->in_place = true;
    (*file)->created = result == STORAGE_NOT_FOUND;
    if ((*file)->created) {
        return open_at(*file, STORAGE_WRITE | STORAGE_CREATE | STORAGE_EXCLUSIVE, 0);
    }
    return open_at(*file, STORAGE_WRITE, how == FTP_STORE_APPEND ? stat.size : offset);
}

int32_t ftp_storage_read(struct ftp_file *file, void *data, uint32_t size)
{
    return storage_read(file->storage, data, size);
}

/* REST: nothing of the old file is to be taken for new once something new is there. */
static int cut(struct ftp_file *file)
{
    if (!file->cuts) {
        return STORAGE_OK;
    }
    file->cuts = false;
    return storage_truncate(file->storage, (uint64_t)storage_tell(file->storage));
}

static bool is_sync_due(struct ftp_file *file)
{
    if (file->in_place && file->unsynced >= FTP_STORAGE_SYNC_BYTES) {
        file->unsynced = 0;
        return true;
    }
    if (file->created && !file->begun && file->unsynced >= FTP_STORAGE_FIRST_BYTES) {
        file->begun = true; /* the others stay at their interval */
        return true;
    }
    return false;
}

int32_t ftp_storage_write(struct ftp_file *file, const void *data, uint32_t size)
{
    int32_t result = file->in_place ? cut(file) : STORAGE_OK;
    if (result == STORAGE_OK) {
        result = storage_write(file->storage, data, size);
    }
    file->came = true;
    file->unsynced += size;
    if (result > 0 && is_sync_due(file)) {
        int synced = storage_sync(file->storage);
        result = synced == STORAGE_OK ? result : synced;
    }
    file->failed = result < 0;
    return result < 0 ? result_of(file, (int)result) : result;
}

/* Remove the name that the store has made; `closed` is what closing it gave. On a card that is gone
 * it is not ours any more: another card may be there, with a file of that name. */
static void take_back(const struct ftp_file *file, int closed)
{
    if (file->created && closed != STORAGE_GONE) {
        storage_remove(file->path);
    }
}

int ftp_storage_commit(struct ftp_file *file)
{
    int result = file->in_place ? cut(file) : STORAGE_OK;
    if (result == STORAGE_OK) {
        result = storage_close(file->storage);
    } else {
        storage_abandon(file->storage);
    }
    file->storage = NULL;
    if (result != STORAGE_OK) {
        take_back(file, result);
    }
    return result_of(file, result);
}

void ftp_storage_abandon(struct ftp_file *file)
{
    bool keeps = file->in_place && file->came && !file->failed; /* it may be gone on with */
    if (keeps || file->created) {
        int result = storage_close(file->storage); /* which says whether its card is gone */
        if (!keeps) {
            take_back(file, result);
        }
    } else {
        storage_abandon(file->storage);
    }
    file->storage = NULL;
}

int ftp_storage_opendir(struct ftp_dir **dir, const char *path)
{
    struct storage_dir *handle = NULL;
    int result = storage_opendir(&handle, path);
    *dir = (struct ftp_dir *)handle;
    return result;
}

int ftp_storage_readdir(struct ftp_dir *dir, struct storage_entry *entry)
{
    return storage_readdir((struct storage_dir *)dir, entry);
}

void ftp_storage_closedir(struct ftp_dir *dir)
{
    storage_closedir((struct storage_dir *)dir);
}

/* `missing`: for a volume that is not there. */
static uint64_t room_of(const char *path, uint64_t missing)
{
    struct storage_volume volume;
    if (storage_volume(path, &volume) != STORAGE_OK) {
        return missing;
    }
    return volume.counting ? UINT64_MAX : (uint64_t)volume.free_blocks * volume.block_size;
}

uint64_t ftp_storage_room(const char *path)
{
    if (strcmp(path, "/") != 0) {
        return room_of(path, UINT64_MAX);
    }
    uint64_t flash = room_of("/flash", 0), card = room_of("/sd", 0);
    return flash > card ? flash : card;
}

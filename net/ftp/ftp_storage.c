#include "net/ftp/ftp_storage.h"

/* The handles are storage's own: FTP's types only keep the two layers apart. */
static struct storage_file *storage_of(struct ftp_file *file)
{
    return (struct storage_file *)file;
}

static int open_read(struct ftp_file **file, const char *path, uint32_t offset)
{
    struct storage_file *handle = NULL;
    int result = storage_open(&handle, path, STORAGE_READ);
    if (result == STORAGE_OK && offset > 0) {
        int64_t position = storage_seek(handle, offset, STORAGE_SEEK_SET);
        if (position < 0) {
            storage_abandon(handle);
            return (int)position;
        }
    }
    *file = (struct ftp_file *)handle;
    return result;
}

static int open_store(struct ftp_file **file, const char *path)
{
    struct storage_file *handle = NULL;
    int result = storage_open(&handle, path, STORAGE_REPLACE);
    *file = (struct ftp_file *)handle;
    return result;
}

static int32_t read_file(struct ftp_file *file, void *data, uint32_t size)
{
    return storage_read(storage_of(file), data, size);
}

static int32_t write_file(struct ftp_file *file, const void *data, uint32_t size)
{
    return storage_write(storage_of(file), data, size);
}

static int commit(struct ftp_file *file)
{
    return storage_close(storage_of(file));
}

static void abandon(struct ftp_file *file)
{
    storage_abandon(storage_of(file));
}

static int open_dir(struct ftp_dir **dir, const char *path)
{
    struct storage_dir *handle = NULL;
    int result = storage_opendir(&handle, path);
    *dir = (struct ftp_dir *)handle;
    return result;
}

static int read_dir(struct ftp_dir *dir, struct storage_entry *entry)
{
    return storage_readdir((struct storage_dir *)dir, entry);
}

static void close_dir(struct ftp_dir *dir)
{
    storage_closedir((struct storage_dir *)dir);
}

static const char *words(void)
{
    return "";
}

const struct ftp_files ftp_storage = {
    .stat = storage_stat,
    .open_read = open_read,
    .open_store = open_store,
    .read = read_file,
    .write = write_file,
    .commit = commit,
    .abandon = abandon,
    .remove = storage_remove,
    .mkdir = storage_mkdir,
    .rmdir = storage_rmdir,
    .rename = storage_rename,
    .opendir = open_dir,
    .readdir = read_dir,
    .closedir = close_dir,
    .words = words,
};

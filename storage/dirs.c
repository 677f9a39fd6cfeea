/* Listing directories: "/" has the mounted volumes, the others come from littlefs. */
#include "storage/internal.h"

#include <string.h>

struct storage_dir {
    bool open;
    bool is_root; /* "/" */
    bool done;    /* is_root: all volumes were listed */
    char inner[STORAGE_PATH_MAX];
    lfs2_dir_t lfs;
};

static struct storage_dir dirs[STORAGE_OPEN_DIRS];

void dirs_init(void)
{
    memset(dirs, 0, sizeof dirs);
}

bool dirs_any_open(void)
{
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++)
        if (dirs[i].open)
            return true;
    return false;
}

bool dirs_open_below(const char *inner)
{
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++)
        if (dirs[i].open && !dirs[i].is_root && path_is_below(dirs[i].inner, inner))
            return true;
    return false;
}

static struct storage_dir *find_free(void)
{
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++)
        if (!dirs[i].open)
            return &dirs[i];
    return NULL;
}

static bool is_open(const struct storage_dir *dir)
{
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++)
        if (dir == &dirs[i])
            return dir->open;
    return false;
}

static int open_dir(struct storage_dir **out, const char *text)
{
    struct path path;
    int result = path_resolve(&path, text);
    if (result != STORAGE_OK)
        return result;
    struct storage_dir *dir = find_free();
    if (dir == NULL)
        return STORAGE_TOO_MANY;
    memset(dir, 0, sizeof *dir);
    dir->is_root = path.kind == PATH_ROOT;
    if (!dir->is_root) {
        result = lfs2_dir_open(&flash_volume, &dir->lfs, path.inner);
        if (result != LFS2_ERR_OK)
            return storage_error_from_lfs(result);
    }
    strcpy(dir->inner, path.inner);
    dir->open = true;
    *out = dir;
    return STORAGE_OK;
}

static int read_root(struct storage_dir *dir, struct storage_entry *entry)
{
    if (dir->done || !flash_volume_usable())
        return 0;
    dir->done = true;
    memset(entry, 0, sizeof *entry);
    strcpy(entry->name, "flash");
    entry->stat.is_dir = true;
    return 1;
}

/* "." and "..", which littlefs lists, and reserved names. */
static bool is_hidden(const char *inner, const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || path_is_reserved(inner);
}

static int read_dir(struct storage_dir *dir, struct storage_entry *entry)
{
    if (!is_open(dir))
        return STORAGE_INVALID;
    if (dir->is_root)
        return read_root(dir, entry);
    if (!flash_volume_usable())
        return STORAGE_IO;

    /* "dir/" + name; the volume's root is "/" already. */
    char inner[STORAGE_PATH_MAX + 1 + STORAGE_NAME_MAX + 1];
    size_t length = strcmp(dir->inner, "/") == 0 ? 0 : strlen(dir->inner);
    memcpy(inner, dir->inner, length);
    inner[length] = '/';
    struct lfs2_info info;
    do {
        int result = lfs2_dir_read(&flash_volume, &dir->lfs, &info);
        if (result <= 0)
            return storage_error_from_lfs(result);
        info.name[STORAGE_NAME_MAX] = '\0'; /* on a damaged medium there may be none */
        strcpy(inner + length + 1, info.name);
    } while (is_hidden(inner, info.name));

    strcpy(entry->name, info.name);
    entry->stat.is_dir = info.type == LFS2_TYPE_DIR;
    entry->stat.size = entry->stat.is_dir ? 0 : info.size;
    entry->stat.mtime = storage_get_mtime(inner);
    return 1;
}

int storage_opendir(struct storage_dir **dir, const char *path)
{
    storage_enter();
    int result = open_dir(dir, path);
    storage_leave();
    return result;
}

int storage_readdir(struct storage_dir *dir, struct storage_entry *entry)
{
    storage_enter();
    int result = read_dir(dir, entry);
    storage_leave();
    return result;
}

void storage_closedir(struct storage_dir *dir)
{
    if (dir == NULL)
        return;
    storage_enter();
    if (is_open(dir)) {
        if (!dir->is_root)
            lfs2_dir_close(&flash_volume, &dir->lfs);
        dir->open = false;
    }
    storage_leave();
}

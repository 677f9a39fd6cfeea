/* Listing directories: "/" has the mounted volumes, the others come from those. */
#include "storage/internal.h"

#include <string.h>

struct storage_dir {
    bool open;
    bool lost;                   /* its volume has gone */
    const struct volume *volume; /* NULL: "/" */
    unsigned next;               /* "/": index into volumes[] */
    char inner[STORAGE_PATH_MAX];
    char key[STORAGE_PATH_MAX]; /* struct path */
    struct volume_dir dir;
};

static struct storage_dir dirs[STORAGE_OPEN_DIRS];

void dirs_init(void)
{
    memset(dirs, 0, sizeof dirs);
}

bool dirs_any_open(const struct volume *volume)
{
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++) {
        if (dirs[i].open && !dirs[i].lost && dirs[i].volume == volume) {
            return true;
        }
    }
    return false;
}

void dirs_lose(const struct volume *volume)
{
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++) {
        dirs[i].lost = dirs[i].lost || dirs[i].volume == volume;
    }
}

bool dirs_open_below(const struct path *path)
{
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++) {
        if (dirs[i].open && !dirs[i].lost && dirs[i].volume == path->volume &&
            path_is_below(path->volume, dirs[i].key, path->key)) {
            return true;
        }
    }
    return false;
}

static struct storage_dir *find_free(void)
{
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++) {
        if (!dirs[i].open) {
            return &dirs[i];
        }
    }
    return NULL;
}

static bool is_open(const struct storage_dir *dir)
{
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++) {
        if (dir == &dirs[i]) {
            return dir->open;
        }
    }
    return false;
}

static int open_dir(struct storage_dir **out, const char *text)
{
    struct path path;
    int result = path_resolve(&path, text);
    if (result != STORAGE_OK) {
        return result;
    }
    struct storage_dir *dir = find_free();
    if (dir == NULL) {
        return STORAGE_TOO_MANY;
    }
    memset(dir, 0, sizeof *dir);
    dir->volume = path.volume;
    if (dir->volume != NULL) {
        result = dir->volume->open_dir(&dir->dir, path.inner);
        if (result != STORAGE_OK) {
            return result;
        }
    }
    strcpy(dir->inner, path.inner);
    strcpy(dir->key, path.key);
    dir->open = true;
    *out = dir;
    return STORAGE_OK;
}

static int read_root(struct storage_dir *dir, struct storage_entry *entry)
{
    while (volumes[dir->next] != NULL) {
        const struct volume *volume = volumes[dir->next++];
        if (volume->state() == STORAGE_OK) {
            memset(entry, 0, sizeof *entry);
            strcpy(entry->name, volume->name);
            entry->stat.is_dir = true;
            entry->stat.mtime = storage_now();
            return 1;
        }
    }
    return 0;
}

static int read_dir(struct storage_dir *dir, struct storage_entry *entry)
{
    if (!is_open(dir)) {
        return STORAGE_INVALID;
    }
    if (dir->volume == NULL) {
        return read_root(dir, entry);
    }
    if (dir->lost || dir->volume->state() != STORAGE_OK) {
        return dir->volume->gone;
    }
    int result;
    char full[PATH_OF_ENTRY_MAX];
    do {
        result = dir->volume->read_dir(&dir->dir, dir->inner, entry);
        if (result > 0) {
            path_of_entry(full, dir->inner, entry->name);
        }
    } while (result > 0 && path_is_reserved(dir->volume, full));
    return result;
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
    if (dir == NULL) {
        return;
    }
    storage_enter();
    if (is_open(dir)) {
        if (dir->volume != NULL && !dir->lost) {
            dir->volume->close_dir(&dir->dir);
        }
        dir->open = false;
    }
    storage_leave();
}

/* The list of open files: one for all users and volumes. */
#include "storage/open_files.h"

#include <string.h>

static struct storage_file files[STORAGE_OPEN_FILES];

void files_init(void)
{
    memset(files, 0, sizeof files);
}

struct volume_file *files_spare(void)
{
    return &files[0].file;
}

bool files_any_open(const struct volume *volume)
{
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        if (files[i].open && !files[i].lost && files[i].volume == volume) {
            return true;
        }
    }
    return false;
}

void files_lose(const struct volume *volume)
{
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        files[i].lost = files[i].lost || files[i].volume == volume;
    }
}

/* Has a name of this volume. */
static bool is_named_in(const struct storage_file *file, const struct volume *volume)
{
    return file->open && !file->lost && !file->nameless && file->volume == volume;
}

bool files_open_below(const struct path *path)
{
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        if (is_named_in(&files[i], path->volume) &&
            path_is_below(path->volume, files[i].key, path->key)) {
            return true;
        }
    }
    return false;
}

bool file_is_locked(const struct path *path, bool for_writing)
{
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        if (is_named_in(&files[i], path->volume) && (for_writing || files[i].writes) &&
            path_is_same(path->volume, files[i].key, path->key)) {
            return true;
        }
    }
    return false;
}

bool file_is_open(const struct storage_file *file)
{
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        if (file == &files[i]) {
            return file->open;
        }
    }
    return false;
}

struct storage_file *file_find_free(const struct volume *volume)
{
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        if (!files[i].open) {
            memset(&files[i], 0, offsetof(struct storage_file, file));
            files[i].volume = volume;
            files[i].file.slot = i;
            return &files[i];
        }
    }
    return NULL;
}

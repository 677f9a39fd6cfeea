/* The list of open files: one for all users and volumes. files.c works on it. */
#ifndef STORAGE_OPEN_FILES_H
#define STORAGE_OPEN_FILES_H

#include "storage/internal.h"

struct storage_file {
    bool open;
    bool lost; /* its volume has gone */
    bool reads, writes, appends, replaces;
    bool nameless;
    int failed; /* the first error of a write, sync or truncate: from then on nothing of the file is
                   committed */
    const struct volume *volume;
    char key[STORAGE_PATH_MAX]; /* struct path */
    struct volume_file file;
};

/* Many may read a file, one may write it, and then nobody else has it open. */
bool file_is_locked(const struct path *path, bool for_writing);

/* Good for any pointer. */
bool file_is_open(const struct storage_file *file);

/* A free handle, blank but for the memory of its volume; NULL: none. */
struct storage_file *file_find_free(const struct volume *volume);

#endif

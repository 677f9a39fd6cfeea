/* An open file and an open directory of /flash. */
#ifndef STORAGE_FLASH_FILES_H
#define STORAGE_FLASH_FILES_H

#include "storage/flash_volume.h"

struct flash_file {
    bool aside;   /* it lies among the uploads */
    bool changed; /* since the last sync: the next one gives it a new mtime */
    uint8_t mtime[4];
    struct lfs2_attr attributes[1];
    struct lfs2_file_config config;
    lfs2_file_t lfs;
    uint8_t cache[FLASH_VOLUME_CACHE];
};

struct flash_dir {
    lfs2_dir_t lfs;
};

/* Make a file of this contents. enum lfs2_error. */
int flash_files_put(struct flash_file *file, const char *inner, const void *data, uint32_t size);
/* The folder exists afterwards. enum lfs2_error. */
int flash_files_make_folder(const char *inner);

#endif

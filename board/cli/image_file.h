/* A firmware image in a file, as the verbs of the command line take it. */
#ifndef BOARD_CLI_IMAGE_FILE_H
#define BOARD_CLI_IMAGE_FILE_H

#include <stdint.h>

#include "image/image.h"

struct image_file {
    int fd;
    uint32_t size; /* bytes; more than UINT32_MAX count as that */
};

/* Open it for reading: an image is a regular file. 0, or -1 and errno. */
int image_file_open(struct image_file *file, const char *path);
void image_file_close(struct image_file *file);

/* Check all of it with image_check(). */
int image_file_check(struct image_file *file, uint32_t target, struct image_header *header);

/* Read exactly `size` bytes at `offset`. 0 or negative. */
int image_file_read(void *file, uint32_t offset, void *data, uint32_t size);

#endif

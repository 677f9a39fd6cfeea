#include "board/cli/image_pack.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/flash_map.h"
#include "mbedtls/md5.h"
#include "mbedtls/sha256.h"

#define PAYLOAD_MAX (FLASH_SLOT_SIZE - IMAGE_HEADER_SIZE - IMAGE_MD5_SIZE)

/* Read all of the file into image->payload. Returns its size, or an error. */
static int64_t read_payload(const char *path, uint8_t *payload)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return IMAGE_PACK_SYSTEM;
    }
    size_t size = fread(payload, 1, PAYLOAD_MAX + 1, file);
    int64_t result = (int64_t)size;
    if (ferror(file)) {
        result = IMAGE_PACK_SYSTEM;
    } else if (size == 0 || size > PAYLOAD_MAX) {
        result = IMAGE_PACK_SIZE;
    }
    int error = errno;
    fclose(file);
    errno = error;
    return result;
}

static int write_file(const char *path, const uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file) {
        return IMAGE_PACK_SYSTEM;
    }
    bool written = fwrite(data, 1, size, file) == size;
    written = fclose(file) == 0 && written;
    return written ? IMAGE_PACK_OK : IMAGE_PACK_SYSTEM;
}

/* A file is replaced whole or not at all; what is no file, such as a pipe, is written to. */
static int write_whole(const char *path, const uint8_t *data, size_t size)
{
    char target[PATH_MAX], aside[PATH_MAX];
    struct stat there;
    bool exists = stat(path, &there) == 0;
    if (exists && !S_ISREG(there.st_mode)) {
        return write_file(path, data, size);
    }
    /* Through symbolic links: the file that they lead to is replaced, not they. */
    const char *real = exists && realpath(path, target) != NULL ? target : path;
    if (snprintf(aside, sizeof aside, "%s.new", real) >= (int)sizeof aside) {
        errno = ENAMETOOLONG;
        return IMAGE_PACK_SYSTEM;
    }
    if (write_file(aside, data, size) < 0 || rename(aside, real) < 0) {
        int error = errno;
        unlink(aside);
        errno = error;
        return IMAGE_PACK_SYSTEM;
    }
    return IMAGE_PACK_OK;
}

static bool same_file(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* Fill in header and MD5 around the payload, which lies in its place already. Returns the size of
 * the image. */
static size_t frame_payload(uint8_t *image, size_t payload_size, enum image_target target,
                            const char *version)
{
    struct image_header header = {
        .magic = IMAGE_MAGIC,
        .header_version = IMAGE_HEADER_VERSION,
        .target = target,
        .payload_size = (uint32_t)payload_size,
    };
    snprintf(header.version, sizeof header.version, "%s", version);
    mbedtls_sha256(image + IMAGE_HEADER_SIZE, payload_size, header.payload_sha256, 0);
    memcpy(image, &header, sizeof header);

    size_t size = IMAGE_HEADER_SIZE + payload_size;
    uint8_t md5[IMAGE_MD5_SIZE / 2];
    char hex[IMAGE_MD5_SIZE + 1];
    mbedtls_md5(image, size, md5);
    for (size_t i = 0; i < sizeof md5; i++) {
        snprintf(hex + 2 * i, 3, "%02x", md5[i]);
    }
    memcpy(image + size, hex, IMAGE_MD5_SIZE);
    return size + IMAGE_MD5_SIZE;
}

int image_pack(const char *payload_path, const char *image_path, enum image_target target,
               const char *version)
{
    if (!image_version_ok(version)) {
        return IMAGE_PACK_VERSION;
    }
    if (same_file(payload_path, image_path)) {
        return IMAGE_PACK_SAME;
    }
    uint8_t *image = malloc(FLASH_SLOT_SIZE + 1);
    if (!image) {
        return IMAGE_PACK_SYSTEM;
    }
    int64_t payload_size = read_payload(payload_path, image + IMAGE_HEADER_SIZE);
    int result = (int)payload_size;
    if (payload_size > 0) {
        result = write_whole(image_path, image,
                             frame_payload(image, (size_t)payload_size, target, version));
    }
    free(image);
    return result;
}

#include "board/cli/image_pack.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/flash_map.h"
#include "mbedtls/md5.h"
#include "mbedtls/sha256.h"

#define PAYLOAD_MAX (FLASH_SLOT_SIZE - IMAGE_HEADER_SIZE - IMAGE_MD5_SIZE)

static bool version_ok(const char *version)
{
    size_t length = strlen(version);
    if (length == 0 || length >= sizeof((struct image_header *)0)->version) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (version[i] <= ' ' || version[i] > '~') {
            return false;
        }
    }
    return true;
}

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

static int write_whole(const char *path, const uint8_t *data, size_t size)
{
    char aside[PATH_MAX];
    if (snprintf(aside, sizeof aside, "%s.new", path) >= (int)sizeof aside) {
        errno = ENAMETOOLONG;
        return IMAGE_PACK_SYSTEM;
    }
    FILE *file = fopen(aside, "wb");
    if (!file) {
        return IMAGE_PACK_SYSTEM;
    }
    bool written = fwrite(data, 1, size, file) == size;
    written = fclose(file) == 0 && written;
    if (!written || rename(aside, path) < 0) {
        int error = errno;
        unlink(aside);
        errno = error;
        return IMAGE_PACK_SYSTEM;
    }
    return IMAGE_PACK_OK;
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
    if (!version_ok(version)) {
        return IMAGE_PACK_VERSION;
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

#include "image/image.h"

#include <string.h>

#include "hal/flash.h"
#include "mbedtls/md5.h"
#include "mbedtls/sha256.h"

#define CHUNK 2048u

int image_check_header(const struct image_header *header, uint32_t target, uint32_t space)
{
    if (memcmp(header->magic, IMAGE_MAGIC, sizeof header->magic) != 0 ||
        header->header_version != IMAGE_HEADER_VERSION ||
        !memchr(header->version, 0, sizeof header->version)) {
        return IMAGE_NOT_AN_IMAGE;
    }
    if (header->target != target) {
        return IMAGE_WRONG_TARGET;
    }
    const uint32_t frame = IMAGE_HEADER_SIZE + IMAGE_MD5_SIZE;
    if (header->payload_size == 0 || space < frame || header->payload_size > space - frame) {
        return IMAGE_BAD_SIZE;
    }
    return IMAGE_OK;
}

static void to_hex(char *hex, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
}

/* Both digests in one pass over the flash: reading is what takes the time on a real chip. */
static int check_digests(uint32_t address, const struct image_header *header)
{
    mbedtls_md5_context md5;
    mbedtls_sha256_context sha256;
    mbedtls_md5_init(&md5);
    mbedtls_sha256_init(&sha256);
    mbedtls_md5_starts(&md5);
    mbedtls_sha256_starts(&sha256, 0);
    mbedtls_md5_update(&md5, (const uint8_t *)header, sizeof *header);

    uint32_t next = address + IMAGE_HEADER_SIZE;
    uint32_t end = next + header->payload_size;
    uint8_t chunk[CHUNK];
    while (next < end) {
        uint32_t size = end - next < CHUNK ? end - next : CHUNK;
        if (hal_flash_read(next, chunk, size) < 0) {
            return IMAGE_UNREADABLE;
        }
        mbedtls_md5_update(&md5, chunk, size);
        mbedtls_sha256_update(&sha256, chunk, size);
        next += size;
    }

    uint8_t digest[32];
    char expected[IMAGE_MD5_SIZE], found[IMAGE_MD5_SIZE];
    mbedtls_md5_finish(&md5, digest);
    to_hex(expected, digest, IMAGE_MD5_SIZE / 2);
    if (hal_flash_read(end, found, sizeof found) < 0) {
        return IMAGE_UNREADABLE;
    }
    mbedtls_sha256_finish(&sha256, digest);
    if (memcmp(expected, found, sizeof found) != 0) {
        return IMAGE_BAD_MD5;
    }
    return memcmp(digest, header->payload_sha256, sizeof digest) == 0 ? IMAGE_OK : IMAGE_BAD_SHA256;
}

int image_check_flash(uint32_t address, uint32_t space, uint32_t target,
                      struct image_header *header)
{
    if (space < IMAGE_HEADER_SIZE) {
        return IMAGE_BAD_SIZE;
    }
    if (hal_flash_read(address, header, sizeof *header) < 0) {
        return IMAGE_UNREADABLE;
    }
    int error = image_check_header(header, target, space);
    return error < 0 ? error : check_digests(address, header);
}

const char *image_error_text(int error)
{
    switch (error) {
    case IMAGE_OK:
        return "valid image";
    case IMAGE_NOT_AN_IMAGE:
        return "not a firmware image";
    case IMAGE_WRONG_TARGET:
        return "image for another target";
    case IMAGE_BAD_SIZE:
        return "image truncated, empty or too large";
    case IMAGE_BAD_MD5:
        return "MD5 mismatch";
    case IMAGE_BAD_SHA256:
        return "SHA-256 mismatch";
    case IMAGE_UNREADABLE:
        return "flash cannot be read";
    default:
        return "unknown error";
    }
}

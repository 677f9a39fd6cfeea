#include "image/image.h"

#include <stdbool.h>
#include <string.h>

#include "hal/flash.h"
#include "lib/flash_map.h"
#include "mbedtls/md5.h"
#include "mbedtls/sha256.h"

#define CHUNK 2048u

static bool known_target(uint32_t target)
{
    return target == IMAGE_TARGET_VIRTUAL || target == IMAGE_TARGET_MPS2;
}

uint32_t image_size(const struct image_header *header)
{
    return IMAGE_HEADER_SIZE + header->payload_size + IMAGE_MD5_SIZE;
}

int image_check_header(const struct image_header *header, uint32_t target, uint32_t space)
{
    if (memcmp(header->magic, IMAGE_MAGIC, sizeof header->magic) != 0 ||
        header->header_version != IMAGE_HEADER_VERSION || !image_version_ok(header->version)) {
        return IMAGE_NOT_AN_IMAGE;
    }
    if (target == 0 ? !known_target(header->target) : header->target != target) {
        return IMAGE_WRONG_TARGET;
    }
    const uint32_t frame = IMAGE_HEADER_SIZE + IMAGE_MD5_SIZE;
    if (header->payload_size == 0 || space < frame || header->payload_size > space - frame) {
        return IMAGE_TOO_LARGE;
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

/* Both digests in one pass: reading is what takes the time on a real chip. */
static int check_digests(const struct image_source *source, const struct image_header *header)
{
    mbedtls_md5_context md5;
    mbedtls_sha256_context sha256;
    mbedtls_md5_init(&md5);
    mbedtls_sha256_init(&sha256);
    mbedtls_md5_starts(&md5);
    mbedtls_sha256_starts(&sha256, 0);
    mbedtls_md5_update(&md5, (const uint8_t *)header, sizeof *header);

    uint32_t next = IMAGE_HEADER_SIZE;
    uint32_t end = next + header->payload_size;
    uint8_t chunk[CHUNK];
    while (next < end) {
        uint32_t size = end - next < CHUNK ? end - next : CHUNK;
        if (source->read(source->context, next, chunk, size) < 0) {
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
    if (source->read(source->context, end, found, sizeof found) < 0) {
        return IMAGE_UNREADABLE;
    }
    mbedtls_sha256_finish(&sha256, digest);
    if (memcmp(expected, found, sizeof found) != 0) {
        return IMAGE_BAD_MD5;
    }
    return memcmp(digest, header->payload_sha256, sizeof digest) == 0 ? IMAGE_OK : IMAGE_BAD_SHA256;
}

/* An end that comes before the header is complete: of an image, or of something else. */
static int check_beginning(const struct image_header *header, uint32_t size)
{
    uint32_t seen = size < sizeof header->magic ? size : (uint32_t)sizeof header->magic;
    bool begins = seen > 0 && memcmp(header->magic, IMAGE_MAGIC, seen) == 0;
    return begins ? IMAGE_TRUNCATED : IMAGE_NOT_AN_IMAGE;
}

int image_check(const struct image_source *source, uint32_t size, uint32_t target,
                struct image_header *header)
{
    memset(header, 0, sizeof *header);
    uint32_t first = size < IMAGE_HEADER_SIZE ? size : IMAGE_HEADER_SIZE;
    if (source->read(source->context, 0, header, first) < 0) {
        return IMAGE_UNREADABLE;
    }
    if (size < IMAGE_HEADER_SIZE) {
        return check_beginning(header, size);
    }
    int error = image_check_header(header, target, FLASH_SLOT_SIZE);
    if (error < 0) {
        return error;
    }
    if (size != image_size(header)) {
        return size < image_size(header) ? IMAGE_TRUNCATED : IMAGE_EXCESS;
    }
    return check_digests(source, header);
}

static int read_flash(void *context, uint32_t offset, void *data, uint32_t size)
{
    const uint32_t *address = context;
    return hal_flash_read(*address + offset, data, size);
}

int image_check_flash(uint32_t address, uint32_t space, uint32_t target,
                      struct image_header *header)
{
    struct image_source source = {read_flash, &address};
    if (source.read(source.context, 0, header, sizeof *header) < 0) {
        return IMAGE_UNREADABLE;
    }
    int error = image_check_header(header, target, space);
    return error < 0 ? error : check_digests(&source, header);
}

const char *image_target_name(uint32_t target)
{
    switch (target) {
    case IMAGE_TARGET_VIRTUAL:
        return "virtual";
    case IMAGE_TARGET_MPS2:
        return "mps2";
    default:
        return "unknown";
    }
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
    case IMAGE_TOO_LARGE:
        return "image empty or too large";
    case IMAGE_BAD_MD5:
        return "MD5 mismatch";
    case IMAGE_BAD_SHA256:
        return "SHA-256 mismatch";
    case IMAGE_UNREADABLE:
        return "image cannot be read";
    case IMAGE_TRUNCATED:
        return "image truncated";
    case IMAGE_EXCESS:
        return "something follows the image";
    default:
        return "unknown error";
    }
}

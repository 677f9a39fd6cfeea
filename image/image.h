/* The firmware image, `mcuimg.bin` (docs/spec.md, "Image"): a header, the payload, and 32 lowercase hex digits, the MD5 of all
 * that precedes them. */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAGIC          "WIPYIMG1"
#define IMAGE_HEADER_VERSION 1u
#define IMAGE_HEADER_SIZE    256u
#define IMAGE_MD5_SIZE       32u

enum image_target { IMAGE_TARGET_VIRTUAL = 1, IMAGE_TARGET_MPS2 = 2 };

/* As it stands at the start of the image; integers little-endian; reserved bytes are 0. */
struct image_header {
    char magic[8];
    uint32_t header_version;
    uint32_t target; /* enum image_target */
    char version[32]; /* of the firmware, NUL-padded, e.g. "1.0.0"; see image_version_ok() */
    uint32_t payload_size; /* bytes; the payload begins at IMAGE_HEADER_SIZE */
    uint8_t payload_sha256[32];
    uint8_t reserved[IMAGE_HEADER_SIZE - 84];
};
_Static_assert(sizeof(struct image_header) == IMAGE_HEADER_SIZE, "the header is what docs/spec.md says");

enum image_error {
    IMAGE_OK = 0,
    IMAGE_NOT_AN_IMAGE = -1,
    IMAGE_WRONG_TARGET = -2,
    IMAGE_TOO_LARGE = -3, /* the payload is larger than the place for it, or empty */
    IMAGE_BAD_MD5 = -4,
    IMAGE_BAD_SHA256 = -5,
    IMAGE_UNREADABLE = -6, /* the source fails */
    IMAGE_TRUNCATED = -7,  /* it ends before its header says */
    IMAGE_EXCESS = -8,     /* something follows it */
};

/* Where an image is read from. */
struct image_source {
    /* Read exactly `size` bytes at `offset` from the start of the image. 0 or negative. */
    int (*read)(void *context, uint32_t offset, void *data, uint32_t size);
    void *context;
};

/* Bytes of the whole image, by a header that was checked. */
uint32_t image_size(const struct image_header *header);

/* Is this a version: 1 to 31 printable ASCII characters without spaces, and NUL? At most 32 bytes are read. It goes into replies, banners and lists as it is. */
static inline bool image_version_ok(const char *version)
{
    const size_t size = sizeof((struct image_header *)0)->version;
    size_t length = 0;
    while (length < size && version[length] > ' ' && version[length] <= '~') {
        length++;
    }
    return length > 0 && length < size && version[length] == '\0';
}

/* Check a header on its own: magic, header version, target, size against `space` (bytes for header, payload and MD5). */
int image_check_header(const struct image_header *header, uint32_t target, uint32_t space);

/* Check a whole image of `size` bytes (a file); fills *header. target 0: any that is known. */
int image_check(const struct image_source *source, uint32_t size, uint32_t target, struct image_header *header);

/* Check the image in one of the places of the flash, where something may follow it; fills *header. */
int image_check_flash(uint32_t address, uint32_t space, uint32_t target, struct image_header *header);

/* "virtual", "mps2", "unknown". */
const char *image_target_name(uint32_t target);

/* A short English phrase for an error. */
const char *image_error_text(int error);

#endif

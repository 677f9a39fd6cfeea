/* The firmware image, `mcuimg.bin` (docs/spec.md, "Image"): a header, the payload, and 32 lowercase hex digits, the MD5 of all
 * that precedes them. */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

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
    char version[32];/* of the firmware, NUL-padded, e.g. "1.0.0" */
    uint32_t payload_size; /* bytes; the payload begins at IMAGE_HEADER_SIZE */
    uint8_t payload_sha256[32];
    uint8_t reserved[IMAGE_HEADER_SIZE - 84];
};
_Static_assert(sizeof(struct image_header) == IMAGE_HEADER_SIZE, "the header is what docs/spec.md says");

enum image_error {
    IMAGE_OK = 0,
    IMAGE_NOT_AN_IMAGE = -1,
    IMAGE_WRONG_TARGET = -2,
    IMAGE_BAD_SIZE = -3, /* payload 0 or larger than the place for it */
    IMAGE_BAD_MD5 = -4,
    IMAGE_BAD_SHA256 = -5,
    IMAGE_UNREADABLE = -6, /* the flash fails, or the place lies outside of it */
};

/* Check a header on its own: magic, header version, target, size against `space` (bytes for header, payload and MD5). */
int image_check_header(const struct image_header *header, uint32_t target, uint32_t space);

/* Check the whole image that lies at `address` in flash, where `space` bytes are reserved for it; fills *header. */
int image_check_flash(uint32_t address, uint32_t space, uint32_t target, struct image_header *header);

/* A short English phrase for an error. */
const char *image_error_text(int error);

#endif

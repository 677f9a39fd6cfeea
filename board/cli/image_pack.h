/* Making firmware images (image/image.h). */
#ifndef BOARD_CLI_IMAGE_PACK_H
#define BOARD_CLI_IMAGE_PACK_H

#include <stdint.h>

#include "image/image.h"

enum image_pack_error {
    IMAGE_PACK_OK = 0,
    IMAGE_PACK_SYSTEM = -1,  /* errno says what */
    IMAGE_PACK_SIZE = -2,    /* the payload is empty or does not fit into a slot */
    IMAGE_PACK_VERSION = -3, /* empty, too long for the header, or not printable ASCII */
    IMAGE_PACK_SAME = -4,    /* payload and image are the same file */
};

/* Pack the file `payload_path` (for IMAGE_TARGET_VIRTUAL an executable) as the image `image_path`,
 * which is replaced whole or not at all; what is no file, such as a pipe, is written to. */
int image_pack(const char *payload_path, const char *image_path, enum image_target target,
               const char *version);

#endif

/* image_pack PAYLOAD IMAGE VERSION: what the build uses to make mcuimg.bin. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "board/cli/image_pack.h"

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: image_pack PAYLOAD IMAGE VERSION\n");
        return 2;
    }
    int error = image_pack(argv[1], argv[2], IMAGE_TARGET_VIRTUAL, argv[3]);
    if (error < 0) {
        fprintf(stderr, "image_pack: %s: %s\n", argv[1],
                error == IMAGE_PACK_SYSTEM ? strerror(errno)
                : error == IMAGE_PACK_SIZE ? "empty, or too large for a slot"
                                           : "bad version");
        return 1;
    }
    return 0;
}

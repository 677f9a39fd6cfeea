/* `wipy image`: make and check firmware images. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "board/cli/image_file.h"
#include "board/cli/image_pack.h"
#include "board/cli/verbs.h"
#include "board/text.h"

static int failed(const char *path, const char *words)
{
    return verb_fail(&verb_image, "%s: %s", path, words);
}

/* ---- pack */

static int pack(const char *payload, const char *image, const char *version,
                enum image_target target)
{
    switch (image_pack(payload, image, target, version)) {
    case IMAGE_PACK_OK:
        return VERB_DONE;
    case IMAGE_PACK_SIZE:
        return failed(payload, "empty, or too large for a place in the flash");
    case IMAGE_PACK_VERSION:
        return verb_usage(&verb_image,
                          "--version: must be 1 to 31 printable characters without spaces");
    case IMAGE_PACK_SAME:
        return failed(image, "this is the payload itself; name another file for the image");
    default:
        return verb_fail(&verb_image, "%s as %s: %s", payload, image, strerror(errno));
    }
}

static int pack_arguments(int argc, char **argv)
{
    enum { OPTION_VERSION = 256, OPTION_TARGET };
    static const struct option options[] = {
        {"version", required_argument, NULL, OPTION_VERSION},
        {"target", required_argument, NULL, OPTION_TARGET},
        {0},
    };
    const char *version = NULL;
    enum image_target target = IMAGE_TARGET_VIRTUAL;
    int option;
    while ((option = verb_option(&verb_image, argc, argv, options)) != -1) {
        if (option == OPTION_VERSION) {
            version = optarg;
        } else if (option == '?') {
            return VERB_USAGE;
        } else if (strcmp(optarg, image_target_name(IMAGE_TARGET_MPS2)) == 0) {
            target = IMAGE_TARGET_MPS2;
        } else if (strcmp(optarg, image_target_name(IMAGE_TARGET_VIRTUAL)) != 0) {
            return verb_usage(&verb_image, "--target %s: must be virtual or mps2", optarg);
        }
    }
    if (argc - optind != 2) {
        return verb_usage(&verb_image, "pack: say which payload to pack, and the image to make");
    }
    if (version == NULL) {
        return verb_usage(&verb_image, "pack: --version is missing");
    }
    return pack(argv[optind], argv[optind + 1], version, target);
}

/* ---- info, verify */

static void print_hex(const char *name, const uint8_t *bytes, size_t size)
{
    printf("%-8s ", name);
    for (size_t i = 0; i < size; i++) {
        printf("%02x", bytes[i]);
    }
    putchar('\n');
}

/* The digits at its end; nothing, when its end is not where its header says, or is something else.
 */
static void print_md5(struct image_file *file, const struct image_header *header)
{
    const uint32_t frame = IMAGE_HEADER_SIZE + IMAGE_MD5_SIZE;
    char md5[IMAGE_MD5_SIZE + 1] = "";
    /* Of an image for another target the size has not been checked. */
    if (file->size >= frame && header->payload_size <= file->size - frame &&
        image_file_read(file, image_size(header) - IMAGE_MD5_SIZE, md5, IMAGE_MD5_SIZE) == 0 &&
        strspn(md5, "0123456789abcdef") == IMAGE_MD5_SIZE) {
        printf("md5      %s\n", md5);
    }
}

static void print_info(struct image_file *file, const struct image_header *header, int result)
{
    char version[sizeof header->version + 1];
    text_clean(version, sizeof version, header->version, sizeof header->version);
    printf("version  %s\n", version);
    printf("target   %s\n", image_target_name(header->target));
    printf("payload  %u bytes\n", (unsigned)header->payload_size);
    print_hex("sha256", header->payload_sha256, sizeof header->payload_sha256);
    print_md5(file, header);
    printf("image    %s\n", image_error_text(result));
}

static int info(struct image_file *file, const char *path)
{
    struct image_header header;
    int result = image_file_check(file, 0, &header);
    if (result == IMAGE_NOT_AN_IMAGE || result == IMAGE_UNREADABLE) {
        return failed(path, image_error_text(result));
    }
    print_info(file, &header, result);
    return VERB_DONE;
}

static int verify(struct image_file *file, const char *path)
{
    struct image_header header;
    int result = image_file_check(file, 0, &header);
    if (result != IMAGE_OK) {
        return failed(path, image_error_text(result));
    }
    char version[sizeof header.version + 1];
    text_clean(version, sizeof version, header.version, sizeof header.version);
    printf("valid: firmware %s for %s, %u bytes\n", version, image_target_name(header.target),
           (unsigned)file->size);
    return VERB_DONE;
}

/* ---- the command line */

static int run(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) {
        fputs(verb_image.help, stdout);
        return VERB_DONE;
    }
    if (strcmp(what, "pack") == 0) {
        return pack_arguments(argc - 1, argv + 1);
    }
    if (strcmp(what, "info") != 0 && strcmp(what, "verify") != 0) {
        return argc > 1
                   ? verb_usage(&verb_image, "there is no \"%s\": it is pack, info or verify", what)
                   : verb_usage(&verb_image, "say what to do: pack, info or verify");
    }
    if (argc != 3) {
        return verb_usage(&verb_image, "%s: say which image, one at a time", what);
    }
    struct image_file file;
    if (image_file_open(&file, argv[2]) < 0) {
        return failed(argv[2], strerror(errno));
    }
    int status = strcmp(what, "info") == 0 ? info(&file, argv[2]) : verify(&file, argv[2]);
    image_file_close(&file);
    return status;
}

const struct verb verb_image = {
    .name = "image",
    .summary = "make and check firmware images",
    .run = run,
    .help =
        "wipy image pack PAYLOAD IMAGE --version VERSION [--target virtual|mps2]\n"
        "                            make a firmware image: for the virtual board (the default) "
        "of a static\n"
        "                            executable\n"
        "wipy image info FILE        what an image says about itself, and whether that is "
        "true\n"
        "wipy image verify FILE      check it as the board does; exit status 0: it is valid\n"
        "\n"
        "An image is what is uploaded to /flash/sys/mcuimg.bin, or given to `wipy run "
        "--firmware`. Its\n"
        "format is in docs/spec.md, \"Image\".\n",
};

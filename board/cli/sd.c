/* `wipy sd`: makes SD cards (board/sd_slot.h). */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board/cli/sd_hal.h"
#include "board/cli/verbs.h"
#include "storage/storage.h"

#define BLOCKS_MAX UINT32_MAX

static const char *const type_names[] = {
    [STORAGE_FAT_BY_SIZE] = "a file system",
    [STORAGE_FAT16] = "FAT16",
    [STORAGE_FAT32] = "FAT32",
    [STORAGE_EXFAT] = "exFAT",
};

/* "64M" as bytes; 0: it makes no sense. */
static uint64_t parse_size(const char *text)
{
    static const char units[] = "KMG";
    char *end;
    errno = 0;
    unsigned long long number = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    const char *unit = number > 0 && errno == 0 && *end != '\0' ? strchr(units, *end) : NULL;
    if (unit == NULL || end[1] != '\0') {
        return 0;
    }
    unsigned shift = 10 * (unsigned)(unit - units + 1);
    return number <= UINT64_MAX >> shift ? (uint64_t)number << shift : 0;
}

/* Make the file, which must not be there yet: a hole of that size. */
static int make_file(const char *file, uint64_t size)
{
    int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST) {
        return verb_fail(&verb_sd, "%s is there already, and left as it is", file);
    }
    if (fd < 0) {
        return verb_fail(&verb_sd, "%s: %s", file, strerror(errno));
    }
    int status = VERB_DONE;
    if (ftruncate(fd, (off_t)size) < 0) {
        status = verb_fail(&verb_sd, "%s cannot have that size: %s", file, strerror(errno));
        unlink(file);
    }
    close(fd);
    return status;
}

static void note(void *context, const char *line)
{
    snprintf(context, SD_SLOT_ERROR_MAX, "%s", line);
}

static int format(const char *file, const char *size, enum storage_fat type)
{
    static struct sd_slot slot;
    char error[SD_SLOT_ERROR_MAX] = "";
    slot.report = note;
    slot.context = error;
    if (sd_slot_insert(&slot, file, false, error) < 0) {
        return verb_fail(&verb_sd, "%s", error);
    }
    sd_hal_init(&slot);
    int result = storage_card_format(type, NULL);
    sd_slot_eject(&slot);
    if (result == STORAGE_INVALID) {
        return verb_fail(&verb_sd, "a card of %s cannot have %s", size, type_names[type]);
    }
    if (result != STORAGE_OK) {
        return verb_fail(&verb_sd, "%s: %s", file,
                         error[0] != '\0' ? error : storage_error_text(result));
    }
    return VERB_DONE;
}

static int create(const char *file, const char *size_text, enum storage_fat type)
{
    uint64_t size = parse_size(size_text);
    if (size == 0) {
        return verb_usage(&verb_sd,
                          "SIZE must be a whole number with K, M or G behind it, as in 64M or "
                          "32G, not %s",
                          size_text);
    }
    if (size / SD_SLOT_BLOCK > BLOCKS_MAX) {
        return verb_usage(&verb_sd, "%s is too large: a card has less than 2048G", size_text);
    }
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is an error of ftruncate() */
    int status = make_file(file, size);
    if (status != VERB_DONE) {
        return status;
    }
    status = format(file, size_text, type);
    if (status != VERB_DONE) {
        unlink(file);
    }
    return status;
}

static int sd(int argc, char **argv)
{
    enum { OPTION_TYPE = 256, OPTION_HELP = OPTION_TYPE + STORAGE_EXFAT + 1 };
    static const struct option options[] = {
        {"fat16", no_argument, NULL, OPTION_TYPE + STORAGE_FAT16},
        {"fat32", no_argument, NULL, OPTION_TYPE + STORAGE_FAT32},
        {"exfat", no_argument, NULL, OPTION_TYPE + STORAGE_EXFAT},
        {"help", no_argument, NULL, OPTION_HELP},
        {0},
    };
    int type = STORAGE_FAT_BY_SIZE;
    int option;
    while ((option = verb_option(&verb_sd, argc, argv, options)) != -1) {
        if (option == OPTION_HELP) {
            fputs(verb_sd.help, stdout);
            return VERB_DONE;
        }
        if (option == '?') {
            return VERB_USAGE;
        }
        if (type != STORAGE_FAT_BY_SIZE && type != option - OPTION_TYPE) {
            return verb_usage(&verb_sd, "a card has one file system: %s or %s", type_names[type],
                              type_names[option - OPTION_TYPE]);
        }
        type = option - OPTION_TYPE;
    }
    int words = argc - optind;
    char **word = argv + optind;
    if (words > 0 && strcmp(word[0], "create") != 0) {
        return verb_usage(&verb_sd, "there is no \"%s\": it is create", word[0]);
    }
    if (words < 3) {
        return verb_usage(&verb_sd, "say create, the FILE, and its SIZE");
    }
    if (words > 3) {
        return verb_usage(&verb_sd, "create: what is meant by %s?", word[3]);
    }
    return create(word[1], word[2], (enum storage_fat)type);
}

const struct verb verb_sd = {
    .name = "sd",
    .summary = "make SD cards",
    .run = sd,
    .help =
        "wipy sd create FILE SIZE [--fat16 | --fat32 | --exfat]\n"
        "\n"
        "Make an SD card: a file FILE of SIZE (as in 64M or 32G; K, M, G: 1024, 1024^2, 1024^3 "
        "bytes) with an\n"
        "empty file system. Without an option it has what cards of that size have: FAT up to 2G, "
        "FAT32 up to\n"
        "32G, exFAT above. The file is sparse: it takes little of the disk until it is filled. A "
        "file that is\n"
        "there already is left as it is.\n"
        "\n"
        "`wipy run --sd FILE` starts a board with the card in its slot, `wipy ctl DIR sd insert "
        "FILE` and\n"
        "`sd eject` exchange it. A card that is in no slot is for the tools of a PC, such as "
        "mtools:\n"
        "`mdir -i FILE@@4M` finds the file system behind the partition table (FILE@@32K if the "
        "card has less\n"
        "than 64M). Cards that they have made are as good, with a partition table or without.\n",
};

/* `wipy flash`: look into the flash of a board that is off, and change its files. */
#include "board/board_dir.h"
#include "board/cli/flash_hal.h"
#include "board/cli/verbs.h"
#include "hal/result.h"
#include "lib/flash_map.h"
#include "storage/storage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024.0 * 1024.0)

static int open_chip(struct flash_chip *chip, const char *dir)
{
    char path[4096];
    struct stat stat_of;
    if (snprintf(path, sizeof path, "%s/" BOARD_DIR_FLASH, dir) >= (int)sizeof path)
        return verb_fail(&verb_flash, "%s: %s", dir, strerror(ENAMETOOLONG));
    if (stat(path, &stat_of) != 0 && errno == ENOENT)
        return verb_fail(&verb_flash, "%s is not the folder of a board: it has no " BOARD_DIR_FLASH,
                         dir);
    switch (flash_chip_open(chip, path, false)) {
    case FLASH_CHIP_OK:
        return VERB_DONE;
    case FLASH_CHIP_IN_USE:
        return verb_fail(&verb_flash, "the board in %s is running: use FTP, or stop it first", dir);
    case FLASH_CHIP_WRONG_SIZE:
        return verb_fail(&verb_flash, "%s is no flash chip: it has the wrong size", path);
    default:
        return verb_fail(&verb_flash, "%s: %s", path, strerror(errno));
    }
}

/* Make /flash usable. A reading verb leaves an erased chip to the board's first start; a writing
 * one makes the file system, as that would. */
static int mount_flash(struct flash_chip *chip, const char *dir, bool writes)
{
    if (flash_hal_init(chip, writes) != FLASH_CHIP_OK)
        return verb_fail(&verb_flash, "%s: %s", dir, strerror(errno));
    switch (storage_init()) {
    case STORAGE_FLASH_DAMAGED:
        return verb_fail(&verb_flash, "/flash of %s is damaged: it cannot be mounted", dir);
    case STORAGE_FLASH_FORMATTED:
        if (!writes)
            return verb_fail(&verb_flash,
                             "/flash of %s is erased: the first start of the board formats it",
                             dir);
        return VERB_DONE;
    default:
        return VERB_DONE;
    }
}

/* `path` as the board knows it: "main.py" is "/flash/main.py"; a '/' at the end is left out. */
static int board_path(char result[STORAGE_PATH_MAX], const char *path)
{
    int length = snprintf(result, STORAGE_PATH_MAX, "%s%s", path[0] == '/' ? "" : "/flash/", path);
    if (length >= STORAGE_PATH_MAX)
        return verb_fail(&verb_flash, "%s: %s", path, storage_error_text(STORAGE_NAME_TOO_LONG));
    while (length > 1 && result[length - 1] == '/')
        result[--length] = '\0';
    return VERB_DONE;
}

static int storage_failed(const char *path, int error)
{
    return verb_fail(&verb_flash, "%s: %s", path, storage_error_text(error));
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- info */

static const struct {
    const char *name;
    uint32_t address, size;
} partitions[] = {
    {"boot loader", FLASH_BOOTLOADER_ADDRESS, FLASH_BOOTLOADER_SIZE},
    {"factory image", FLASH_FACTORY_ADDRESS, FLASH_FACTORY_SIZE},
    {"update A", FLASH_SLOT_A_ADDRESS, FLASH_SLOT_SIZE},
    {"update B", FLASH_SLOT_B_ADDRESS, FLASH_SLOT_SIZE},
    {"update C", FLASH_SLOT_C_ADDRESS, FLASH_SLOT_SIZE},
    {"boot record", FLASH_BOOT_RECORD_ADDRESS, FLASH_BOOT_RECORD_SIZE},
    {"configuration", FLASH_CONFIG_ADDRESS, FLASH_CONFIG_SIZE},
    {"hidden store", FLASH_HIDDEN_ADDRESS, FLASH_HIDDEN_SIZE},
    {"/flash", FLASH_FS_ADDRESS, FLASH_FS_SIZE},
};

static bool sector_is_erased(const struct flash_chip *chip, uint32_t address)
{
    uint8_t sector[FLASH_SECTOR_SIZE];
    if (flash_chip_read(chip, address, sector, sizeof sector) != HAL_OK)
        return false;
    for (uint32_t i = 0; i < sizeof sector; i++)
        if (sector[i] != 0xFF)
            return false;
    return true;
}

static void print_partition(const struct flash_chip *chip, unsigned index)
{
    uint32_t address = partitions[index].address, size = partitions[index].size;
    uint32_t sectors = size / FLASH_SECTOR_SIZE, programmed = 0, lowest = UINT32_MAX, highest = 0;
    uint64_t sum = 0;
    for (uint32_t at = address; at < address + size; at += FLASH_SECTOR_SIZE) {
        uint32_t wear = flash_chip_wear(chip, at);
        lowest = wear < lowest ? wear : lowest;
        highest = wear > highest ? wear : highest;
        sum += wear;
        programmed += !sector_is_erased(chip, at);
    }
    printf("%-14s 0x%06x %6u KiB %9.0f %% %7u %8.1f %7u\n", partitions[index].name, address,
           size / 1024, 100.0 * programmed / sectors, lowest, (double)sum / sectors, highest);
}

static int info(const char *dir)
{
    struct flash_chip chip;
    int status = open_chip(&chip, dir);
    if (status != VERB_DONE)
        return status;
    printf("partition      address        size  programmed   erases of a sector\n"
           "%*slowest    mean highest\n",
           49, "");
    for (unsigned i = 0; i < sizeof partitions / sizeof partitions[0]; i++)
        print_partition(&chip, i);
    fflush(stdout);
    struct storage_volume volume;
    status = mount_flash(&chip, dir, false);
    if (status == VERB_DONE && storage_volume("/flash", &volume) == STORAGE_OK) {
        double block = volume.block_size / MIB;
        printf("/flash: littlefs, %.2f MiB, %.2f MiB in use, %.2f MiB free\n",
               volume.blocks * block, (volume.blocks - volume.free_blocks) * block,
               volume.free_blocks * block);
    }
    flash_chip_close(&chip);
    return status;
}

/* ---- ls */

static void print_entry(const struct storage_entry *entry)
{
    char when[32] = "-";
    time_t mtime = entry->stat.mtime;
    struct tm utc;
    if (mtime != 0 && gmtime_r(&mtime, &utc))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", &utc);
    printf("%s %10" PRIu64 "  %-16s  %s\n", entry->stat.is_dir ? "drwxrwxrwx" : "-rw-rw-rw-",
           entry->stat.size, when, entry->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct storage_entry *)a)->name, ((const struct storage_entry *)b)->name);
}

static int list_dir(const char *path)
{
    struct storage_dir *dir;
    struct storage_entry *entries = NULL;
    size_t count = 0, room = 0;
    int result = storage_opendir(&dir, path);
    if (result != STORAGE_OK)
        return storage_failed(path, result);
    do {
        if (count == room) {
            room = room ? 2 * room : 64;
            entries = realloc(entries, room * sizeof *entries);
            if (entries == NULL)
                return verb_fail(&verb_flash, "%s", strerror(ENOMEM));
        }
        result = storage_readdir(dir, &entries[count]);
        count += result > 0;
    } while (result > 0);
    storage_closedir(dir);
    qsort(entries, count, sizeof *entries, by_name);
    for (size_t i = 0; i < count; i++)
        print_entry(&entries[i]);
    free(entries);
    return result < 0 ? storage_failed(path, result) : VERB_DONE;
}

static int ls(const char *path)
{
    struct storage_entry entry;
    int result = storage_stat(path, &entry.stat);
    if (result != STORAGE_OK)
        return storage_failed(path, result);
    if (entry.stat.is_dir)
        return list_dir(path);
    snprintf(entry.name, sizeof entry.name, "%.*s", STORAGE_NAME_MAX, last_component(path));
    print_entry(&entry);
    return VERB_DONE;
}

/* ---- get, put, rm */

static int get(const char *path, const char *target)
{
    static uint8_t data[65536];
    struct storage_file *file;
    int32_t result = storage_open(&file, path, STORAGE_READ);
    if (result != STORAGE_OK)
        return storage_failed(path, result);
    bool to_stdout = strcmp(target, "-") == 0;
    FILE *out = to_stdout ? stdout : fopen(target, "wb");
    if (out == NULL) {
        storage_close(file);
        return verb_fail(&verb_flash, "%s: %s", target, strerror(errno));
    }
    bool written = true;
    while (written && (result = storage_read(file, data, sizeof data)) > 0)
        written = fwrite(data, 1, (size_t)result, out) == (size_t)result;
    written = (to_stdout ? fflush(out) : fclose(out)) == 0 && written;
    storage_close(file);
    if (result < 0)
        return storage_failed(path, result);
    return written ? VERB_DONE : verb_fail(&verb_flash, "%s: %s", target, strerror(errno));
}

static int copy_in(FILE *in, const char *source, const char *path)
{
    static uint8_t data[65536];
    struct storage_file *file;
    int32_t result = storage_open(&file, path, STORAGE_REPLACE);
    if (result != STORAGE_OK)
        return storage_failed(path, result);
    size_t size;
    while (result >= 0 && (size = fread(data, 1, sizeof data, in)) > 0)
        result = storage_write(file, data, (uint32_t)size);
    if (ferror(in)) {
        int error = errno;
        storage_abandon(file);
        return verb_fail(&verb_flash, "%s: %s", source, strerror(error));
    }
    if (result < 0)
        storage_abandon(file);
    else
        result = storage_close(file);
    return result < 0 ? storage_failed(path, result) : VERB_DONE;
}

static int put(const char *source, const char *path)
{
    char target[STORAGE_PATH_MAX];
    struct storage_stat stat_of;
    bool is_stdin = strcmp(source, "-") == 0;
    bool in_dir = storage_stat(path, &stat_of) == STORAGE_OK && stat_of.is_dir && !is_stdin;
    if (snprintf(target, sizeof target, "%s%s%s", path, in_dir ? "/" : "",
                 in_dir ? last_component(source) : "") >= (int)sizeof target)
        return storage_failed(path, STORAGE_NAME_TOO_LONG);
    FILE *in = is_stdin ? stdin : fopen(source, "rb");
    if (in == NULL)
        return verb_fail(&verb_flash, "%s: %s", source, strerror(errno));
    int status = copy_in(in, source, target);
    if (!is_stdin)
        fclose(in);
    return status;
}

static int rm(const char *path)
{
    int result = storage_remove(path);
    if (result == STORAGE_IS_DIR)
        result = storage_rmdir(path);
    return result < 0 ? storage_failed(path, result) : VERB_DONE;
}

/* ---- the command line */

static const struct command {
    const char *name;
    int least, most; /* arguments after DIR */
    bool writes;
} commands[] = {
    {"info", 0, 0, false}, {"ls", 0, 1, false}, {"get", 1, 2, false},
    {"put", 2, 2, true},   {"rm", 1, 1, true},
};

static const struct command *find_command(const char *name)
{
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* `arguments`: those after DIR, NULL behind the last. */
static int carry_out(const struct command *command, char **arguments)
{
    char path[STORAGE_PATH_MAX];
    bool is_put = strcmp(command->name, "put") == 0;
    const char *given = is_put ? arguments[1] : arguments[0];
    int status = board_path(path, given ? given : "/flash");
    if (status != VERB_DONE)
        return status;
    if (is_put)
        return put(arguments[0], path);
    if (strcmp(command->name, "get") == 0)
        return get(path, arguments[1] ? arguments[1] : last_component(path));
    return strcmp(command->name, "rm") == 0 ? rm(path) : ls(path);
}

static int run(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(verb_flash.help, stdout);
        return VERB_DONE;
    }
    const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
    if (command == NULL && argc > 1)
        return verb_usage(&verb_flash, "there is no \"%s\": it is info, ls, get, put or rm",
                          argv[1]);
    if (command == NULL)
        return verb_usage(&verb_flash, "say what to do: info, ls, get, put or rm");
    int arguments = argc - 3;
    if (arguments < command->least || arguments > command->most)
        return verb_usage(&verb_flash, "%s: too %s arguments", command->name,
                          arguments < command->least ? "few" : "many");
    const char *dir = argv[2];
    if (strcmp(command->name, "info") == 0)
        return info(dir);
    struct flash_chip chip;
    int status = open_chip(&chip, dir);
    if (status != VERB_DONE)
        return status;
    status = mount_flash(&chip, dir, command->writes);
    if (status == VERB_DONE)
        status = carry_out(command, argv + 3);
    flash_chip_close(&chip);
    return status;
}

const struct verb verb_flash = {
    .name = "flash",
    .summary = "look into the flash of a board that is off",
    .run = run,
    .help =
        "wipy flash info DIR              partitions, wear, room in /flash\n"
        "wipy flash ls   DIR [PATH]       list PATH (/flash); times are UTC\n"
        "wipy flash get  DIR PATH [FILE]  copy a file out of the board; - is the standard output\n"
        "wipy flash put  DIR FILE PATH    copy a file into the board; - is the standard input\n"
        "wipy flash rm   DIR PATH         remove a file, or an empty directory\n"
        "\n"
        "DIR is the folder of a board, as for `wipy run`; the board must not be running. PATH is "
        "as the\n"
        "board has it; main.py is /flash/main.py. Nothing is changed but by put and rm. On an "
        "erased chip\n"
        "put makes the file system first, as the first start of the board does; a damaged one is "
        "never\n"
        "formatted.\n",
};

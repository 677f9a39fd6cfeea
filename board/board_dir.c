#include "board/board_dir.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/air/mac.h"
#include "board/text.h"

#define IDENTITY     "board.json"
#define IDENTITY_NEW "board.json.new"
#define IDENTITY_MAX 4096

/* Is the current directory empty, but for what a board leaves behind that was killed while it was
 * being made? */
static bool is_empty(void)
{
    DIR *folder = opendir(".");
    if (folder == NULL) {
        return false;
    }
    static const char *const ours[] = {".", "..", BOARD_DIR_FLASH, BOARD_DIR_FLASH ".part",
                                       IDENTITY_NEW};
    bool empty = true;
    struct dirent *entry;
    while (empty && (entry = readdir(folder)) != NULL) {
        bool is_ours = false;
        for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
            is_ours = is_ours || strcmp(entry->d_name, ours[i]) == 0;
        }
        empty = is_ours;
    }
    closedir(folder);
    return empty;
}

/* Read board.json: 1 read, 0 there is none, -1 it is no good. */
static int read_identity(struct board_dir *dir)
{
    int fd = open(IDENTITY, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? 0 : -1;
    }
    char text[IDENTITY_MAX];
    ssize_t size = read(fd, text, sizeof text);
    close(fd);
    cJSON *identity = size > 0 ? cJSON_ParseWithLength(text, (size_t)size) : NULL;
    const char *mac = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(identity, "mac"));
    bool good = mac_parse(mac, dir->mac);
    cJSON_Delete(identity);
    return good ? 1 : -1;
}

static void new_identity(struct board_dir *dir)
{
    static const uint8_t maker[] = {0xd4, 0xf5, 0x13, 0x5e};
    memcpy(dir->mac, maker, sizeof maker);
    while (getrandom(dir->mac + sizeof maker, sizeof dir->mac - sizeof maker, 0) < 0) {
    }
}

static int chip_error(const struct board_dir *dir, int result, char *error, size_t size)
{
    switch (result) {
    case FLASH_CHIP_IN_USE:
        return text_fail(error, size, "the board in %s is running already (or its flash is in use)",
                         dir->path);
    case FLASH_CHIP_WRONG_SIZE:
        return text_fail(error, size,
                         "%s/" BOARD_DIR_FLASH " is no flash chip: it has the wrong size",
                         dir->path);
    default:
        return text_fail(error, size, "%s/" BOARD_DIR_FLASH ": %s", dir->path, strerror(errno));
    }
}

int board_dir_enter(struct board_dir *dir, const char *path, char *error, size_t size)
{
    dir->path = path;
    if (mkdir(path, 0777) < 0 && errno != EEXIST) {
        return text_fail(error, size, "cannot make the folder %s: %s", path, strerror(errno));
    }
    if (chdir(path) < 0) {
        return text_fail(error, size, "cannot use the folder %s: %s", path, strerror(errno));
    }
    if (access(".", R_OK | W_OK | X_OK) < 0) {
        return text_fail(error, size, "cannot write in the folder %s: %s", path, strerror(errno));
    }
    switch (read_identity(dir)) {
    case 0:
        dir->is_new = true;
        new_identity(dir);
        if (!is_empty()) {
            return text_fail(error, size,
                             "%s is not a board, and not empty; name a new or empty folder", path);
        }
        break;
    case 1:
        dir->is_new = access(BOARD_DIR_FLASH, F_OK) < 0;
        break;
    default:
        return text_fail(error, size, "%s/" IDENTITY " is not that of a board; is %s one?", path,
                         path);
    }
    /* Whether it is free is asked now, and again when it is opened: so whoever starts a board twice
     * hears of that first, and not that its ports are taken. */
    struct flash_chip chip;
    int result = flash_chip_open(&chip, BOARD_DIR_FLASH, false);
    if (result == FLASH_CHIP_OK) {
        flash_chip_close(&chip);
    } else if (result != FLASH_CHIP_SYSTEM || errno != ENOENT) {
        return chip_error(dir, result, error, size);
    }
    return 0;
}

int board_dir_open_flash(const struct board_dir *dir, struct flash_chip *chip, char *error,
                         size_t size)
{
    int result = flash_chip_open(chip, BOARD_DIR_FLASH, true);
    return result == FLASH_CHIP_OK ? 0 : chip_error(dir, result, error, size);
}

int board_dir_complete(const struct board_dir *dir, char *error, size_t size)
{
    char mac[MAC_TEXT_MAX];
    mac_text(dir->mac, mac);
    FILE *file = fopen(IDENTITY_NEW, "we");
    bool done = file != NULL && fprintf(file, "{\"mac\": \"%s\"}\n", mac) > 0;
    done = file != NULL && fclose(file) == 0 && done && rename(IDENTITY_NEW, IDENTITY) == 0;
    return done ? 0 : text_fail(error, size, "%s/" IDENTITY ": %s", dir->path, strerror(errno));
}

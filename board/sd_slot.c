#include "board/sd_slot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/text.h"
#include "hal/result.h"

__attribute__((format(printf, 2, 3))) static int fail(char *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, SD_SLOT_ERROR_MAX, format, arguments);
    va_end(arguments);
    return -1;
}

/* Open the file for writing if that is possible. Its descriptor, or -1 with errno. */
static int open_card(const char *path, bool read_only, enum sd_slot_lock *lock)
{
    /* Without O_NONBLOCK a pipe, which is refused afterwards, would wait for its other end. */
    const int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = -1;
    *lock = read_only ? SD_SLOT_LOCKED_BY_SWITCH : SD_SLOT_WRITABLE;
    if (!read_only) {
        fd = open(path, O_RDWR | flags);
    }
    if (!read_only && fd < 0) {
        if (errno != EACCES && errno != EPERM && errno != EROFS && errno != ETXTBSY) {
            return -1;
        }
        *lock = SD_SLOT_LOCKED_BY_FILE;
    }
    return fd >= 0 ? fd : open(path, O_RDONLY | flags);
}

/* Is the open file a card that nobody else has? */
static int check_card(int fd, const char *path, uint32_t *blocks, char *error)
{
    struct stat file;
    if (fstat(fd, &file) < 0) {
        return fail(error, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(file.st_mode)) {
        return fail(error, "%s is no card: a card is a plain file, such as `wipy sd create` makes",
                    path);
    }
    if (file.st_size < (off_t)SD_SLOT_BLOCK || file.st_size % (off_t)SD_SLOT_BLOCK != 0 ||
        file.st_size / (off_t)SD_SLOT_BLOCK > (off_t)UINT32_MAX) {
        return fail(error,
                    "%s is no card: a card is a whole number of blocks of %u bytes, 1 to %u of "
                    "them, and this file has %lld bytes",
                    path, SD_SLOT_BLOCK, UINT32_MAX, (long long)file.st_size);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        return errno == EWOULDBLOCK
                   ? fail(error, "%s is in use: it is in the slot of a board, or a program has it",
                          path)
                   : fail(error, "%s cannot be locked: %s", path, strerror(errno));
    }
    *blocks = (uint32_t)(file.st_size / (off_t)SD_SLOT_BLOCK);
    return 0;
}

int sd_slot_insert(struct sd_slot *slot, const char *path, bool read_only, char *error)
{
    char shown[sizeof slot->path];
    enum sd_slot_lock lock;
    uint32_t blocks = 0;
    text_clean(shown, sizeof shown, path, strlen(path));
    if (slot->insertion != 0) {
        return fail(error, "there is a card in the slot, %s: eject it first", slot->path);
    }
    int fd = open_card(path, read_only, &lock);
    if (fd < 0 && errno == ENOENT) {
        return fail(error, "there is no %s; `wipy sd create FILE SIZE` makes a card", shown);
    }
    if (fd < 0 && errno == EISDIR) {
        return fail(error, "%s is no card: it is a folder", shown);
    }
    if (fd < 0) {
        return fail(error, "%s: %s", shown, strerror(errno));
    }
    if (check_card(fd, shown, &blocks, error) < 0) {
        close(fd);
        return -1;
    }
    strcpy(slot->path, shown);
    slot->fd = fd;
    slot->blocks = blocks;
    slot->lock = lock;
    slot->reads = slot->writes = slot->failures = 0;
    slot->insertion = ++slot->insertions;
    return 0;
}

bool sd_slot_eject(struct sd_slot *slot)
{
    if (slot->insertion == 0) {
        return false;
    }
    close(slot->fd);
    slot->insertion = 0;
    return true;
}

/* HAL_OK: these bytes are on the card that is meant. */
static int check(const struct sd_slot *slot, uint32_t insertion, uint32_t block, uint32_t size)
{
    if (insertion == 0 || insertion != slot->insertion) {
        return HAL_ERROR_GONE;
    }
    if (size == 0 || size % SD_SLOT_BLOCK != 0 || block > slot->blocks ||
        size / SD_SLOT_BLOCK > slot->blocks - block) {
        return HAL_ERROR_RANGE;
    }
    return HAL_OK;
}

/* The host's file failed; `error` is its errno, 0: it has been cut short. */
static int failed(struct sd_slot *slot, const char *what, uint32_t block, int error)
{
    if (slot->failures++ == 0 && slot->report != NULL) {
        char line[SD_SLOT_ERROR_MAX];
        snprintf(line, sizeof line, "sd: cannot %s block %u of %s: %s", what, block, slot->path,
                 error != 0 ? strerror(error) : "the file has become shorter than the card");
        slot->report(slot->context, line);
    }
    return HAL_ERROR_FAILED;
}

int sd_slot_read(struct sd_slot *slot, uint32_t insertion, uint32_t block, void *data,
                 uint32_t size)
{
    int result = check(slot, insertion, block, size);
    if (result != HAL_OK) {
        return result;
    }
    slot->reads++;
    uint8_t *bytes = data;
    off_t offset = (off_t)block * SD_SLOT_BLOCK;
    for (uint32_t done = 0; done < size;) {
        ssize_t n = pread(slot->fd, bytes + done, size - done, offset + done);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return failed(slot, "read", block + done / SD_SLOT_BLOCK, n < 0 ? errno : 0);
        }
        done += n > 0 ? (uint32_t)n : 0;
    }
    return HAL_OK;
}

/* Writing behind the end of a file that was cut short would make it grow again, with a hole where
 * its contents were. */
static bool is_whole(const struct sd_slot *slot)
{
    struct stat file;
    return fstat(slot->fd, &file) == 0 && file.st_size >= (off_t)slot->blocks * SD_SLOT_BLOCK;
}

int sd_slot_write(struct sd_slot *slot, uint32_t insertion, uint32_t block, const void *data,
                  uint32_t size)
{
    int result = check(slot, insertion, block, size);
    if (result == HAL_OK && slot->lock != SD_SLOT_WRITABLE) {
        result = HAL_ERROR_PROTECTED;
    }
    if (result != HAL_OK) {
        return result;
    }
    slot->writes++;
    if (!is_whole(slot)) {
        return failed(slot, "write", block, 0);
    }
    const uint8_t *bytes = data;
    off_t offset = (off_t)block * SD_SLOT_BLOCK;
    for (uint32_t done = 0; done < size;) {
        ssize_t n = pwrite(slot->fd, bytes + done, size - done, offset + done);
        if (n < 0 && errno != EINTR) {
            return failed(slot, "write", block + done / SD_SLOT_BLOCK, errno);
        }
        done += n > 0 ? (uint32_t)n : 0;
    }
    return HAL_OK;
}

#include "board/flash_chip.h"

#include "board/nor.h"
#include "hal/result.h"
#include "lib/flash_map.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE (FLASH_SIZE + FLASH_CHIP_SECTORS * sizeof(uint32_t))

/* The file is read and written, never mapped: a full disk must be an error, not a
 * signal. */
static int write_all(int fd, const void *data, size_t size, off_t offset)
{
    const uint8_t *bytes = data;
    while (size > 0) {
        ssize_t done = pwrite(fd, bytes, size, offset);
        if (done < 0 && errno != EINTR)
            return FLASH_CHIP_SYSTEM;
        if (done > 0) {
            bytes += done;
            size -= (size_t)done;
            offset += done;
        }
    }
    return FLASH_CHIP_OK;
}

static int read_all(int fd, uint8_t *bytes, size_t size, off_t offset)
{
    while (size > 0) {
        ssize_t done = pread(fd, bytes, size, offset);
        if (done == 0 || (done < 0 && errno != EINTR))
            return FLASH_CHIP_SYSTEM; /* 0: somebody has cut the file short */
        if (done > 0) {
            bytes += done;
            size -= (size_t)done;
            offset += done;
        }
    }
    return FLASH_CHIP_OK;
}

static int lock(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return FLASH_CHIP_OK;
    return errno == EWOULDBLOCK ? FLASH_CHIP_IN_USE : FLASH_CHIP_SYSTEM;
}

/* True when `path` names the file that is open as `fd`. */
static bool is_file(int fd, const char *path)
{
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

/* Make an erased chip under another name and move it to `path` when it has its full size, so that
 * whoever dies here leaves no chip of a wrong size behind. The lock goes along with the file. */
static int create_file(int *fd_out, const char *path)
{
    char part[4096];
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part) {
        errno = ENAMETOOLONG;
        return FLASH_CHIP_SYSTEM;
    }
    int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return FLASH_CHIP_SYSTEM;
    int result = lock(fd);
    /* Another process may have completed this very file, and moved it, between our open and our
     * lock. */
    if (result == FLASH_CHIP_OK && !is_file(fd, part))
        result = FLASH_CHIP_IN_USE;
    if (result == FLASH_CHIP_OK &&
        (ftruncate(fd, 0) != 0 || ftruncate(fd, FILE_SIZE) != 0 || rename(part, path) != 0))
        result = FLASH_CHIP_SYSTEM;
    if (result != FLASH_CHIP_OK) {
        int error = errno;
        close(fd);
        errno = error;
        return result;
    }
    *fd_out = fd;
    return FLASH_CHIP_OK;
}

static int open_file(int *fd_out, const char *path, bool create)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT && create ? create_file(fd_out, path) : FLASH_CHIP_SYSTEM;
    *fd_out = fd;
    return lock(fd);
}

int flash_chip_open(struct flash_chip *chip, const char *path, bool create)
{
    *chip = (struct flash_chip){.fd = -1};
    int result = open_file(&chip->fd, path, create);
    struct stat stat;
    if (result == FLASH_CHIP_OK && fstat(chip->fd, &stat) != 0)
        result = FLASH_CHIP_SYSTEM;
    if (result == FLASH_CHIP_OK && (!S_ISREG(stat.st_mode) || stat.st_size != FILE_SIZE))
        result = FLASH_CHIP_WRONG_SIZE;
    if (result != FLASH_CHIP_OK && chip->fd >= 0) {
        int error = errno;
        close(chip->fd);
        chip->fd = -1;
        errno = error;
    }
    return result;
}

/* Sectors that were erased and not programmed again become holes. */
static void give_back_disk(const struct flash_chip *chip)
{
    for (uint32_t sector = 0; sector < FLASH_CHIP_SECTORS; sector++)
        if (chip->emptied[sector / 8] >> sector % 8 & 1)
            fallocate(chip->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      (off_t)sector * FLASH_SECTOR_SIZE, FLASH_SECTOR_SIZE);
}

void flash_chip_close(struct flash_chip *chip)
{
    if (chip->fd >= 0) {
        give_back_disk(chip);
        close(chip->fd);
    }
    chip->fd = -1;
}

static bool in_range(uint32_t address, uint32_t size)
{
    return address <= FLASH_SIZE && size <= FLASH_SIZE - address;
}

static int misuse(struct flash_chip *chip, int result, const char *what, uint32_t address,
                  uint32_t size)
{
    chip->misuses++;
    if (chip->report) {
        char line[120];
        snprintf(line, sizeof line, "flash: %s (address 0x%06x, %u bytes)", what, address, size);
        chip->report(chip->context, line);
    }
    return result;
}

/* The host's file failed, e.g. its disk is full. */
static int failed(struct flash_chip *chip, const char *what, uint32_t address)
{
    if (chip->report) {
        char line[160];
        snprintf(line, sizeof line, "flash: cannot %s at 0x%06x: %s", what, address,
                 strerror(errno));
        chip->report(chip->context, line);
    }
    return HAL_ERROR_FAILED;
}

int flash_chip_read(const struct flash_chip *chip, uint32_t address, void *data, uint32_t size)
{
    if (!in_range(address, size))
        return HAL_ERROR_RANGE;
    uint8_t *bytes = data;
    if (read_all(chip->fd, bytes, size, address) != FLASH_CHIP_OK)
        return HAL_ERROR_FAILED;
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)~bytes[i];
    return HAL_OK;
}

int flash_chip_program(struct flash_chip *chip, uint32_t address, const void *data, uint32_t size)
{
    if (!in_range(address, size) ||
        address % FLASH_SECTOR_SIZE + (uint64_t)size > FLASH_SECTOR_SIZE)
        return misuse(chip, HAL_ERROR_RANGE, "program outside of one sector", address, size);
    if (address < chip->protected_size)
        return misuse(chip, HAL_ERROR_PROTECTED, "program of a protected sector", address, size);

    uint8_t cells[FLASH_SECTOR_SIZE];
    if (read_all(chip->fd, cells, size, address) != FLASH_CHIP_OK)
        return failed(chip, "program", address);
    if (!nor_program(cells, data, size))
        misuse(chip, HAL_OK, "programming a 1 over a 0", address, size);
    chip->programs++;
    uint32_t sector = address / FLASH_SECTOR_SIZE;
    chip->emptied[sector / 8] &= (uint8_t) ~(1u << sector % 8);
    if (write_all(chip->fd, cells, size, address) != FLASH_CHIP_OK)
        return failed(chip, "program", address);
    return HAL_OK;
}

/* Zeros are written rather than a hole punched: that takes forty times longer, and mostly the
 * sector is programmed at once. */
static int erase(struct flash_chip *chip, uint32_t address)
{
    static const uint8_t erased[FLASH_SECTOR_SIZE];
    uint32_t sector = address / FLASH_SECTOR_SIZE;
    uint8_t cells[FLASH_SECTOR_SIZE];
    if (read_all(chip->fd, cells, sizeof cells, address) != FLASH_CHIP_OK)
        return FLASH_CHIP_SYSTEM;
    if (memcmp(cells, erased, sizeof erased) != 0) {
        if (write_all(chip->fd, erased, sizeof erased, address) != FLASH_CHIP_OK)
            return FLASH_CHIP_SYSTEM;
        chip->emptied[sector / 8] |= (uint8_t)(1u << sector % 8);
    }
    uint32_t wear = htole32(flash_chip_wear(chip, address) + 1);
    return write_all(chip->fd, &wear, sizeof wear, FLASH_SIZE + sector * sizeof wear);
}

int flash_chip_erase_sector(struct flash_chip *chip, uint32_t address)
{
    if (!in_range(address, FLASH_SECTOR_SIZE) || address % FLASH_SECTOR_SIZE != 0)
        return misuse(chip, HAL_ERROR_RANGE, "erase of what is no sector", address,
                      FLASH_SECTOR_SIZE);
    if (address < chip->protected_size)
        return misuse(chip, HAL_ERROR_PROTECTED, "erase of a protected sector", address,
                      FLASH_SECTOR_SIZE);
    chip->erases++;
    return erase(chip, address) == FLASH_CHIP_OK ? HAL_OK : failed(chip, "erase", address);
}

static bool holds(const struct flash_chip *chip, uint32_t address, const uint8_t *data,
                  uint32_t size)
{
    uint8_t bytes[FLASH_SECTOR_SIZE];
    for (uint32_t done = 0; done < size;) {
        uint32_t part = size - done < sizeof bytes ? size - done : sizeof bytes;
        if (flash_chip_read(chip, address + done, bytes, part) != HAL_OK ||
            memcmp(bytes, data + done, part) != 0)
            return false;
        done += part;
    }
    return true;
}

int flash_chip_produce(struct flash_chip *chip, uint32_t address, const void *data, uint32_t size)
{
    if (!in_range(address, size)) {
        errno = EFBIG;
        return FLASH_CHIP_SYSTEM;
    }
    const uint8_t *bytes = data;
    if (holds(chip, address, bytes, size))
        return FLASH_CHIP_OK;
    uint32_t end = address + size;
    for (uint32_t at = address; at < end;) {
        uint32_t sector = at - at % FLASH_SECTOR_SIZE;
        uint32_t part =
            sector + FLASH_SECTOR_SIZE < end ? sector + FLASH_SECTOR_SIZE - at : end - at;
        uint8_t cells[FLASH_SECTOR_SIZE] = {0};
        nor_program(cells, bytes + (at - address), part);
        if (erase(chip, sector) != FLASH_CHIP_OK ||
            write_all(chip->fd, cells, part, at) != FLASH_CHIP_OK)
            return FLASH_CHIP_SYSTEM;
        chip->emptied[sector / FLASH_SECTOR_SIZE / 8] &=
            (uint8_t) ~(1u << sector / FLASH_SECTOR_SIZE % 8);
        at += part;
    }
    return FLASH_CHIP_OK;
}

uint32_t flash_chip_wear(const struct flash_chip *chip, uint32_t address)
{
    uint32_t wear = 0;
    read_all(chip->fd, (uint8_t *)&wear, sizeof wear,
             FLASH_SIZE + address / FLASH_SECTOR_SIZE * sizeof wear);
    return le32toh(wear);
}

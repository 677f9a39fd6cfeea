/* The serial flash chip, in a file: NOR physics, wear counters, write protection (lib/flash_map.h gives the geometry).
 *
 * File: FLASH_SIZE bytes, each inverted, so that erased flash (0xFF) is a hole of the file that costs no disk (for a sector that was in use: from
 * the closing of the file on); then one little-endian uint32_t per sector, how often it was erased. Programming clears bits only; programming a 1 over a 0 leaves the 0 and counts as misuse, which
 * is reported and counted, never hidden. */
#ifndef BOARD_FLASH_CHIP_H
#define BOARD_FLASH_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/flash_map.h"

#define FLASH_CHIP_SECTORS (FLASH_SIZE / FLASH_SECTOR_SIZE)

struct flash_chip {
    int fd;                /* the file, read-write, locked: one board at a time */
    uint32_t protected_size; /* changes below this address are refused; 0: none */
    uint64_t programs, erases, misuses; /* counted since opening */
    uint8_t emptied[FLASH_CHIP_SECTORS / 8]; /* bit set: the sector holds zeros where the file could have a hole */
    /* Called for each misuse with one line that says what was wrong; NULL: none. */
    void (*report)(void *context, const char *line);
    void *context;
};

enum flash_chip_error {
    FLASH_CHIP_OK = 0,
    FLASH_CHIP_SYSTEM = -1,     /* errno says what */
    FLASH_CHIP_WRONG_SIZE = -2, /* the file is no flash chip: truncated, or of another size */
    FLASH_CHIP_IN_USE = -3,     /* another process has it open */
};

/* Open the chip in file `path`; `create`: make an erased one when the file is missing. The lock is released by close. */
int flash_chip_open(struct flash_chip *chip, const char *path, bool create);
void flash_chip_close(struct flash_chip *chip);

/* What the MCU can do; the results are enum hal_result values. Arguments are checked here: they come from outside. */
int flash_chip_read(const struct flash_chip *chip, uint32_t address, void *data, uint32_t size);
int flash_chip_program(struct flash_chip *chip, uint32_t address, const void *data, uint32_t size);
int flash_chip_erase_sector(struct flash_chip *chip, uint32_t address);

/* What the factory can do: erase the sectors it lies in and write `data` at `address`, protected or not; does nothing when it is there
 * already. 0 or FLASH_CHIP_SYSTEM. */
int flash_chip_produce(struct flash_chip *chip, uint32_t address, const void *data, uint32_t size);

/* How often the sector at `address` was erased. */
uint32_t flash_chip_wear(const struct flash_chip *chip, uint32_t address);

#endif

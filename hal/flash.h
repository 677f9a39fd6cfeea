/* Serial NOR flash. Geometry and partitions: lib/flash_map.h. Blocking; never polls the loop.
 *
 * Programming only clears bits: programming a 1 over a 0 leaves 0 and is reported by the chip as misuse. */
#ifndef HAL_FLASH_H
#define HAL_FLASH_H

#include <stdint.h>

/* Read `size` bytes (0 is allowed) from `address` into `data`, which the caller owns.
 * HAL_ERROR_RANGE when any byte lies outside the chip. */
int hal_flash_read(uint32_t address, void *data, uint32_t size);

/* Program `size` bytes (0 to FLASH_SECTOR_SIZE), which must lie within one sector. The HAL splits them into pages;
 * pages are programmed in ascending order, so a power cut leaves a prefix of them programmed, and possibly one page in part.
 * Returns when the chip has finished. HAL_ERROR_RANGE, HAL_ERROR_PROTECTED, HAL_ERROR_FAILED. */
int hal_flash_program(uint32_t address, const void *data, uint32_t size);

/* Erase the sector that begins at `address` (a multiple of FLASH_SECTOR_SIZE) to 0xFF. Errors as above. */
int hal_flash_erase_sector(uint32_t address);

#endif

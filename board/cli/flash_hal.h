/* The flash chip of a board that is off, as the HAL of storage/: for `wipy flash`. */
#ifndef BOARD_CLI_FLASH_HAL_H
#define BOARD_CLI_FLASH_HAL_H

#include "board/flash_chip.h"

#include <stdbool.h>

/* Let hal_flash_* work on an open chip. With `keep` false the chip stays as it is: what storage
 * changes (it tidies up when it mounts) is only seen by this process. 0 or FLASH_CHIP_SYSTEM. */
int flash_hal_init(struct flash_chip *chip, bool keep);

#endif

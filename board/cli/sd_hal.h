/* A card in the hands of this process, as the HAL of storage/: for `wipy sd`. */
#ifndef BOARD_CLI_SD_HAL_H
#define BOARD_CLI_SD_HAL_H

#include "board/sd_slot.h"

/* Let hal_sdcard_* work on this slot. Before it the slot is empty. */
void sd_hal_init(struct sd_slot *slot);

#endif

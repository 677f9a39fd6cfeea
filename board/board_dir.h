/* The folder of a board: flash.bin (flash_chip.h), board.json (what is soldered to it: its hardware
 * address), and while it runs control.sock and uart0. */
#ifndef BOARD_BOARD_DIR_H
#define BOARD_BOARD_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/flash_chip.h"

#define BOARD_DIR_FLASH "flash.bin"

struct board_dir {
    const char *path;
    bool is_new;    /* there is no board in it yet */
    uint8_t mac[6]; /* random for a new board */
};

/* Make the folder if it is missing, and go into it. Nothing is written into it yet. 0, or -1 with
 * one clear line in `error`: it cannot be used, holds something else than a board, or another
 * process runs its board. */
int board_dir_enter(struct board_dir *dir, const char *path, char *error, size_t error_size);

/* Open the flash chip of the board, or make an erased one. Errors as above. */
int board_dir_open_flash(const struct board_dir *dir, struct flash_chip *chip, char *error,
                         size_t error_size);

/* A new board has been made: from now on the folder is a board. 0 or -1 as above. */
int board_dir_complete(const struct board_dir *dir, char *error, size_t error_size);

#endif

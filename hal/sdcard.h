/* The SD slot. A card is a row of blocks of 512 bytes; it may come and go at any moment. Blocking; never polls the loop.
 *
 * Each time that a card is put in counts: a reader or writer names the insertion that it means, so that nothing that was meant for one card ever
 * reaches the next one, however quickly they were exchanged. An interrupt follows every change of the slot. */
#ifndef HAL_SDCARD_H
#define HAL_SDCARD_H

#include <stdbool.h>
#include <stdint.h>

#define HAL_SDCARD_BLOCK        512u /* bytes */
#define HAL_SDCARD_TRANSFER_MAX 8u   /* blocks in one call */

struct hal_sdcard {
    uint32_t insertion; /* 0: the slot is empty; else a number that no other insertion since power-on has had */
    uint32_t blocks;    /* size of the card */
    bool read_only;     /* its write-protect switch is set */
};

/* What is in the slot now. */
void hal_sdcard_look(struct hal_sdcard *card);

/* Read or write `count` blocks (1 to HAL_SDCARD_TRANSFER_MAX) from `block` on, of the card of that insertion. The data are the caller's. A block
 * is written whole or not at all, whenever power or card vanish; several are written in ascending order. On the virtual board nothing comes in between
 * them either: a card leaves before a call or after it, and a reset of the MCU does not reach what is on its way. (Only when the board's process itself
 * is killed may the host end a write where one of its pages ends, which is every 8 blocks.) On other boards the first ones may be written alone.
 * HAL_ERROR_GONE: this card is not in the slot any more. HAL_ERROR_RANGE: outside the card. HAL_ERROR_PROTECTED, HAL_ERROR_FAILED. */
int hal_sdcard_read(uint32_t insertion, uint32_t block, void *data, uint32_t count);
int hal_sdcard_write(uint32_t insertion, uint32_t block, const void *data, uint32_t count);

#endif

/* The card's blocks, for FatFs and for the files of storage/ that know FAT: hal/sdcard.h with two
 * lines of read-ahead, so that walks through directories and allocation tables take few trips to
 * the card. What is written goes to the card at once, and in that order; except that of FatFs's
 * directories and tables adjacent blocks that follow each other go there in one trip, the last ones
 * at the latest when the call of storage/ ends. Reads see them before. */
#ifndef STORAGE_CARD_DISK_H
#define STORAGE_CARD_DISK_H

#include "hal/sdcard.h"

/* Trips to the card that one call of storage/ may take, besides those for the caller's own data:
 * more than any file system of a usual make needs, and an end to what a damaged one would send
 * round in circles. About a second; then the call gives STORAGE_IO. */
#define CARD_DISK_BUDGET 65536u

/* From now on this card is meant; its insertion is not 0. Forgets the lines. */
void card_disk_use(const struct hal_sdcard *card);
const struct hal_sdcard *card_disk_card(void);

/* The card that is meant is in the slot. */
bool card_disk_present(void);

/* A call of storage/ begins; it passes `bytes` of the caller's data (called again). */
void card_disk_begin(void);
void card_disk_allow(uint32_t bytes);

/* FatFs's `drv` for the whole card. */
void *card_disk_drive(void);

/* FatFs's `drv` for making a file system in a part of the card. `between` is called after each
 * trip; it may be NULL. */
void *card_disk_part(uint32_t first, uint32_t blocks, void (*between)(void));

/* enum hal_result; any number of blocks. */
int card_disk_read(uint32_t block, void *data, uint32_t count);
int card_disk_write(uint32_t block, const void *data, uint32_t count);

/* Write what waits for a next block. After an error it waits on, as what FatFs has in memory does:
 * the next write, or the end of the next call, tries it again and gives its error again. */
int card_disk_flush(void);

/* Called before blocks are written; NULL: nobody. It may read. */
void card_disk_watch(void (*writing)(uint32_t block, const uint8_t *data, uint32_t count));

/* The lines' memory, for other use until the next card_disk_use(). */
void *card_disk_scratch(uint32_t *size);

#endif

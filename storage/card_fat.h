/* The FAT file system of the card that is mounted: checks before it is trusted, its free space,
 * time stamps, errors. */
#ifndef STORAGE_CARD_FAT_H
#define STORAGE_CARD_FAT_H

#include <ff.h>

#include <stdbool.h>
#include <stdint.h>

#include "storage/storage.h"

extern FATFS card_fat;

/* enum storage_error of an FRESULT. What FatFs denies because of an attribute callers find out
 * before, so that FR_DENIED is a lack of room. */
int card_fat_error(FRESULT result);

/* What a block that could not be read or written means: STORAGE_GONE or STORAGE_IO. */
int card_fat_failure(void);

/* Mount what is on the card of card_disk_use(). Writes nothing. STORAGE_NO_FILE_SYSTEM, STORAGE_IO,
 * STORAGE_GONE. */
int card_fat_mount(void);
void card_fat_unmount(void);

/* Write out what FatFs still has in memory, with no file of it being open. */
int card_fat_flush(void);

/* Bytes of all clusters: no file is longer. */
uint64_t card_fat_capacity(void);

/* A FAT32 that does not know its free space is counted piece by piece: true while that goes on. */
bool card_fat_counts(void);
void card_fat_count_on(void);
int card_fat_space(struct storage_volume *space);

/* FAT's date and time, taken as UTC. 0: unknown. */
uint32_t card_fat_seconds(WORD date, WORD time);
void card_fat_stamp(uint32_t seconds, WORD *date, WORD *time);

#endif

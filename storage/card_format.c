/* Making a file system on a card: one partition, and in it what FatFs makes. */
#include "hal/result.h"
#include "storage/card.h"
#include "storage/card_disk.h"
#include "storage/card_fat.h"

#include <string.h>

#define MIB (1024u * 1024 / HAL_SDCARD_BLOCK) /* blocks */
#define FAT16_MIN                                                                                  \
    4200u /* blocks of a partition whose clusters of one block are too many for FAT12 */

/* Where the partition begins: as cards have it, a multiple of what they erase at once. */
static uint32_t first_block(uint32_t blocks)
{
    return blocks >= 64 * MIB ? 4 * MIB : 64;
}

static BYTE options(enum storage_fat type, uint32_t blocks)
{
    switch (type) {
    case STORAGE_FAT16:
        return FM_FAT;
    case STORAGE_FAT32:
        return FM_FAT32;
    case STORAGE_EXFAT:
        return FM_EXFAT;
    default:
        return blocks <= 2048 * MIB ? FM_FAT : blocks <= 32768 * MIB ? FM_FAT32 : FM_EXFAT;
    }
}

/* Bytes in a cluster; 0: as FatFs likes. It likes FAT12 where FAT16 is just possible. */
static DWORD cluster_size(enum storage_fat type, uint32_t blocks)
{
    return type == STORAGE_FAT16 && blocks < 16 * MIB ? HAL_SDCARD_BLOCK : 0;
}

static int error_of(FRESULT result)
{
    switch (result) {
    case FR_MKFS_ABORTED:
    case FR_INVALID_PARAMETER:
        return STORAGE_INVALID;
    default:
        return card_fat_error(result);
    }
}

static void put_bytes(uint8_t *to, uint32_t value, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

/* What a partition table calls the file system that `boot_block` begins. */
static uint8_t partition_type(const uint8_t *boot_block, uint32_t blocks)
{
    if (memcmp(boot_block + 3, "EXFAT   ", 8) == 0) {
        return 0x07;
    }
    if (memcmp(boot_block + 82, "FAT32", 5) == 0) {
        return 0x0c;
    }
    return blocks >= 0x10000 ? 0x06 : 0x04;
}

/* Addresses in the old form of cylinder, head and sector are given as "too large". */
static int write_table(uint8_t *block, uint32_t first, uint32_t blocks, uint8_t type)
{
    memset(block, 0, HAL_SDCARD_BLOCK);
    uint8_t *entry = block + 446;
    put_bytes(entry + 1, 0xfffffe, 3);
    entry[4] = type;
    put_bytes(entry + 5, 0xfffffe, 3);
    put_bytes(entry + 8, first, 4);
    put_bytes(entry + 12, blocks, 4);
    block[510] = 0x55;
    block[511] = 0xaa;
    return card_disk_write(0, block, 1) == HAL_OK ? STORAGE_OK : card_fat_failure();
}

int card_format(enum storage_fat type, void (*between)(void))
{
    uint32_t blocks = card_disk_card()->blocks;
    uint32_t first = first_block(blocks);
    if (blocks <= first || (type == STORAGE_FAT16 && blocks - first < FAT16_MIN)) {
        return STORAGE_INVALID;
    }
    uint32_t size;
    uint8_t *work = card_disk_scratch(&size);
    card_disk_begin();
    memset(&card_fat, 0, sizeof card_fat);
    card_fat.drv = card_disk_part(first, blocks - first, between);
    FRESULT made =
        f_mkfs(&card_fat, FM_SFD | options(type, blocks), cluster_size(type, blocks), work, size);
    if (made != FR_OK) {
        return error_of(made);
    }
    card_disk_begin();
    if (card_disk_read(first, work, 1) != HAL_OK) {
        return card_fat_failure();
    }
    return write_table(work, first, blocks - first, partition_type(work, blocks - first));
}

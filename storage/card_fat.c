#include "storage/card_fat.h"

#include "hal/result.h"
#include "storage/card_disk.h"
#include "storage/internal.h"

#include <string.h>

#define BLOCK        HAL_SDCARD_BLOCK
#define COUNT_STEP   (8 * HAL_SDCARD_TRANSFER_MAX) /* blocks of the table in one poll */
#define COUNT_STEPS  64                            /* when somebody asks: 512 trips */
#define FREE_UNKNOWN 0xffffffffu

FATFS card_fat;

/* The count of free clusters that goes on: blocks of the table that have been looked at, and what
 * was free in them. */
static bool counting;
static uint32_t counted_blocks;
static uint32_t counted_free;

int card_fat_failure(void)
{
    return card_disk_present() ? STORAGE_IO : STORAGE_GONE;
}

int card_fat_error(FRESULT result)
{
    switch (result) {
    case FR_OK:
        return STORAGE_OK;
    case FR_NO_FILE:
    case FR_NO_PATH:
        return STORAGE_NOT_FOUND;
    case FR_INVALID_NAME:
        return STORAGE_INVALID;
    case FR_EXIST:
        return STORAGE_EXISTS;
    case FR_DENIED:
        return STORAGE_FULL;
    case FR_WRITE_PROTECTED:
        return STORAGE_READ_ONLY;
    case FR_NO_FILESYSTEM:
        return STORAGE_NO_FILE_SYSTEM;
    default:
        return card_fat_failure();
    }
}

static uint32_t little_endian(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void put_little_endian(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

/* ---- mounting */

/* FatFs shifts by what an exFAT boot block says before it checks it. */
static bool shifts_are_sane(const uint8_t *boot_block)
{
    return memcmp(boot_block + 3, "EXFAT   ", 8) != 0 ||
           (boot_block[108] < 16 && boot_block[109] < 16);
}

/* Wherever FatFs looks for a file system. */
static int check_boot_blocks(void)
{
    static uint8_t table[BLOCK], boot_block[BLOCK];
    if (card_disk_read(0, table, 1) != HAL_OK) {
        return card_fat_failure();
    }
    if (!shifts_are_sane(table)) {
        return STORAGE_NO_FILE_SYSTEM;
    }
    for (unsigned i = 0; i < 4; i++) {
        uint32_t start = little_endian(table + 446 + 16 * i + 8);
        if (start != 0 && start < card_disk_card()->blocks &&
            card_disk_read(start, boot_block, 1) == HAL_OK && !shifts_are_sane(boot_block)) {
            return STORAGE_NO_FILE_SYSTEM;
        }
    }
    return STORAGE_OK;
}

static uint32_t clusters(void)
{
    return card_fat.n_fatent - 2;
}

uint64_t card_fat_capacity(void)
{
    return (uint64_t)clusters() * card_fat.csize * BLOCK;
}

/* FatFs believes most of what the boot block says, in 32 bits. What lies within the card cannot
 * lead its arithmetic astray, nor its loops on and on. */
static bool geometry_is_sane(void)
{
    uint64_t table = card_fat.fatbase;
    uint64_t data = card_fat.database;
    uint64_t end = data + (uint64_t)clusters() * card_fat.csize;
    if (card_fat.csize == 0 || clusters() == 0 || table <= card_fat.volbase ||
        table + (uint64_t)card_fat.fsize * card_fat.n_fats > data ||
        end > card_disk_card()->blocks) {
        return false;
    }
    switch (card_fat.fs_type) {
    case FS_EXFAT:
        if ((uint64_t)card_fat.fsize * (BLOCK / 4) < card_fat.n_fatent ||
            card_fat.bitbase + (clusters() / 8 + BLOCK) / BLOCK > end) {
            return false;
        }
        /* fall through */
    case FS_FAT32:
        return card_fat.dirbase >= 2 && card_fat.dirbase < card_fat.n_fatent;
    default:
        return (uint64_t)card_fat.dirbase + card_fat.n_rootdir / (BLOCK / 32) <= data;
    }
}

static void start_counting(void);

int card_fat_mount(void)
{
    counting = false;
    memset(&card_fat, 0, sizeof card_fat);
    card_fat.drv = card_disk_drive();
    int result = check_boot_blocks();
    if (result == STORAGE_OK) {
        result = card_fat_error(f_mount(&card_fat));
    }
    if (result == STORAGE_OK && !geometry_is_sane()) {
        result = STORAGE_NO_FILE_SYSTEM;
    }
    if (result != STORAGE_OK) {
        card_fat_unmount();
        return result;
    }
    /* "Nothing is free" keeps FatFs from looking, so it has to be found out. */
    if (card_fat.free_clst == 0 || card_fat.free_clst > clusters()) {
        card_fat.free_clst = FREE_UNKNOWN;
    }
    if (card_fat.fs_type == FS_FAT32 && card_fat.free_clst == FREE_UNKNOWN) {
        start_counting();
    }
    return STORAGE_OK;
}

void card_fat_unmount(void)
{
    counting = false;
    card_disk_watch(NULL);
    card_fat.fs_type = 0;
}

/* As FatFs does it at the end of each change of a file or a name. */
int card_fat_flush(void)
{
    int result = card_disk_flush();
    if (result == HAL_OK && card_fat.wflag) {
        result = card_disk_write(card_fat.winsect, card_fat.win, 1);
        if (result == HAL_OK && card_fat.n_fats == 2 &&
            card_fat.winsect - card_fat.fatbase < card_fat.fsize) {
            result = card_disk_write(card_fat.winsect + card_fat.fsize, card_fat.win, 1);
        }
        card_fat.wflag = result == HAL_OK ? 0 : card_fat.wflag;
    }
    if (result == HAL_OK && card_fat.fs_type == FS_FAT32 && card_fat.fsi_flag == 1) {
        uint8_t info[BLOCK];
        result = card_disk_read(card_fat.volbase + 1, info, 1);
        if (result == HAL_OK) {
            put_little_endian(info + 488, card_fat.free_clst);
            put_little_endian(info + 492, card_fat.last_clst);
            result = card_disk_write(card_fat.volbase + 1, info, 1);
            card_fat.fsi_flag = 0;
            card_fat.winsect = FREE_UNKNOWN; /* it may be this block */
        }
    }
    return result == HAL_OK ? STORAGE_OK : card_fat_failure();
}

/* ---- free space of FAT32 */

/* Free clusters in a block of the table, of those that have been counted. */
static uint32_t free_in(uint32_t index, const uint8_t *block)
{
    uint32_t first = index * (BLOCK / 4);
    uint32_t found = 0;
    for (uint32_t i = 0; i < BLOCK / 4; i++) {
        bool is_cluster = first + i >= 2 && first + i < card_fat.n_fatent;
        found += is_cluster && (little_endian(block + 4 * i) & 0x0fffffff) == 0;
    }
    return found;
}

/* Blocks of the table that have been counted already are about to change. */
static void correct_count(uint32_t block, const uint8_t *data, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = block + i - card_fat.fatbase;
        uint8_t old[BLOCK];
        if (counting && index < counted_blocks && card_disk_read(block + i, old, 1) == HAL_OK) {
            counted_free += free_in(index, data + i * BLOCK) - free_in(index, old);
        }
    }
}

static void start_counting(void)
{
    counting = true;
    counted_blocks = counted_free = 0;
    card_disk_watch(correct_count);
}

bool card_fat_counts(void)
{
    return counting;
}

void card_fat_count_on(void)
{
    uint32_t table_blocks = (card_fat.n_fatent + BLOCK / 4 - 1) / (BLOCK / 4);
    uint8_t block[BLOCK];
    for (unsigned i = 0; i < COUNT_STEP && counted_blocks < table_blocks; i++) {
        if (card_disk_read(card_fat.fatbase + counted_blocks, block, 1) != HAL_OK) {
            counting = false; /* it stays unknown */
            return;
        }
        counted_free += free_in(counted_blocks, block);
        counted_blocks++;
    }
    if (counted_blocks < table_blocks) {
        return;
    }
    if (card_fat.wflag) { /* a change that is still in memory only */
        correct_count(card_fat.winsect, card_fat.win, 1);
    }
    card_fat.free_clst = counted_free;
    counting = false;
    card_disk_watch(NULL);
}

int card_fat_space(struct storage_volume *space)
{
    for (unsigned i = 0; i < COUNT_STEPS && counting; i++) {
        card_fat_count_on();
    }
    DWORD unused = counted_free;
    int result = STORAGE_OK;
    if (!counting) {
        result = card_fat_error(f_getfree(&card_fat, &unused));
    }
    *space = (struct storage_volume){.block_size = card_fat.csize * BLOCK,
                                     .blocks = clusters(),
                                     .free_blocks = unused < clusters() ? unused : clusters(),
                                     .counting = counting};
    return result;
}

/* ---- time stamps */

/* Days from 1 March of year 0 of the Gregorian calendar, in which each leap day ends its year. */
static uint32_t days_to(uint32_t year, uint32_t month, uint32_t day)
{
    if (month < 3) {
        year--;
        month += 12;
    }
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1;
}

#define EPOCH days_to(1970, 1, 1)

uint32_t card_fat_seconds(WORD date, WORD time)
{
    uint32_t month = date >> 5 & 15, day = date & 31;
    if (month < 1 || month > 12 || day < 1) {
        return 0;
    }
    uint64_t days = days_to(1980u + (date >> 9), month, day) - EPOCH;
    uint64_t seconds =
        days * 86400 + (time >> 11) * 3600u + (time >> 5 & 63) * 60u + (time & 31) * 2u;
    return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

void card_fat_stamp(uint32_t seconds, WORD *date, WORD *time)
{
    uint32_t days = seconds / 86400 + EPOCH;
    if (days < days_to(1980, 1, 1)) {
        days = days_to(1980, 1, 1);
        seconds = 0;
    }
    uint32_t year = days / 366;
    while (days_to(year + 1, 3, 1) <= days) {
        year++;
    }
    uint32_t rest = days - days_to(year, 3, 1);
    uint32_t month = (5 * rest + 2) / 153;
    uint32_t day = rest - (153 * month + 2) / 5 + 1;
    month += 3;
    if (month > 12) {
        month -= 12;
        year++;
    }
    *date = (WORD)((year - 1980) << 9 | month << 5 | day);
    seconds %= 86400;
    *time = (WORD)(seconds / 3600 << 11 | seconds / 60 % 60 << 5 | seconds % 60 / 2);
}

/* For FatFs: now. */
DWORD get_fattime(void)
{
    WORD date, time;
    card_fat_stamp(storage_now(), &date, &time);
    return (DWORD)date << 16 | time;
}

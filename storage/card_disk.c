#include "storage/card_disk.h"

#include "hal/result.h"
#include "storage/card_fat.h"
#include "storage/fat_disk.h"

#include <string.h>

struct line {
    uint32_t block;
    uint32_t count; /* 0: empty */
    uint64_t used;
    uint8_t data[HAL_SDCARD_TRANSFER_MAX * HAL_SDCARD_BLOCK];
};

static struct hal_sdcard card;
static bool gone;
static uint32_t budget;
/* One follows the allocation table, the other a directory or a file. */
static struct line lines[2];
static uint64_t uses;
/* FatFs's window, block after block, on its way to the card. An entry of exFAT is three and more
 * records, and often they lie across two blocks, or three: in one trip they become one step. */
static struct {
    uint32_t block;
    uint32_t count; /* 0: nothing */
    uint8_t data[HAL_SDCARD_TRANSFER_MAX * HAL_SDCARD_BLOCK];
} held;
static void (*writing_hook)(uint32_t block, const uint8_t *data, uint32_t count);
static const struct fat_disk *other_disks;

static struct part {
    uint32_t first, blocks;
    void (*between)(void);
    bool begun; /* the first block of the card has been cleared */
} part;

void card_disk_use(const struct hal_sdcard *new_card)
{
    card = *new_card;
    gone = false;
    writing_hook = NULL;
    lines[0].count = lines[1].count = 0;
    held.count = 0;
}

const struct hal_sdcard *card_disk_card(void)
{
    return &card;
}

bool card_disk_present(void)
{
    struct hal_sdcard now;
    hal_sdcard_look(&now);
    gone = gone || now.insertion != card.insertion;
    return !gone;
}

void card_disk_begin(void)
{
    budget = CARD_DISK_BUDGET;
}

void card_disk_allow(uint32_t bytes)
{
    budget += bytes / HAL_SDCARD_BLOCK;
}

void card_disk_watch(void (*writing)(uint32_t block, const uint8_t *data, uint32_t count))
{
    writing_hook = writing;
}

void *card_disk_scratch(uint32_t *size)
{
    lines[0].count = lines[1].count = 0;
    *size = sizeof lines[0].data;
    return lines[0].data;
}

/* Note that the card has gone, as soon as it says so. */
static int noted(int result)
{
    gone = gone || result == HAL_ERROR_GONE;
    return result;
}

/* A trip, unless there were too many. */
static int trip(uint32_t block, uint32_t count)
{
    if (gone) {
        return HAL_ERROR_GONE;
    }
    if (block >= card.blocks || count > card.blocks - block) {
        return HAL_ERROR_RANGE;
    }
    if (budget == 0) {
        return HAL_ERROR_FAILED;
    }
    budget--;
    return HAL_OK;
}

static int read_blocks(uint32_t block, void *data, uint32_t count)
{
    int result = trip(block, count);
    if (result == HAL_OK) {
        result = noted(hal_sdcard_read(card.insertion, block, data, count));
    }
    for (uint32_t i = 0; i < count && result == HAL_OK; i++) {
        uint32_t at = block + i - held.block;
        if (at < held.count) {
            memcpy((uint8_t *)data + i * HAL_SDCARD_BLOCK, held.data + at * HAL_SDCARD_BLOCK,
                   HAL_SDCARD_BLOCK);
        }
    }
    return result;
}

static struct line *line_of(uint32_t block)
{
    for (unsigned i = 0; i < 2; i++) {
        if (block - lines[i].block < lines[i].count) {
            return &lines[i];
        }
    }
    return NULL;
}

static int read_ahead(uint32_t block, void *data)
{
    struct line *line = line_of(block);
    if (line == NULL) {
        line = lines[0].used <= lines[1].used ? &lines[0] : &lines[1];
        line->block = block - block % HAL_SDCARD_TRANSFER_MAX;
        uint32_t rest = block < card.blocks ? card.blocks - line->block : 0;
        line->count = 0;
        uint32_t count = rest < HAL_SDCARD_TRANSFER_MAX ? rest : HAL_SDCARD_TRANSFER_MAX;
        int result = read_blocks(line->block, line->data, count);
        if (result == HAL_ERROR_FAILED) { /* one of them is bad: is it this one? */
            return read_blocks(block, data, 1);
        }
        if (result != HAL_OK) {
            return result;
        }
        line->count = count;
    }
    line->used = ++uses;
    memcpy(data, line->data + (block - line->block) * HAL_SDCARD_BLOCK, HAL_SDCARD_BLOCK);
    return HAL_OK;
}

int card_disk_read(uint32_t block, void *data, uint32_t count)
{
    uint8_t *next = data;
    while (count > 0) {
        uint32_t now = count < HAL_SDCARD_TRANSFER_MAX ? count : HAL_SDCARD_TRANSFER_MAX;
        int result = now == 1 ? read_ahead(block, next) : read_blocks(block, next, now);
        if (result != HAL_OK) {
            return result;
        }
        block += now;
        next += now * HAL_SDCARD_BLOCK;
        count -= now;
    }
    return HAL_OK;
}

/* The lines show what is on the card; what is there after a failure nobody knows. */
static void update_lines(uint32_t block, const uint8_t *data, uint32_t count, bool known)
{
    for (uint32_t i = 0; i < count; i++) {
        struct line *line = line_of(block + i);
        while (line != NULL && !known) {
            line->count = 0;
            line = line_of(block + i);
        }
        for (unsigned k = 0; known && k < 2; k++) {
            uint32_t at = block + i - lines[k].block;
            if (at < lines[k].count) {
                memcpy(lines[k].data + at * HAL_SDCARD_BLOCK, data + i * HAL_SDCARD_BLOCK,
                       HAL_SDCARD_BLOCK);
            }
        }
    }
}

int card_disk_flush(void)
{
    if (held.count == 0) {
        return HAL_OK;
    }
    int result = trip(held.block, held.count);
    if (result == HAL_OK) {
        result = noted(hal_sdcard_write(card.insertion, held.block, held.data, held.count));
    }
    held.count = result == HAL_OK ? 0 : held.count;
    return result;
}

static void announce(uint32_t block, const uint8_t *data, uint32_t count)
{
    if (writing_hook != NULL) {
        writing_hook(block, data, count);
    }
}

/* Write a block with the next ones, or soon. */
static int hold(uint32_t block, const uint8_t *data)
{
    if (block >= card.blocks) {
        return HAL_ERROR_RANGE;
    }
    if (block != held.block + held.count || held.count == HAL_SDCARD_TRANSFER_MAX) {
        int result = card_disk_flush();
        if (result != HAL_OK) {
            return result;
        }
    }
    announce(block, data, 1);
    held.block = held.count == 0 ? block : held.block;
    memcpy(held.data + held.count * HAL_SDCARD_BLOCK, data, HAL_SDCARD_BLOCK);
    held.count++;
    update_lines(block, data, 1, true);
    return HAL_OK;
}

int card_disk_write(uint32_t block, const void *data, uint32_t count)
{
    const uint8_t *next = data;
    int result = card_disk_flush();
    while (count > 0 && result == HAL_OK) {
        uint32_t now = count < HAL_SDCARD_TRANSFER_MAX ? count : HAL_SDCARD_TRANSFER_MAX;
        announce(block, next, now);
        result = trip(block, now);
        if (result == HAL_OK) {
            result = noted(hal_sdcard_write(card.insertion, block, next, now));
            update_lines(block, next, now, result == HAL_OK);
        }
        block += now;
        next += now * HAL_SDCARD_BLOCK;
        count -= now;
    }
    return result;
}

/* ---- FatFs's side */

void *card_disk_drive(void)
{
    return &card;
}

void *card_disk_part(uint32_t first, uint32_t blocks, void (*between)(void))
{
    part = (struct part){first, blocks, between, false};
    return &part;
}

void fat_disk_set_others(const struct fat_disk *others)
{
    other_disks = others;
}

static DRESULT drive_result(int result)
{
    switch (result) {
    case HAL_OK:
        return RES_OK;
    case HAL_ERROR_PROTECTED:
        return RES_WRPRT;
    case HAL_ERROR_GONE:
        return RES_NOTRDY;
    default:
        return RES_ERROR;
    }
}

/* What the card held is gone with the first write: until the new file system is complete there is
 * none, rather than half of one. */
static int begin_part(void)
{
    static const uint8_t zeros[HAL_SDCARD_BLOCK];
    if (part.begun) {
        return HAL_OK;
    }
    part.begun = true;
    return card_disk_write(0, zeros, 1);
}

/* Each trip is a call of its own here, between which others may use storage. */
static int part_transfer(bool write, BYTE *data, uint32_t sector, uint32_t count)
{
    while (count > 0) {
        if (sector >= part.blocks) {
            return HAL_ERROR_RANGE;
        }
        uint32_t now = count < HAL_SDCARD_TRANSFER_MAX ? count : HAL_SDCARD_TRANSFER_MAX;
        card_disk_begin();
        int result = write ? begin_part() : HAL_OK;
        if (result == HAL_OK) {
            result = write ? card_disk_write(part.first + sector, data, now)
                           : read_blocks(part.first + sector, data, now);
        }
        if (part.between != NULL) {
            part.between();
        }
        if (result != HAL_OK) {
            return result;
        }
        data += now * HAL_SDCARD_BLOCK;
        sector += now;
        count -= now;
    }
    return HAL_OK;
}

DRESULT disk_read(void *drv, BYTE *data, DWORD sector, UINT count)
{
    if (drv == &card) {
        return drive_result(card_disk_read(sector, data, count));
    }
    if (drv == &part) {
        return drive_result(part_transfer(false, data, sector, count));
    }
    return other_disks != NULL ? other_disks->read(drv, data, sector, count) : RES_PARERR;
}

DRESULT disk_write(void *drv, const BYTE *data, DWORD sector, UINT count)
{
    if (drv == &card) {
        bool is_window = data == card_fat.win;
        return drive_result(is_window ? hold(sector, data) : card_disk_write(sector, data, count));
    }
    if (drv == &part) {
        return drive_result(part_transfer(true, (BYTE *)data, sector, count));
    }
    return other_disks != NULL ? other_disks->write(drv, data, sector, count) : RES_PARERR;
}

DRESULT disk_ioctl(void *drv, BYTE command, void *data)
{
    if (drv != &card && drv != &part) {
        return other_disks != NULL ? other_disks->ioctl(drv, command, data) : RES_PARERR;
    }
    switch (command) {
    case CTRL_SYNC: /* a write returns when the card has got it */
        return drive_result(card_disk_flush());
    case IOCTL_INIT:
    case IOCTL_STATUS:
        *(DSTATUS *)data = (BYTE)((gone ? STA_NOINIT : 0) | (card.read_only ? STA_PROTECT : 0));
        return RES_OK;
    case GET_SECTOR_COUNT:
        *(DWORD *)data = drv == &part ? part.blocks : card.blocks;
        return RES_OK;
    default:
        return RES_PARERR;
    }
}

#include "storage/flash_volume.h"

#include "hal/flash.h"
#include "hal/result.h"
#include "storage/storage.h"

#include <string.h>

lfs2_t flash_volume;

static bool mounted;
static bool stopped;

static uint8_t read_cache[FLASH_VOLUME_CACHE];
static uint8_t program_cache[FLASH_VOLUME_CACHE];
static uint32_t lookahead[(FLASH_VOLUME_BLOCKS + 63) / 64 * 2];

static int translate(int result)
{
    switch (result) {
    case HAL_OK:
        return LFS2_ERR_OK;
    case HAL_ERROR_FAILED: /* a bad sector: littlefs goes on with another one */
        return LFS2_ERR_CORRUPT;
    default:
        return LFS2_ERR_IO;
    }
}

/* Blocks that littlefs read from a damaged medium may lie anywhere. */
static bool in_volume(lfs2_block_t block, uint32_t offset, uint32_t size)
{
    return block < FLASH_VOLUME_BLOCKS && offset <= FLASH_SECTOR_SIZE &&
           size <= FLASH_SECTOR_SIZE - offset;
}

static uint32_t address_of(lfs2_block_t block, uint32_t offset)
{
    return FLASH_FS_ADDRESS + block * FLASH_SECTOR_SIZE + offset;
}

static int block_read(const struct lfs2_config *config, lfs2_block_t block, lfs2_off_t offset,
                      void *data, lfs2_size_t size)
{
    if (stopped)
        return LFS2_ERR_IO;
    if (!in_volume(block, offset, size))
        return LFS2_ERR_CORRUPT;
    return translate(hal_flash_read(address_of(block, offset), data, size));
}

static int block_program(const struct lfs2_config *config, lfs2_block_t block, lfs2_off_t offset,
                         const void *data, lfs2_size_t size)
{
    if (stopped)
        return LFS2_ERR_IO;
    if (!in_volume(block, offset, size))
        return LFS2_ERR_CORRUPT;
    return translate(hal_flash_program(address_of(block, offset), data, size));
}

static int block_erase(const struct lfs2_config *config, lfs2_block_t block)
{
    if (stopped)
        return LFS2_ERR_IO;
    if (!in_volume(block, 0, FLASH_SECTOR_SIZE))
        return LFS2_ERR_CORRUPT;
    return translate(hal_flash_erase_sector(address_of(block, 0)));
}

static int block_sync(const struct lfs2_config *config)
{
    return stopped ? LFS2_ERR_IO
                   : LFS2_ERR_OK; /* a flash command returns when the chip has finished */
}

static const struct lfs2_config config = {
    .read = block_read,
    .prog = block_program,
    .erase = block_erase,
    .sync = block_sync,
    .read_size = 16,
    /* A whole page: littlefs checks the erased state of one program unit behind its last commit to
     * learn whether a program was cut short. In a torn page any byte may have been programmed, so
     * the unit must not be smaller. */
    .prog_size = FLASH_PAGE_SIZE,
    .block_size = FLASH_SECTOR_SIZE,
    .block_count = FLASH_VOLUME_BLOCKS,
    .block_cycles = 500, /* erases of a metadata block before it moves; a chip stands 100000 */
    .cache_size = FLASH_VOLUME_CACHE,
    .lookahead_size = sizeof lookahead, /* one bit for every block: one walk finds all free ones */
    .read_buffer = read_cache,
    .prog_buffer = program_cache,
    .lookahead_buffer = lookahead,
};

static void (*others_broken)(void);

void flash_volume_set_others(void (*broken)(void))
{
    others_broken = broken;
}

void flash_volume_broken(void)
{
    if (others_broken != NULL && !storage_busy()) {
        others_broken();
    }
    stopped = true;
}

bool flash_volume_usable(void)
{
    return mounted && !stopped;
}

/* A commit that splits a folder takes the global state for written with the first part, which
 * nothing refers to when the second one has no room. So a move that seems to have begun is looked
 * up: mounting sums up what the chip has. It uses the same caches. */
static void look_for_move(void)
{
    static lfs2_t again;
    if (lfs2_mount(&again, &config) == LFS2_ERR_OK) {
        flash_volume.gdisk = again.gdisk;
    }
    flash_volume.rcache.block = (lfs2_block_t)-1;
}

void flash_volume_tidy(void)
{
    const uint32_t move = 0x7ffffc00; /* the bits of a move in littlefs's global state */
    flash_volume.free.ack = flash_volume.block_count;
    flash_volume.pcache.block = (lfs2_block_t)-1; /* none */
    if ((flash_volume.gdisk.tag & move) != 0 && flash_volume_usable()) {
        look_for_move();
    }
    flash_volume.gstate.tag = (flash_volume.gstate.tag & ~move) | (flash_volume.gdisk.tag & move);
    memcpy(flash_volume.gstate.pair, flash_volume.gdisk.pair, sizeof flash_volume.gstate.pair);
    memset(&flash_volume.gdelta, 0, sizeof flash_volume.gdelta);
}

int flash_volume_mount(void)
{
    stopped = false;
    mounted = false;
    int result = lfs2_mount(&flash_volume, &config);
    if (result == LFS2_ERR_OK && stopped)
        result = LFS2_ERR_CORRUPT;
    mounted = result == LFS2_ERR_OK;
    return result;
}

/* Blocks 0 and 1 are the root of everything, each with a revision number in its first word; the
 * higher one is in force. The other goes first: at no moment is an outdated root in force, whose
 * files may be overwritten. */
static int erase_root(void)
{
    uint32_t revision[2];
    for (lfs2_block_t block = 0; block < 2; block++) {
        int result = block_read(&config, block, 0, &revision[block], sizeof revision[block]);
        if (result != LFS2_ERR_OK)
            return result;
    }
    lfs2_block_t newer = (int32_t)(revision[1] - revision[0]) > 0 ? 1 : 0;
    int result = block_erase(&config, 1 - newer);
    return result == LFS2_ERR_OK ? block_erase(&config, newer) : result;
}

int flash_volume_format(void)
{
    mounted = false;
    stopped = false;
    int result = erase_root();
    return result == LFS2_ERR_OK ? lfs2_format(&flash_volume, &config) : result;
}

static bool only_erased_bytes(const uint8_t *data, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if (data[i] != 0xFF)
            return false;
    return true;
}

/* Formatting programs the first page of blocks 0 and 1, and no other. Once the first-boot files are
 * there, other blocks are programmed, and are never all erased again: so a volume that was in use,
 * however damaged, is never taken for an erased one. */
bool flash_volume_is_erased(void)
{
    for (uint32_t at = 0; at < FLASH_FS_SIZE; at += FLASH_PAGE_SIZE) {
        if (at == 0 || at == FLASH_SECTOR_SIZE)
            continue;
        if (hal_flash_read(FLASH_FS_ADDRESS + at, read_cache, FLASH_PAGE_SIZE) != HAL_OK ||
            !only_erased_bytes(read_cache, FLASH_PAGE_SIZE))
            return false;
    }
    return true;
}

uint32_t flash_volume_free_blocks(void)
{
    lfs2_ssize_t used = lfs2_fs_size(&flash_volume);
    return used < 0 || used > (lfs2_ssize_t)FLASH_VOLUME_BLOCKS
               ? 0
               : FLASH_VOLUME_BLOCKS - (uint32_t)used;
}

#include "tests/powerloss/ram_card.h"

#include "hal/result.h"

#include <stdlib.h>
#include <string.h>

struct ram_card ram_card;

#define CHUNK  64u /* blocks */
#define CHUNKS (1u << 21)

static uint8_t *chunks[CHUNKS]; /* NULL: zeros */
static uint8_t *kept[CHUNKS];
static struct hal_sdcard slot;
static uint32_t blocks;
static uint32_t insertions;

static uint32_t chunk_count(void)
{
    return (blocks + CHUNK - 1) / CHUNK;
}

static void forget(uint8_t **table)
{
    for (uint32_t i = 0; i < chunk_count(); i++) {
        free(table[i]);
        table[i] = NULL;
    }
}

static void copy(uint8_t **to, uint8_t **from)
{
    forget(to);
    for (uint32_t i = 0; i < chunk_count(); i++) {
        if (from[i] != NULL) {
            to[i] = malloc(CHUNK * HAL_SDCARD_BLOCK);
            memcpy(to[i], from[i], CHUNK * HAL_SDCARD_BLOCK);
        }
    }
}

void ram_card_reset(uint32_t new_blocks)
{
    forget(chunks);
    forget(kept);
    memset(&ram_card, 0, sizeof ram_card);
    memset(&slot, 0, sizeof slot);
    blocks = new_blocks;
}

void ram_card_insert(bool read_only)
{
    slot = (struct hal_sdcard){++insertions, blocks, read_only};
    ram_card.reads = ram_card.writes = 0;
}

void ram_card_eject(void)
{
    memset(&slot, 0, sizeof slot);
}

void ram_card_keep(void)
{
    copy(kept, chunks);
}

void ram_card_restore(void)
{
    copy(chunks, kept);
}

uint8_t *ram_card_block(uint32_t block)
{
    uint8_t **chunk = &chunks[block / CHUNK];
    if (*chunk == NULL) {
        *chunk = calloc(CHUNK, HAL_SDCARD_BLOCK);
    }
    return *chunk + block % CHUNK * HAL_SDCARD_BLOCK;
}

uint8_t *ram_card_peek(uint32_t block)
{
    return chunks[block / CHUNK] == NULL ? NULL : ram_card_block(block);
}

uint32_t ram_card_used(void)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < chunk_count(); i++) {
        used += chunks[i] != NULL ? CHUNK : 0;
    }
    return used;
}

void hal_sdcard_look(struct hal_sdcard *card)
{
    *card = slot;
}

static int check(uint32_t insertion, uint32_t block, uint32_t count)
{
    ram_card.burst++;
    if (ram_card.burst > ram_card.largest_burst) {
        ram_card.largest_burst = ram_card.burst;
    }
    if (ram_card.gone_at != 0 && ram_card.reads + ram_card.writes >= ram_card.gone_at) {
        ram_card_eject();
    }
    if (insertion == 0 || insertion != slot.insertion) {
        return HAL_ERROR_GONE;
    }
    if (count == 0 || count > HAL_SDCARD_TRANSFER_MAX || block >= blocks ||
        count > blocks - block) {
        return HAL_ERROR_RANGE;
    }
    return ram_card.fails ? HAL_ERROR_FAILED : HAL_OK;
}

int hal_sdcard_read(uint32_t insertion, uint32_t block, void *data, uint32_t count)
{
    ram_card.reads++;
    int result = check(insertion, block, count);
    if (result == HAL_OK && ram_card.bad && ram_card.bad_block - block < count) {
        result = HAL_ERROR_FAILED;
    }
    for (uint32_t i = 0; i < count && result == HAL_OK; i++) {
        uint8_t *to = (uint8_t *)data + i * HAL_SDCARD_BLOCK;
        if (chunks[(block + i) / CHUNK] != NULL) {
            memcpy(to, ram_card_block(block + i), HAL_SDCARD_BLOCK);
        } else {
            memset(to, 0, HAL_SDCARD_BLOCK);
        }
    }
    return result;
}

static bool is_zeros(const uint8_t *data)
{
    return data[0] == 0 && memcmp(data, data + 1, HAL_SDCARD_BLOCK - 1) == 0;
}

int hal_sdcard_write(uint32_t insertion, uint32_t block, const void *data, uint32_t count)
{
    ram_card.writes++;
    int result = check(insertion, block, count);
    if (result == HAL_OK && slot.read_only) {
        result = HAL_ERROR_PROTECTED;
    }
    if (result == HAL_OK) {
        for (uint32_t i = 0; i < count; i++) {
            const uint8_t *from = (const uint8_t *)data + i * HAL_SDCARD_BLOCK;
            if (ram_card_peek(block + i) != NULL || !is_zeros(from)) {
                memcpy(ram_card_block(block + i), from, HAL_SDCARD_BLOCK);
            }
        }
    }
    return result;
}

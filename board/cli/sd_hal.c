#include "board/cli/sd_hal.h"

#include "hal/result.h"
#include "hal/sdcard.h"

_Static_assert(HAL_SDCARD_BLOCK == SD_SLOT_BLOCK, "a block is a block");

static struct sd_slot empty;
static struct sd_slot *slot = &empty;

void sd_hal_init(struct sd_slot *opened)
{
    slot = opened;
}

void hal_sdcard_look(struct hal_sdcard *card)
{
    *card = (struct hal_sdcard){0};
    if (slot->insertion != 0) {
        card->insertion = slot->insertion;
        card->blocks = slot->blocks;
        card->read_only = slot->lock != SD_SLOT_WRITABLE;
    }
}

/* More than a transfer is outside of every card. */
static uint32_t bytes(uint32_t count)
{
    return count <= HAL_SDCARD_TRANSFER_MAX ? count * HAL_SDCARD_BLOCK : 0;
}

int hal_sdcard_read(uint32_t insertion, uint32_t block, void *data, uint32_t count)
{
    return sd_slot_read(slot, insertion, block, data, bytes(count));
}

int hal_sdcard_write(uint32_t insertion, uint32_t block, const void *data, uint32_t count)
{
    return sd_slot_write(slot, insertion, block, data, bytes(count));
}

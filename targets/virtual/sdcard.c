#include "hal/sdcard.h"

#include <stdatomic.h>
#include <stddef.h>

#include "hal/result.h"
#include "targets/virtual/mcu_link.h"

_Static_assert(HAL_SDCARD_BLOCK *HAL_SDCARD_TRANSFER_MAX == LINK_DATA_MAX,
               "a transfer is one trip on the wire");

static uint32_t insertion_now(void)
{
    return MCU_REGISTERS->sd.insertion;
}

/* The board may change the slot meanwhile; then it counts as empty until its event, which follows.
 */
void hal_sdcard_look(struct hal_sdcard *card)
{
    card->insertion = insertion_now();
    atomic_thread_fence(memory_order_seq_cst);
    card->blocks = MCU_REGISTERS->sd.blocks;
    card->read_only = MCU_REGISTERS->sd.read_only != 0;
    atomic_thread_fence(memory_order_seq_cst);
    if (card->insertion == 0 || card->insertion != insertion_now()) {
        *card = (struct hal_sdcard){0};
    }
}

/* The board checks it all again; here it saves the trip, and keeps nonsense off the bus. */
static int check(uint32_t insertion, uint32_t count)
{
    if (insertion == 0 || insertion != insertion_now()) {
        return HAL_ERROR_GONE;
    }
    return count >= 1 && count <= HAL_SDCARD_TRANSFER_MAX ? HAL_OK : HAL_ERROR_RANGE;
}

static struct link_command transfer(enum link_command_code code, uint32_t insertion, uint32_t block,
                                    uint32_t count)
{
    return (struct link_command){
        .code = code, .value = insertion, .address = block, .size = count * HAL_SDCARD_BLOCK};
}

int hal_sdcard_read(uint32_t insertion, uint32_t block, void *data, uint32_t count)
{
    int result = check(insertion, count);
    if (result != HAL_OK) {
        return result;
    }
    struct link_command command = transfer(LINK_SD_READ, insertion, block, count);
    return mcu_call_for_data(&command, data);
}

int hal_sdcard_write(uint32_t insertion, uint32_t block, const void *data, uint32_t count)
{
    int result = check(insertion, count);
    if (result != HAL_OK) {
        return result;
    }
    struct link_command command = transfer(LINK_SD_WRITE, insertion, block, count);
    return mcu_call(&command, data);
}

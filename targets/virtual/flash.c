#include "hal/flash.h"

#include "hal/result.h"
#include "lib/flash_map.h"
#include "targets/virtual/mcu_link.h"

static int in_chip(uint32_t address, uint32_t size)
{
    return address <= FLASH_SIZE && size <= FLASH_SIZE - address;
}

int hal_flash_read(uint32_t address, void *data, uint32_t size)
{
    if (!in_chip(address, size)) {
        return HAL_ERROR_RANGE;
    }
    /* Not volatile: the contents change only while a command of ours is under way, and mcu_call()
     * is opaque here. */
    const uint8_t *from = (const uint8_t *)LINK_FLASH_ADDRESS + address;
    uint8_t *to = data;
    for (uint32_t i = 0; i < size; i++) {
        to[i] = (uint8_t)~from[i];
    }
    return HAL_OK;
}

int hal_flash_program(uint32_t address, const void *data, uint32_t size)
{
    if (!in_chip(address, size) || size > FLASH_SECTOR_SIZE - address % FLASH_SECTOR_SIZE) {
        return HAL_ERROR_RANGE;
    }
    if (size == 0) {
        return HAL_OK;
    }
    return mcu_call(
        &(struct link_command){.code = LINK_FLASH_PROGRAM, .address = address, .size = size}, data);
}

int hal_flash_erase_sector(uint32_t address)
{
    if (!in_chip(address, FLASH_SECTOR_SIZE) || address % FLASH_SECTOR_SIZE) {
        return HAL_ERROR_RANGE;
    }
    return mcu_call(&(struct link_command){.code = LINK_FLASH_ERASE, .address = address}, NULL);
}

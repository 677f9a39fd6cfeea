#include "hal/flash.h"

#include <errno.h>
#include <unistd.h>

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
    uint8_t *to = data;
    for (uint32_t done = 0; done < size;) {
        ssize_t n = pread(LINK_FD_FLASH, to + done, size - done, (off_t)(address + done));
        if (n > 0) {
            done += (uint32_t)n;
        } else if (n == 0 || errno != EINTR) {
            return HAL_ERROR_FAILED; /* the host's disk, or somebody who cut the file short */
        }
    }
    for (uint32_t i = 0; i < size; i++) {
        to[i] = (uint8_t)~to[i];
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

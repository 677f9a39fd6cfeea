#include "board/cli/flash_hal.h"

#include "board/nor.h"
#include "hal/flash.h"
#include "hal/reset.h"
#include "hal/result.h"
#include "hal/rtc.h"
#include "lib/flash_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static struct flash_chip *chip;
static uint8_t *private_cells; /* inverted, like those of the chip; NULL: changes go to the chip */

int flash_hal_init(struct flash_chip *opened, bool keep)
{
    chip = opened;
    private_cells = NULL;
    if (keep)
        return FLASH_CHIP_OK;
    void *map = mmap(NULL, FLASH_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, chip->fd, 0);
    if (map == MAP_FAILED)
        return FLASH_CHIP_SYSTEM;
    private_cells = map;
    return FLASH_CHIP_OK;
}

/* storage/ is trusted to keep to the chip here: it checks what it reads from a damaged one. */
int hal_flash_read(uint32_t address, void *data, uint32_t size)
{
    if (private_cells == NULL)
        return flash_chip_read(chip, address, data, size);
    uint8_t *bytes = data;
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)~private_cells[address + i];
    return HAL_OK;
}

int hal_flash_program(uint32_t address, const void *data, uint32_t size)
{
    if (private_cells == NULL)
        return flash_chip_program(chip, address, data, size);
    nor_program(private_cells + address, data, size);
    return HAL_OK;
}

int hal_flash_erase_sector(uint32_t address)
{
    if (private_cells == NULL)
        return flash_chip_erase_sector(chip, address);
    memset(private_cells + address, 0, FLASH_SECTOR_SIZE);
    return HAL_OK;
}

uint64_t hal_rtc_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

_Noreturn void hal_fault(const char *reason)
{
    fprintf(stderr, "wipy flash: %s\n", reason);
    abort();
}

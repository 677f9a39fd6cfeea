#include "tests/powerloss/ram_chip.h"

#include "board/nor.h"
#include "hal/flash.h"
#include "hal/reset.h"
#include "hal/result.h"
#include "hal/rtc.h"
#include "lib/flash_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTORS (FLASH_SIZE / FLASH_SECTOR_SIZE)

struct ram_chip ram_chip;

static uint8_t cells[FLASH_SIZE];
static uint8_t *saved[SECTORS]; /* what was there at the mark; NULL: unchanged since */
static bool marked;

void ram_chip_reset(void)
{
    for (uint32_t i = 0; i < SECTORS; i++) {
        free(saved[i]);
        saved[i] = NULL;
    }
    memset(cells, 0, sizeof cells);
    marked = false;
    ram_chip = (struct ram_chip){.rtc_us = 1700000000u * 1000000ull};
}

void ram_chip_mark(void)
{
    marked = true;
}

void ram_chip_wind_back(void)
{
    for (uint32_t i = 0; i < SECTORS; i++) {
        if (saved[i] == NULL)
            continue;
        memcpy(cells + i * FLASH_SECTOR_SIZE, saved[i], FLASH_SECTOR_SIZE);
        free(saved[i]);
        saved[i] = NULL;
    }
    marked = false;
}

static void save(uint32_t address)
{
    uint32_t sector = address / FLASH_SECTOR_SIZE;
    if (!marked || saved[sector] != NULL)
        return;
    saved[sector] = malloc(FLASH_SECTOR_SIZE);
    if (saved[sector] == NULL)
        abort();
    memcpy(saved[sector], cells + sector * FLASH_SECTOR_SIZE, FLASH_SECTOR_SIZE);
}

void ram_chip_damage(uint32_t address, uint8_t byte)
{
    save(address);
    cells[address] = (uint8_t)~byte;
}

uint8_t *ram_chip_cells(uint32_t address)
{
    return cells + address;
}

uint32_t ram_chip_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

void ram_chip_apply(const struct ram_chip_command *command)
{
    save(command->address);
    if (command->erase)
        memset(cells + command->address, 0, FLASH_SECTOR_SIZE);
    else if (!nor_program(cells + command->address, command->data, command->size))
        ram_chip.misuses++;
}

/* Some of the bytes from `begin` on, or some bits of each: programmed (data) or erased (NULL). */
static void tear(uint8_t *at, const uint8_t *data, uint32_t size, uint32_t *random)
{
    uint32_t kind = ram_chip_random(random) % 4;
    uint32_t begin = 0, end = size;
    if (kind == 0)
        end = ram_chip_random(random) % (size + 1); /* the first ones */
    else if (kind == 1)
        begin = ram_chip_random(random) % (size + 1); /* the last ones */
    for (uint32_t i = begin; i < end; i++) {
        uint8_t reached = 0xFF; /* bits that the command got to */
        if (kind == 2)
            reached = (uint8_t)ram_chip_random(random);
        else if (kind == 3 && ram_chip_random(random) % 16 != 0)
            reached = 0;
        if (data)
            at[i] |= (uint8_t)~data[i] & reached;
        else
            at[i] &= (uint8_t)~reached;
    }
}

void ram_chip_apply_torn(const struct ram_chip_command *command, uint32_t *random)
{
    save(command->address);
    uint8_t *at = cells + command->address;
    if (command->erase) {
        tear(at, NULL, FLASH_SECTOR_SIZE, random);
        return;
    }
    uint32_t pages = (command->size + FLASH_PAGE_SIZE - 1) / FLASH_PAGE_SIZE;
    uint32_t whole = ram_chip_random(random) % pages * FLASH_PAGE_SIZE;
    uint32_t page =
        command->size - whole < FLASH_PAGE_SIZE ? command->size - whole : FLASH_PAGE_SIZE;
    nor_program(at, command->data, whole);
    tear(at + whole, command->data + whole, page, random);
}

static int carry_out(const struct ram_chip_command *command)
{
    if (ram_chip.fails)
        return HAL_ERROR_FAILED;
    ram_chip.commands++;
    if (ram_chip.watch)
        ram_chip.watch(command);
    if (ram_chip.commands == ram_chip.cut_at) {
        uint32_t random = (uint32_t)ram_chip.cut_at * 2654435761u | 1;
        ram_chip_apply_torn(command, &random);
        longjmp(ram_chip.power_lost, 1);
    }
    ram_chip_apply(command);
    return HAL_OK;
}

int hal_flash_read(uint32_t address, void *data, uint32_t size)
{
    if (address > FLASH_SIZE || size > FLASH_SIZE - address)
        return HAL_ERROR_RANGE;
    uint8_t *bytes = data;
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)~cells[address + i];
    return HAL_OK;
}

int hal_flash_program(uint32_t address, const void *data, uint32_t size)
{
    if (address > FLASH_SIZE || size > FLASH_SIZE - address ||
        address % FLASH_SECTOR_SIZE + size > FLASH_SECTOR_SIZE)
        return HAL_ERROR_RANGE;
    return carry_out(&(struct ram_chip_command){false, address, size, data});
}

int hal_flash_erase_sector(uint32_t address)
{
    if (address >= FLASH_SIZE || address % FLASH_SECTOR_SIZE != 0)
        return HAL_ERROR_RANGE;
    return carry_out(&(struct ram_chip_command){true, address, FLASH_SECTOR_SIZE, NULL});
}

uint64_t hal_rtc_us(void)
{
    return ram_chip.rtc_us += 1000000u;
}

void hal_rtc_set(uint64_t unix_us)
{
    ram_chip.rtc_us = unix_us;
}

_Noreturn void hal_fault(const char *reason)
{
    fprintf(stderr, "fault: %s\n", reason);
    abort();
}

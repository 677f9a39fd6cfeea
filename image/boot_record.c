#include "image/boot_record.h"

#include <string.h>

#include "lib/flash_map.h"
#include "storage/record.h"

#define MAGIC 0x54424f57u /* "WOBT" */

_Static_assert(sizeof(struct boot_record) == 8, "the record is what docs/spec.md says");

static const struct record_place record_place = {
    .address = FLASH_BOOT_RECORD_ADDRESS,
    .copy_size = FLASH_BOOT_RECORD_SIZE / 2,
    .magic = MAGIC,
};

static const struct place {
    const char *name;
    uint32_t address, size;
} places[HAL_BOOT_SLOTS] = {
    [HAL_BOOT_FACTORY] = {"factory", FLASH_FACTORY_ADDRESS, FLASH_FACTORY_SIZE},
    [HAL_BOOT_SLOT_A] = {"A", FLASH_SLOT_A_ADDRESS, FLASH_SLOT_SIZE},
    [HAL_BOOT_SLOT_B] = {"B", FLASH_SLOT_B_ADDRESS, FLASH_SLOT_SIZE},
    [HAL_BOOT_SLOT_C] = {"C", FLASH_SLOT_C_ADDRESS, FLASH_SLOT_SIZE},
};

static bool same_place(uint8_t one, uint8_t other)
{
    return one != HAL_BOOT_FACTORY && one == other;
}

static bool makes_sense(const struct boot_record *record)
{
    return record->latest < HAL_BOOT_SLOTS && record->previous < HAL_BOOT_SLOTS &&
           record->trial < HAL_BOOT_SLOTS && record->failed < HAL_BOOT_SLOTS &&
           record->failure < BOOT_FAILURES && !same_place(record->latest, record->previous) &&
           !same_place(record->latest, record->trial) &&
           !same_place(record->previous, record->trial) && record->reserved[0] == 0 &&
           record->reserved[1] == 0;
}

enum boot_record_status boot_record_read(struct boot_record *record)
{
    int32_t size = record_read(&record_place, record, sizeof *record);
    if (size == (int32_t)sizeof *record && makes_sense(record)) {
        return BOOT_RECORD_VALID;
    }
    memset(record, 0, sizeof *record);
    return size == STORAGE_NOT_FOUND ? BOOT_RECORD_NEW : BOOT_RECORD_DAMAGED;
}

int boot_record_write(const struct boot_record *record)
{
    if (!makes_sense(record)) {
        return STORAGE_INVALID;
    }
    return record_write(&record_place, record, sizeof *record);
}

void boot_record_confirm(struct boot_record *record, bool latest_is_valid)
{
    if (record->trial != HAL_BOOT_FACTORY) {
        if (latest_is_valid) {
            record->previous = record->latest;
        }
        record->latest = record->trial;
        record->trial = HAL_BOOT_FACTORY;
        record->starts = 0;
    }
}

void boot_record_fail(struct boot_record *record, enum boot_failure failure)
{
    if (record->trial != HAL_BOOT_FACTORY) {
        record->failed = record->trial;
        record->failure = (uint8_t)failure;
        record->trial = HAL_BOOT_FACTORY;
        record->starts = 0;
    }
}

const char *boot_failure_text(enum boot_failure failure)
{
    switch (failure) {
    case BOOT_FAILURE_NONE:
        return "no failure";
    case BOOT_FAILURE_INVALID:
        return "its image is damaged";
    case BOOT_FAILURE_FAULT:
        return "hard fault";
    case BOOT_FAILURE_TIMEOUT:
        return "its services did not come up in time";
    case BOOT_FAILURE_RESET:
        return "it reset itself";
    case BOOT_FAILURE_STARTS:
        return "started too often without coming up";
    case BOOT_FAILURE_REPLACED:
        return "another upload was to replace it, and broke off";
    default:
        return "unknown failure";
    }
}

const char *boot_place_name(enum hal_boot_slot slot)
{
    return places[slot].name;
}

uint32_t boot_place_address(enum hal_boot_slot slot)
{
    return places[slot].address;
}

uint32_t boot_place_size(enum hal_boot_slot slot)
{
    return places[slot].size;
}

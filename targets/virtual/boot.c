/* Reset, the start of an image, its trial, and what survives a reset. */
#include "hal/boot.h"
#include "hal/reset.h"
#include "hal/retained.h"
#include "targets/virtual/mcu_link.h"

_Static_assert(sizeof MCU_REGISTERS->retained / sizeof MCU_REGISTERS->retained[0] ==
                   HAL_RETAINED_COUNT,
               "the wire has as many retained registers as the HAL");

enum hal_reset_cause hal_reset_cause(void)
{
    return (enum hal_reset_cause)MCU_REGISTERS->reset_cause;
}

void hal_reset(void)
{
    mcu_send(&(struct link_command){.code = LINK_RESET}, NULL);
    mcu_wait_for_end();
}

static _Noreturn void boot(enum link_command_code code, enum hal_boot_slot slot, uint32_t address,
                           uint32_t size)
{
    mcu_send(&(struct link_command){.code = code, .value = slot, .address = address, .size = size},
             NULL);
    mcu_wait_for_end();
}

void hal_boot(enum hal_boot_slot slot, uint32_t address, uint32_t size)
{
    boot(LINK_BOOT, slot, address, size);
}

void hal_boot_trial(enum hal_boot_slot slot, uint32_t address, uint32_t size)
{
    boot(LINK_BOOT_TRIAL, slot, address, size);
}

void hal_boot_confirm(void)
{
    mcu_send(&(struct link_command){.code = LINK_BOOT_CONFIRM}, NULL);
}

enum hal_trial_end hal_trial_end(void)
{
    return (enum hal_trial_end)MCU_REGISTERS->trial_end;
}

uint32_t hal_retained_read(unsigned index)
{
    return MCU_REGISTERS->retained[index];
}

void hal_retained_write(unsigned index, uint32_t value)
{
    MCU_REGISTERS->retained[index] = value;
}

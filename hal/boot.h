/* Handing over from the boot loader to an image, and the supervision of an image on trial. */
#ifndef HAL_BOOT_H
#define HAL_BOOT_H

#include <stdint.h>

/* Where an image lies; the numbers stand in the boot record. */
enum hal_boot_slot {
    HAL_BOOT_FACTORY = 0,
    HAL_BOOT_SLOT_A = 1,
    HAL_BOOT_SLOT_B = 2,
    HAL_BOOT_SLOT_C = 3,
    HAL_BOOT_SLOTS,
};

/* Start the executable of `size` bytes at flash address `address`, in a fresh MCU. Does not return; an executable
 * that cannot be started is a hard fault. Only the boot loader may. */
_Noreturn void hal_boot(enum hal_boot_slot slot, uint32_t address, uint32_t size);

/* The same under supervision: until it calls hal_boot_confirm(), a hard fault resets the MCU at once instead of stopping it for
 * good, and so does HAL_BOOT_TRIAL_US of link time without a confirmation. */
_Noreturn void hal_boot_trial(enum hal_boot_slot slot, uint32_t address, uint32_t size);
#define HAL_BOOT_TRIAL_US 10000000u

/* The image works: the supervision ends. Nothing happens when there is none. */
void hal_boot_confirm(void);

/* How the trial ended that the last reset came out of. Survives that reset only. */
enum hal_trial_end {
    HAL_TRIAL_NONE = 0,    /* there was none, it was confirmed, or the power or the switch ended it */
    HAL_TRIAL_FAULT = 1,   /* hard fault */
    HAL_TRIAL_TIMEOUT = 2, /* HAL_BOOT_TRIAL_US passed, or a watchdog that it had started bit */
    HAL_TRIAL_RESET = 3,   /* it called hal_reset() */
};
enum hal_trial_end hal_trial_end(void);

#endif

/* What only the boot loader does: hand over to an image. */
#ifndef HAL_BOOT_H
#define HAL_BOOT_H

#include <stdint.h>

/* Where an image lies; the numbers stand in the boot record. */
enum hal_boot_slot { HAL_BOOT_FACTORY = 0, HAL_BOOT_SLOT_A = 1, HAL_BOOT_SLOT_B = 2, HAL_BOOT_SLOT_C = 3 };

/* Start the executable of `size` bytes at flash address `address`, in a fresh MCU. Does not return; an executable
 * that cannot be started is a hard fault. */
_Noreturn void hal_boot(enum hal_boot_slot slot, uint32_t address, uint32_t size);

#endif

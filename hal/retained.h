/* Registers that survive a reset and the start of an image, but not power off: then they are 0. */
#ifndef HAL_RETAINED_H
#define HAL_RETAINED_H

#include <stdint.h>

#define HAL_RETAINED_COUNT 16
#define HAL_RETAINED_BOOT_NOTE 0 /* image/boot_note.h */

/* `index` less than HAL_RETAINED_COUNT. */
uint32_t hal_retained_read(unsigned index);
void hal_retained_write(unsigned index, uint32_t value);

#endif

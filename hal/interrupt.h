/* One flag for all interrupts: non-zero when a part may have something to poll (a frame, UART input, a pin, a tick).
 *
 * The Python VM tests it once per loop iteration, so it must cost one load and one branch. While the MCU is busy (not
 * sleeping) the target also sets it at least every 10 ms of link time, so that deadlines are met. */
#ifndef HAL_INTERRUPT_H
#define HAL_INTERRUPT_H

#include <stdint.h>

/* Provided by the target; written only by it and by hal_interrupt_take(). */
extern volatile uint32_t hal_interrupt_pending;

/* Clear the flag. Call before looking at the parts, never after. */
void hal_interrupt_take(void);

#endif

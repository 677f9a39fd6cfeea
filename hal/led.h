/* The heart beat LED (GP25). */
#ifndef HAL_LED_H
#define HAL_LED_H

#include <stdbool.h>

/* Switch it; takes effect at the current board time, which the board notes in its history. Setting the present state
 * again does nothing. */
void hal_led_set(bool on);

#endif

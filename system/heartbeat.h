/* What the heart beat LED shows: the heart beat (80 ms on, once every 5 s of board time), nothing when it is disabled, and an error of
 * a script (quick flashing for about a second, also when the heart beat is disabled). docs/spec.md, "LED". */
#ifndef SYSTEM_HEARTBEAT_H
#define SYSTEM_HEARTBEAT_H

#include <stdbool.h>

#include "system/loop.h"

#define HEARTBEAT_PERIOD_US 5000000u
#define HEARTBEAT_ON_US     80000u
#define HEARTBEAT_ERROR_TOGGLE_US 50000u
#define HEARTBEAT_ERROR_TOGGLES   20u /* on, off, ... ; 1 s in all */

/* Enabled; first flash one period after this. The board's `status` is told the pattern at each change: "heartbeat", "off", "error". */
void heartbeat_init(void);
void heartbeat_enable(bool enable); /* disabling switches the LED off at once; enabling begins a new period */
bool heartbeat_enabled(void);
/* boot.py or main.py ended with an error: flash quickly, then go on as before. Again while it flashes: begins anew. */
void heartbeat_error(void);
void heartbeat_poll(void);
void heartbeat_deadline(struct loop_deadline *deadline);

#endif

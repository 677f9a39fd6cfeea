/* What the heart beat LED shows: the heart beat (80 ms on, once every 5 s of board time), nothing when it is disabled, and an error of
 * a script (quick flashing for a second, also when the heart beat is disabled). docs/spec.md, "LED". */
#ifndef SYSTEM_HEARTBEAT_H
#define SYSTEM_HEARTBEAT_H

#include <stdbool.h>

#include "system/loop.h"

#define HEARTBEAT_PERIOD_US 5000000u
#define HEARTBEAT_ON_US     80000u
#define HEARTBEAT_ERROR_TOGGLE_US 50000u
#define HEARTBEAT_ERROR_TOGGLES   20u /* on, off, ..., off; 1 s in all */

/* Enabled; first flash one period after this. The board's `status` is told the pattern at each change: "heartbeat", "off", "error". */
void heartbeat_init(void);

/* Disabling switches the LED off at once; enabling begins a period: the first flash is at its end. While an error is shown, either takes
 * effect after it. Nothing happens when it is so already. */
void heartbeat_enable(bool enable);
bool heartbeat_enabled(void);

/* boot.py or main.py ended with an error. The LED goes on at once (a flash of the heart beat that was under way becomes part of this one) and then toggles,
 * the last time to off; one HEARTBEAT_ERROR_TOGGLE_US after that a period of the heart beat begins, or the LED stays off when it is
 * disabled. Again while it flashes: begins anew. */
void heartbeat_error(void);

/* Loop client. */
void heartbeat_poll(void);
void heartbeat_deadline(struct loop_deadline *deadline);

#endif

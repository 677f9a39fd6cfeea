/* The heart beat LED's pattern: 80 ms on, once every 5 s of board time. */
#ifndef SYSTEM_HEARTBEAT_H
#define SYSTEM_HEARTBEAT_H

#include "system/loop.h"

#define HEARTBEAT_PERIOD_US 5000000u
#define HEARTBEAT_ON_US     80000u

void heartbeat_init(void); /* enabled; first flash one period after this */
void heartbeat_poll(void);
void heartbeat_deadline(struct loop_deadline *deadline);

#endif

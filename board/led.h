/* The LED, with the history of its changes. */
#ifndef BOARD_LED_H
#define BOARD_LED_H

#include <stdbool.h>
#include <stdint.h>

#define LED_HISTORY 4096u /* so many changes are remembered; the oldest is forgotten first */

struct led {
    bool on;
    uint64_t last_us;
    uint32_t count;                                             /* changes remembered */
    uint32_t next;                                              /* where the next one goes */
    uint64_t changes[LED_HISTORY];                              /* board_ms * 2 + on */
    void (*changed)(void *context, uint64_t board_ms, bool on); /* NULL: nobody is told */
    void *context;
};

/* Switch the LED at board time `us`, but not before its last change. Its present state again is no
 * change. */
void led_set(struct led *led, bool on, uint64_t us);

/* Change number `index` (0: the oldest that is remembered, less than count): its board_ms; *on:
 * what it was switched to. */
uint64_t led_change(const struct led *led, uint32_t index, bool *on);

#endif

#include "board/led.h"

#include <stddef.h>

void led_set(struct led *led, bool on, uint64_t us)
{
    if (on == led->on) {
        return;
    }
    if (us < led->last_us) {
        us = led->last_us;
    }
    uint64_t ms = us / 1000;
    led->on = on;
    led->last_us = us;
    led->changes[led->next] = ms * 2 + on;
    led->next = (led->next + 1) % LED_HISTORY;
    led->count += led->count < LED_HISTORY;
    if (led->changed != NULL) {
        led->changed(led->context, ms, on);
    }
}

uint64_t led_change(const struct led *led, uint32_t index, bool *on)
{
    uint32_t oldest = led->next + LED_HISTORY - led->count;
    uint64_t change = led->changes[(oldest + index) % LED_HISTORY];
    *on = (change & 1) != 0;
    return change / 2;
}

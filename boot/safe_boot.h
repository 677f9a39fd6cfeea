/* Safe boot: GP28 held high at a reset chooses an older firmware; the LED shows which one
 * (docs/spec.md, "Safe boot").
 *
 * A state machine without hardware. It is fed with board time and the level of the pin at every
 * change of the level and at its deadline. What became due while nobody called is made up for one
 * event at a time, so that no toggle of the LED is lost. */
#ifndef BOOT_SAFE_BOOT_H
#define BOOT_SAFE_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#define SAFE_BOOT_DEBOUNCE_US 50000u /* a shorter change of the level is a bounce */

enum safe_boot_choice {
    SAFE_BOOT_NONE = 0, /* normal boot */
    SAFE_BOOT_LATEST = 1,
    SAFE_BOOT_PREVIOUS = 2,
    SAFE_BOOT_FACTORY = 3,
    SAFE_BOOT_CHOICES,
};

struct safe_boot {
    int window; /* 0: does the pin stay high? then 1 to 3 */
    uint64_t window_end_us;
    uint64_t toggle_us;    /* the LED's next change, or never */
    uint64_t low_since_us; /* the pin is low, and it is not yet known whether that is a bounce; or
                              never */
    bool led;              /* what the LED shall show */
    bool done;             /* chosen: boot now */
    enum safe_boot_choice choice;
};

/* At the reset. A low pin: done at once. */
void safe_boot_begin(struct safe_boot *safe_boot, uint64_t now_us, bool high);

/* Not after it is done. */
void safe_boot_step(struct safe_boot *safe_boot, uint64_t now_us, bool high);

/* When to step at the latest; in the past when more than one event was due. */
uint64_t safe_boot_deadline(const struct safe_boot *safe_boot);

#endif

/* The pins GP0 to GP31, as seen from outside the MCU: who drives them, and their level. */
#ifndef BOARD_PINS_H
#define BOARD_PINS_H

#include <stdbool.h>
#include <stdint.h>

#define PINS_COUNT 32u

struct pins {
    uint32_t driven; /* bit n: something outside drives GPn */
    uint32_t levels; /* bit n: the level of GPn; 0, its pull-down, where nobody drives */
};

/* All return whether a level has changed. `pin` is less than PINS_COUNT. */
bool pins_drive(struct pins *pins, unsigned pin, bool level);
bool pins_release(struct pins *pins, unsigned pin);

/* Who gives the pin its level: "external" or "pull-down". */
const char *pins_driver(const struct pins *pins, unsigned pin);

/* The number of the pin called `name`, "GP0" to "GP31"; -1: no such pin. */
int pins_number(const char *name);

#endif

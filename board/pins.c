#include "board/pins.h"

#include <stdlib.h>
#include <string.h>

bool pins_drive(struct pins *pins, unsigned pin, bool level)
{
    uint32_t before = pins->levels;
    uint32_t bit = UINT32_C(1) << pin;
    pins->driven |= bit;
    pins->levels = level ? before | bit : before & ~bit;
    return pins->levels != before;
}

bool pins_release(struct pins *pins, unsigned pin)
{
    uint32_t before = pins->levels;
    uint32_t bit = UINT32_C(1) << pin;
    pins->driven &= ~bit;
    pins->levels &= ~bit;
    return pins->levels != before;
}

const char *pins_driver(const struct pins *pins, unsigned pin)
{
    return (pins->driven >> pin & 1) != 0 ? "external" : "pull-down";
}

int pins_number(const char *name)
{
    if (strncmp(name, "GP", 2) != 0 || name[2] < '0' || name[2] > '9') {
        return -1;
    }
    if (name[2] == '0' && name[3] != '\0') {
        return -1; /* one name for each pin: not "GP01" */
    }
    char *end;
    unsigned long number = strtoul(name + 2, &end, 10);
    return *end == '\0' && number < PINS_COUNT ? (int)number : -1;
}

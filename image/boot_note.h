/* What the boot loader tells the image that it starts, in the retained register HAL_RETAINED_BOOT_NOTE. */
#ifndef IMAGE_BOOT_NOTE_H
#define IMAGE_BOOT_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/boot.h"
#include "image/boot_record.h"

enum boot_role { BOOT_ROLE_FACTORY = 0, BOOT_ROLE_LATEST = 1, BOOT_ROLE_PREVIOUS = 2 };

struct boot_note {
    bool safe;              /* skip boot.py and main.py; WLAN and login in factory settings */
    bool trial;             /* confirm it once the services are up */
    enum boot_role role;    /* of the image that runs; an image on trial is the latest */
    enum boot_role wanted;  /* of the image that should run: another one when that is damaged */
    enum hal_boot_slot slot;
    enum boot_failure rolled_back; /* at this boot a trial was given up, and why; its place: boot_record.failed */
};

void boot_note_set(const struct boot_note *note);
/* False: there is none (an image that was not started by the boot loader), and *note is all 0. */
bool boot_note_get(struct boot_note *note);

/* "factory", "latest", "previous". */
const char *boot_role_name(enum boot_role role);

#endif

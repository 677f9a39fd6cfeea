/* What runs at this boot: the boot record, the end of the last trial, and the images in flash, by
 * the table in boot/policy.h. */
#ifndef BOOT_SELECT_H
#define BOOT_SELECT_H

#include <stdbool.h>

#include "boot/safe_boot.h"
#include "boot/words.h"
#include "image/boot_note.h"
#include "image/image.h"

struct boot_selection {
    struct boot_note note; /* where the image is, and what it shall know */
    struct image_header header;
    struct words failure; /* when there is no valid image */
};

/* False: there is no valid image, `failure` says why. A normal boot writes the boot record first
 * when it begins a trial or gives one up; a safe boot never does. Says on the wire and in `status`
 * what a user did not ask for: rollback, damage. */
bool boot_select(enum safe_boot_choice safe_boot, struct boot_selection *selection);

#endif

/* Which images the boot loader tries, and in which order (docs/spec.md, "Boot policy"). */
#ifndef BOOT_POLICY_H
#define BOOT_POLICY_H

#include "boot/safe_boot.h"

enum boot_candidate {
    BOOT_TRY_NOTHING = 0,
    BOOT_TRY_TRIAL, /* the update that waits */
    BOOT_TRY_LATEST,
    BOOT_TRY_PREVIOUS,
    BOOT_TRY_FACTORY,
};

#define BOOT_CANDIDATES 4

/* The candidates for this boot, BOOT_CANDIDATES of them: the first one that has a place and a valid
 * image there runs. */
const enum boot_candidate *boot_policy(enum safe_boot_choice choice);

#endif

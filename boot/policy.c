#include "boot/policy.h"

/* No valid image that has a role is left out. Safe boot is the way back from what is new, so it
 * never tries an update, and from a damaged image it goes further back before it comes forward
 * again. */
static const enum boot_candidate table[SAFE_BOOT_CHOICES][BOOT_CANDIDATES] = {
    [SAFE_BOOT_NONE] = {BOOT_TRY_TRIAL, BOOT_TRY_LATEST, BOOT_TRY_PREVIOUS, BOOT_TRY_FACTORY},
    [SAFE_BOOT_LATEST] = {BOOT_TRY_LATEST, BOOT_TRY_PREVIOUS, BOOT_TRY_FACTORY},
    [SAFE_BOOT_PREVIOUS] = {BOOT_TRY_PREVIOUS, BOOT_TRY_FACTORY, BOOT_TRY_LATEST},
    [SAFE_BOOT_FACTORY] = {BOOT_TRY_FACTORY, BOOT_TRY_PREVIOUS, BOOT_TRY_LATEST},
};

const enum boot_candidate *boot_policy(enum safe_boot_choice choice)
{
    return table[choice];
}

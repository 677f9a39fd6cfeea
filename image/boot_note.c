#include "image/boot_note.h"

#include <string.h>

#include "hal/retained.h"

/* The word (docs/spec.md, "Boot note"): a tag, so that neither 0 nor what a program left there
 * reads as a note, then the fields. */
#define TAG         0xb0070000u
#define TAG_MASK    0xfffff800u /* the bits between tag and fields are 0 */
#define SAFE        0
#define TRIAL       1
#define ROLE        2
#define WANTED      4
#define SLOT        6
#define ROLLED_BACK 8

void boot_note_set(const struct boot_note *note)
{
    hal_retained_write(HAL_RETAINED_BOOT_NOTE,
                       TAG | (uint32_t)note->safe << SAFE | (uint32_t)note->trial << TRIAL |
                           (uint32_t)note->role << ROLE | (uint32_t)note->wanted << WANTED |
                           (uint32_t)note->slot << SLOT |
                           (uint32_t)note->rolled_back << ROLLED_BACK);
}

bool boot_note_get(struct boot_note *note)
{
    uint32_t word = hal_retained_read(HAL_RETAINED_BOOT_NOTE);
    *note = (struct boot_note){
        .safe = word >> SAFE & 1,
        .trial = word >> TRIAL & 1,
        .role = (enum boot_role)(word >> ROLE & 3),
        .wanted = (enum boot_role)(word >> WANTED & 3),
        .slot = (enum hal_boot_slot)(word >> SLOT & 3),
        .rolled_back = (enum boot_failure)(word >> ROLLED_BACK & 7),
    };
    if ((word & TAG_MASK) != TAG || note->role > BOOT_ROLE_PREVIOUS ||
        note->wanted > BOOT_ROLE_PREVIOUS || note->rolled_back >= BOOT_FAILURES) {
        memset(note, 0, sizeof *note);
        return false;
    }
    return true;
}

const char *boot_role_name(enum boot_role role)
{
    switch (role) {
    case BOOT_ROLE_LATEST:
        return "latest";
    case BOOT_ROLE_PREVIOUS:
        return "previous";
    default:
        return "factory";
    }
}

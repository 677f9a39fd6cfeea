/* What runs, what waits, and the confirmation of an update on trial (update.h). */
#include "update/update.h"

#include <string.h>

#include "hal/flash.h"
#include "hal/result.h"
#include "image/boot_note.h"
#include "image/boot_record.h"
#include "image/image.h"
#include "lib/firmware_version.h"
#include "lib/text.h"
#include "storage/storage.h"

static bool is_valid(enum hal_boot_slot slot, struct image_header *header)
{
    return image_check_flash(boot_place_address(slot), boot_place_size(slot), IMAGE_TARGET_HERE,
                             header) == IMAGE_OK;
}

bool update_is_on_trial(void)
{
    struct boot_note note;
    boot_note_get(&note);
    return note.trial;
}

int update_confirm(void)
{
    struct boot_note note;
    boot_note_get(&note);
    if (!note.trial) {
        return UPDATE_OK;
    }
    struct boot_record record;
    boot_record_read(&record);
    if (record.trial == note.slot) {
        struct image_header header;
        bool latest_is_valid = record.latest != HAL_BOOT_FACTORY &&
                               is_valid((enum hal_boot_slot)record.latest, &header);
        boot_record_confirm(&record, latest_is_valid);
        if (boot_record_write(&record) != STORAGE_OK) {
            return UPDATE_FAILED; /* an update that is not recorded is none */
        }
    }
    hal_boot_confirm();
    note.trial = false; /* the note outlives a soft reset */
    boot_note_set(&note);
    return UPDATE_OK;
}

bool update_is_safe_boot(void)
{
    struct boot_note note;
    boot_note_get(&note);
    return note.safe;
}

/* The version in the header of what lies there; NULL when that is no image. */
static const char *version_at(enum hal_boot_slot slot)
{
    static struct image_header header;
    bool is_image =
        hal_flash_read(boot_place_address(slot), &header, sizeof header) == HAL_OK &&
        image_check_header(&header, IMAGE_TARGET_HERE, boot_place_size(slot)) == IMAGE_OK;
    return is_image ? header.version : NULL;
}

/* Not what the program was built as: who packs an image says what version it is. */
const char *update_version(void)
{
    struct boot_note note;
    const char *version = boot_note_get(&note) ? version_at(note.slot) : NULL;
    return version ? version : firmware_version;
}

static void add_rollback(struct text *text, enum boot_failure failure)
{
    struct boot_record record;
    boot_record_read(&record);
    const char *version =
        record.failed == HAL_BOOT_FACTORY ? NULL : version_at((enum hal_boot_slot)record.failed);
    text_string(text, "; ");
    text_string(text, version ? version : "an update");
    text_string(text, " was rolled back: ");
    text_string(text, boot_failure_text(failure));
}

size_t update_text(char *text, size_t size)
{
    struct text out = {.data = text, .size = size - 1};
    struct boot_note note;
    boot_note_get(&note);
    bool other = note.role != note.wanted;
    if (note.safe) {
        text_string(&out, "safe boot, ");
    }
    if (note.safe || other) {
        text_string(&out, boot_role_name(note.role));
        text_char(&out, ' ');
    }
    text_string(&out, "firmware ");
    text_string(&out, update_version());
    if (other) {
        text_string(&out, ", since the ");
        text_string(&out, boot_role_name(note.wanted));
        text_string(&out, " one is damaged");
    }
    if (note.rolled_back != BOOT_FAILURE_NONE) {
        add_rollback(&out, note.rolled_back);
    }
    text[out.length] = '\0';
    return out.length;
}

static const char *role_of(enum hal_boot_slot slot, const struct boot_record *record)
{
    if (slot == HAL_BOOT_FACTORY) {
        return boot_role_name(BOOT_ROLE_FACTORY);
    }
    if (slot == record->latest) {
        return boot_role_name(BOOT_ROLE_LATEST);
    }
    if (slot == record->previous) {
        return boot_role_name(BOOT_ROLE_PREVIOUS);
    }
    return slot == record->trial ? "trial" : "";
}

void update_place(enum hal_boot_slot slot, struct update_place *place)
{
    struct boot_record record;
    struct boot_note note;
    struct image_header header;
    boot_record_read(&record);
    boot_note_get(&note);
    bool valid = is_valid(slot, &header);

    memset(place, 0, sizeof *place);
    place->name = boot_place_name(slot);
    place->role = role_of(slot, &record);
    if (valid) {
        strcpy(place->version, header.version);
    }
    if (slot == note.slot) {
        place->state = UPDATE_RUNNING;
    } else if (slot != HAL_BOOT_FACTORY && slot == record.failed &&
               record.failure != BOOT_FAILURE_REPLACED) {
        place->state = UPDATE_ROLLED_BACK;
    } else if (!valid) {
        place->state = place->role[0] ? UPDATE_DAMAGED : UPDATE_EMPTY;
    } else {
        bool waits = slot != HAL_BOOT_FACTORY && slot == record.trial;
        place->state = waits ? UPDATE_WAITING : UPDATE_VALID;
    }
}

const char *update_state_name(enum update_state state)
{
    switch (state) {
    case UPDATE_EMPTY:
        return "empty";
    case UPDATE_DAMAGED:
        return "damaged";
    case UPDATE_VALID:
        return "valid";
    case UPDATE_RUNNING:
        return "running";
    case UPDATE_WAITING:
        return "waiting";
    case UPDATE_ROLLED_BACK:
        return "rolled back";
    }
    return "";
}

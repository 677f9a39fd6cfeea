#include "boot/select.h"

#include <string.h>

#include "boot/policy.h"
#include "hal/flash.h"
#include "hal/result.h"
#include "image/boot_record.h"
#include "lib/flash_map.h"

static int check_place(enum hal_boot_slot slot, struct image_header *header)
{
    return image_check_flash(boot_place_address(slot), boot_place_size(slot), IMAGE_TARGET_HERE,
                             header);
}

static void write_record(const struct boot_record *record)
{
    if (boot_record_write(record) < 0) {
        words_notice(&(struct words){"the boot record cannot be written"});
    }
}

/* The update on trial did not make it: the record says so before anything else is booted. */
static void give_up(struct boot_record *record, enum boot_failure failure, struct boot_note *note)
{
    struct image_header header;
    uint32_t address = boot_place_address((enum hal_boot_slot)record->trial);
    struct words words = {"the update"};
    /* The version is worth telling even when the payload is damaged. */
    if (hal_flash_read(address, &header, sizeof header) == HAL_OK &&
        image_check_header(&header, IMAGE_TARGET_HERE, FLASH_SLOT_SIZE) == IMAGE_OK) {
        words = (struct words){"firmware "};
        words_add(&words, header.version);
    }
    words_add(&words, " was rolled back: ");
    words_add(&words, boot_failure_text(failure));
    words_notice(&words);

    boot_record_fail(record, failure);
    write_record(record);
    note->rolled_back = failure;
}

/* An upload that broke off has cost the update that waited: said at one boot, then forgotten. */
static void tell_replaced(struct boot_record *record, struct boot_note *note)
{
    struct words words = {"the update was rolled back: "};
    words_add(&words, boot_failure_text(BOOT_FAILURE_REPLACED));
    words_notice(&words);
    note->rolled_back = BOOT_FAILURE_REPLACED;
    record->failed = HAL_BOOT_FACTORY;
    record->failure = BOOT_FAILURE_NONE;
    write_record(record);
}

static enum boot_failure failure_of_last_trial(const struct boot_record *record)
{
    switch (hal_trial_end()) {
    case HAL_TRIAL_FAULT:
        return BOOT_FAILURE_FAULT;
    case HAL_TRIAL_TIMEOUT:
        return BOOT_FAILURE_TIMEOUT;
    case HAL_TRIAL_RESET:
        return BOOT_FAILURE_RESET;
    case HAL_TRIAL_NONE:
        break;
    }
    return record->starts >= BOOT_RECORD_STARTS_MAX ? BOOT_FAILURE_STARTS : BOOT_FAILURE_NONE;
}

static void judge_last_trial(struct boot_record *record, struct boot_note *note)
{
    enum boot_failure failure = failure_of_last_trial(record);
    if (record->trial != HAL_BOOT_FACTORY && failure != BOOT_FAILURE_NONE) {
        give_up(record, failure, note);
    } else if (record->failure == BOOT_FAILURE_REPLACED) {
        tell_replaced(record, note);
    }
}

/* The start is counted before it happens: whatever it leads to, there is an end to starts. What
 * cannot be counted does not start. */
static bool count_start(struct boot_record *record, const struct image_header *header)
{
    record->starts++;
    if (boot_record_write(record) == 0) {
        return true;
    }
    struct words words = {"the boot record cannot be written: firmware "};
    words_add(&words, header->version);
    words_add(&words, " is not tried");
    words_notice(&words);
    return false;
}

/* The candidate's place and role; false: there is none. */
static bool locate(enum boot_candidate candidate, const struct boot_record *record,
                   struct boot_note *note)
{
    switch (candidate) {
    case BOOT_TRY_TRIAL:
        note->slot = (enum hal_boot_slot)record->trial;
        note->role = BOOT_ROLE_LATEST;
        return note->slot != HAL_BOOT_FACTORY;
    case BOOT_TRY_LATEST:
        note->slot = (enum hal_boot_slot)record->latest;
        note->role = BOOT_ROLE_LATEST;
        return note->slot != HAL_BOOT_FACTORY;
    case BOOT_TRY_PREVIOUS:
        note->slot = (enum hal_boot_slot)record->previous;
        note->role = BOOT_ROLE_PREVIOUS;
        return note->slot != HAL_BOOT_FACTORY;
    case BOOT_TRY_FACTORY:
        note->slot = HAL_BOOT_FACTORY;
        note->role = BOOT_ROLE_FACTORY;
        return true;
    case BOOT_TRY_NOTHING:
        break;
    }
    return false;
}

static void add_damage(struct words *damage, enum boot_role role, int error)
{
    words_add(damage, damage->text[0] ? ", " : "");
    words_add(damage, boot_role_name(role));
    words_add(damage, ": ");
    words_add(damage, image_error_text(error));
}

static void say_fallback(const struct words *damage, const struct boot_selection *selection)
{
    struct words words = {"damaged firmware ("};
    words_add(&words, damage->text);
    words_add(&words, "): ");
    words_add(&words, boot_role_name(selection->note.role));
    words_add(&words, " firmware ");
    words_add(&words, selection->header.version);
    words_add(&words, " runs instead");
    words_notice(&words);
}

/* Try the candidates in their order. `damage` collects which of them are not valid, and why. */
static bool first_valid(const enum boot_candidate *order, struct boot_record *record,
                        struct boot_selection *selection, struct words *damage)
{
    struct boot_note *note = &selection->note;
    bool wanted = false;
    for (int i = 0; i < BOOT_CANDIDATES; i++) {
        if (!locate(order[i], record, note)) {
            continue;
        }
        int error = check_place(note->slot, &selection->header);
        note->trial = order[i] == BOOT_TRY_TRIAL;
        if (note->trial && error < 0) {
            give_up(record, BOOT_FAILURE_INVALID, note);
            continue;
        }
        if (note->trial && !count_start(record, &selection->header)) {
            continue;
        }
        if (!wanted) {
            note->wanted = note->role;
            wanted = true;
        }
        if (error == IMAGE_OK) {
            return true;
        }
        add_damage(damage, note->role, error);
    }
    return false;
}

bool boot_select(enum safe_boot_choice safe_boot, struct boot_selection *selection)
{
    struct boot_record record;
    struct words damage = {""};
    memset(selection, 0, sizeof *selection);
    selection->note.safe = safe_boot != SAFE_BOOT_NONE;
    if (boot_record_read(&record) == BOOT_RECORD_DAMAGED) {
        words_notice(&(struct words){"the boot record is damaged: no update is used"});
    }
    if (!selection->note.safe) {
        judge_last_trial(&record, &selection->note);
    }
    if (!first_valid(boot_policy(safe_boot), &record, selection, &damage)) {
        selection->failure = (struct words){"no valid firmware: "};
        words_add(&selection->failure, damage.text);
        return false;
    }
    if (damage.text[0]) {
        say_fallback(&damage, selection);
    }
    return true;
}

/* An image comes in (update.h). The first bytes wait in RAM until they are a header: before it is
 * known to be good, nothing is changed. */
#include "update/update.h"

#include <string.h>

#include "hal/flash.h"
#include "hal/result.h"
#include "hal/watchdog.h"
#include "image/boot_note.h"
#include "image/boot_record.h"
#include "image/image.h"
#include "lib/flash_map.h"
#include "lib/text.h"
#include "storage/storage.h"

#define NOWHERE HAL_BOOT_FACTORY /* the factory image is never a place for an update */
#define CHUNK   1024u            /* copied at a time, a part of a sector */

static struct {
    bool open;
    bool broken; /* an error was returned: only update_abandon() is left */
    struct image_header header;
    uint32_t received; /* bytes */
    enum hal_boot_slot place;
    struct storage_file *scratch; /* the image is collected here, since place is NOWHERE */
} upload;

static char words[160];

const char *update_words(void)
{
    return words;
}

/* Words up to the next call: pieces, then end_words() makes them a string. */
static struct text begin_words(void)
{
    return (struct text){.data = words, .size = sizeof words - 1};
}

static void end_words(const struct text *text)
{
    words[text->length] = '\0';
}

static int say(int result, const char *phrase)
{
    struct text text = begin_words();
    text_string(&text, phrase);
    end_words(&text);
    return result;
}

static int refuse_image(int error)
{
    struct text text = begin_words();
    text_string(&text, image_error_text(error));
    if (error == IMAGE_WRONG_TARGET) {
        text_string(&text, ": it is for ");
        text_string(&text, image_target_name(upload.header.target));
        text_string(&text, ", this is ");
        text_string(&text, image_target_name(IMAGE_TARGET_HERE));
    } else if (error == IMAGE_TRUNCATED || error == IMAGE_EXCESS) {
        bool has_header = upload.received >= IMAGE_HEADER_SIZE;
        text_string(&text, error == IMAGE_EXCESS ? ": it has " : ": ");
        if (error == IMAGE_TRUNCATED) {
            text_number(&text, upload.received, 0, ' ');
            text_string(&text, has_header ? " of " : " of at least ");
        }
        text_number(&text, has_header ? image_size(&upload.header) : IMAGE_HEADER_SIZE, 0, ' ');
        text_string(&text, error == IMAGE_EXCESS ? " bytes" : " bytes came");
    }
    end_words(&text);
    return error == IMAGE_TOO_LARGE    ? UPDATE_TOO_LARGE
           : error == IMAGE_UNREADABLE ? UPDATE_FAILED
                                       : UPDATE_REFUSED;
}

static int chip_failed(void)
{
    return say(UPDATE_FAILED, "the flash chip fails");
}

/* ---- places */

static enum hal_boot_slot running_place(void)
{
    struct boot_note note;
    boot_note_get(&note);
    return note.slot;
}

/* A place that no role and no running image has; one that holds a failed update is the last choice,
 * so that it can be named as long as possible. */
static enum hal_boot_slot free_place(const struct boot_record *record)
{
    enum hal_boot_slot running = running_place();
    enum hal_boot_slot found = NOWHERE;
    for (enum hal_boot_slot slot = HAL_BOOT_SLOT_A; slot < HAL_BOOT_SLOTS; slot++) {
        bool taken = slot == record->latest || slot == record->previous || slot == record->trial ||
                     slot == running;
        if (!taken && (found == NOWHERE || found == record->failed)) {
            found = slot;
        }
    }
    return found;
}

/* From now on the place is this upload's. */
static int take_place(enum hal_boot_slot place, struct boot_record *record)
{
    upload.place = place;
    if (record->failed != place) {
        return UPDATE_OK;
    }
    record->failed = HAL_BOOT_FACTORY;
    record->failure = BOOT_FAILURE_NONE;
    return boot_record_write(record) == STORAGE_OK ? UPDATE_OK : chip_failed();
}

static bool is_erased(uint32_t sector)
{
    uint8_t bytes[FLASH_PAGE_SIZE];
    for (uint32_t at = 0; at < FLASH_SECTOR_SIZE; at += sizeof bytes) {
        if (hal_flash_read(sector + at, bytes, sizeof bytes) != HAL_OK) {
            return false;
        }
        for (uint32_t i = 0; i < sizeof bytes; i++) {
            if (bytes[i] != 0xff) {
                return false;
            }
        }
    }
    return true;
}

/* Into the place, in ascending order: each sector is erased when its first byte comes. */
static int program(uint32_t offset, const uint8_t *data, uint32_t size)
{
    uint32_t address = boot_place_address(upload.place) + offset;
    while (size > 0) {
        uint32_t at = address % FLASH_SECTOR_SIZE;
        if (at == 0 && !is_erased(address) && hal_flash_erase_sector(address) != HAL_OK) {
            return chip_failed();
        }
        uint32_t part = size < FLASH_SECTOR_SIZE - at ? size : FLASH_SECTOR_SIZE - at;
        if (hal_flash_program(address, data, part) != HAL_OK) {
            return chip_failed();
        }
        address += part;
        data += part;
        size -= part;
    }
    return UPDATE_OK;
}

/* ---- the image in /flash, when every place is taken */

#define RESET_FIRST "an update waits already: reset to run it, then send this one"

static int scratch_failed(int error)
{
    switch (error) {
    case STORAGE_FULL:
        return say(UPDATE_TOO_LARGE, "no room for it in /flash, and " RESET_FIRST);
    case STORAGE_TOO_MANY:
        return say(UPDATE_BUSY, "too many open files, and " RESET_FIRST);
    default:
        return say(UPDATE_REFUSED, "/flash is damaged, and " RESET_FIRST);
    }
}

static int open_scratch(const struct boot_record *record)
{
    if (record->trial == NOWHERE || record->trial == running_place()) {
        return say(UPDATE_BUSY, "the firmware that runs is still on trial: try again later");
    }
    struct storage_volume volume;
    int result = storage_volume("/flash", &volume);
    if (result == STORAGE_OK &&
        volume.free_blocks < image_size(&upload.header) / volume.block_size + 1) {
        result = STORAGE_FULL; /* said at once, and not after it was filled */
    }
    if (result == STORAGE_OK) {
        result = storage_open_scratch(&upload.scratch);
    }
    if (result != STORAGE_OK) {
        upload.scratch = NULL;
        return scratch_failed(result);
    }
    return UPDATE_OK;
}

/* update_commit() reads the whole image, and may copy it, without a return to the loop: a watchdog
 * that a script has started would bite in the middle. So both readers feed it. That hides no hang:
 * they are called once for each chunk of an image whose size has been checked. */
static int read_scratch(void *context, uint32_t offset, void *data, uint32_t size)
{
    hal_watchdog_feed();
    if (storage_seek(context, offset, STORAGE_SEEK_SET) < 0) {
        return -1;
    }
    return storage_read(context, data, size) == (int32_t)size ? 0 : -1;
}

static int read_place(void *context, uint32_t offset, void *data, uint32_t size)
{
    hal_watchdog_feed();
    return hal_flash_read(boot_place_address(upload.place) + offset, data, size);
}

/* The image in /flash is whole and valid: only now what waits makes room for it. One write of the
 * record takes it away and says why, for the boot after a copy that broke off. */
static int move_to_place(struct boot_record *record)
{
    int result = UPDATE_OK;
    enum hal_boot_slot place = free_place(record);
    if (place == NOWHERE) {
        upload.place = record->trial;
        boot_record_fail(record, BOOT_FAILURE_REPLACED);
        result = boot_record_write(record) == STORAGE_OK ? UPDATE_OK : chip_failed();
    } else {
        result = take_place(place, record);
    }
    uint32_t end = image_size(&upload.header);
    uint8_t chunk[CHUNK];
    for (uint32_t at = 0; at < end && result == UPDATE_OK; at += CHUNK) {
        uint32_t size = end - at < CHUNK ? end - at : CHUNK;
        result = read_scratch(upload.scratch, at, chunk, size) < 0
                     ? say(UPDATE_FAILED, "/flash cannot be read")
                     : program(at, chunk, size);
    }
    return result;
}

/* ---- the upload */

static int store(uint32_t offset, const void *data, uint32_t size)
{
    if (upload.scratch == NULL) {
        return program(offset, data, size);
    }
    int32_t result = storage_write(upload.scratch, data, size);
    return result < 0 ? scratch_failed((int)result) : UPDATE_OK;
}

/* The header is complete: find a place for the image. */
static int begin_image(void)
{
    int error = image_check_header(&upload.header, IMAGE_TARGET_HERE, FLASH_SLOT_SIZE);
    if (error < 0) {
        return refuse_image(error);
    }
    struct boot_record record;
    boot_record_read(&record);
    enum hal_boot_slot place = free_place(&record);
    int result = place == NOWHERE ? open_scratch(&record) : take_place(place, &record);
    return result == UPDATE_OK ? store(0, &upload.header, IMAGE_HEADER_SIZE) : result;
}

static int write_image(const uint8_t *data, uint32_t size)
{
    if (upload.received < IMAGE_HEADER_SIZE) {
        uint32_t part = IMAGE_HEADER_SIZE - upload.received;
        part = part < size ? part : size;
        memcpy((uint8_t *)&upload.header + upload.received, data, part);
        upload.received += part;
        data += part;
        size -= part;
        int result = upload.received == IMAGE_HEADER_SIZE ? begin_image() : UPDATE_OK;
        if (result != UPDATE_OK) {
            return result;
        }
    }
    if (size == 0) {
        return UPDATE_OK;
    }
    if (size > image_size(&upload.header) - upload.received) {
        return refuse_image(IMAGE_EXCESS);
    }
    int result = store(upload.received, data, size);
    upload.received += size;
    return result;
}

int update_begin(void)
{
    if (upload.open) {
        return say(UPDATE_BUSY, "another upload of a firmware is under way");
    }
    memset(&upload, 0, sizeof upload);
    upload.open = true;
    return say(UPDATE_OK, "");
}

int32_t update_write(const void *data, uint32_t size)
{
    if (!upload.open || upload.broken) {
        return say(UPDATE_REFUSED, "no upload is under way");
    }
    int result = write_image(data, size);
    upload.broken = result != UPDATE_OK;
    return upload.broken ? result : (int32_t)size;
}

static int read_header(void *context, uint32_t offset, void *data, uint32_t size)
{
    memcpy(data, (const uint8_t *)context + offset, size);
    return 0;
}

/* Everything has come: is it an image, and in its place? */
static int verify(struct boot_record *record)
{
    struct image_header header;
    int error = IMAGE_OK;
    if (upload.received < IMAGE_HEADER_SIZE) {
        struct image_source source = {read_header, &upload.header};
        error = image_check(&source, upload.received, IMAGE_TARGET_HERE, &header);
    } else if (upload.received < image_size(&upload.header)) {
        error = IMAGE_TRUNCATED;
    } else if (upload.scratch) {
        struct image_source source = {read_scratch, upload.scratch};
        error = image_check(&source, upload.received, IMAGE_TARGET_HERE, &header);
    }
    if (error < 0) {
        return refuse_image(error);
    }
    int result = upload.scratch ? move_to_place(record) : UPDATE_OK;
    if (result != UPDATE_OK) {
        return result;
    }
    struct image_source source = {read_place, NULL};
    error = image_check(&source, upload.received, IMAGE_TARGET_HERE, &header);
    return error < 0 ? refuse_image(error) : UPDATE_OK;
}

static int accept(struct boot_record *record)
{
    record->trial = (uint8_t)upload.place;
    record->starts = 0;
    if (record->failure == BOOT_FAILURE_REPLACED) { /* it was, and nothing is lost */
        record->failed = HAL_BOOT_FACTORY;
        record->failure = BOOT_FAILURE_NONE;
    }
    if (boot_record_write(record) != STORAGE_OK) {
        return chip_failed();
    }
    struct text text = begin_words();
    text_string(&text, "firmware ");
    text_string(&text, upload.header.version);
    text_string(&text, " for the ");
    text_string(&text, image_target_name(upload.header.target));
    text_string(&text, " target accepted: reset to run it");
    end_words(&text);
    return UPDATE_OK;
}

int update_commit(void)
{
    if (!upload.open || upload.broken) {
        update_abandon();
        return say(UPDATE_REFUSED, "no upload is under way");
    }
    struct boot_record record;
    boot_record_read(&record);
    int result = verify(&record);
    if (result == UPDATE_OK) {
        result = accept(&record);
    }
    update_abandon();
    return result;
}

void update_abandon(void)
{
    storage_abandon(upload.scratch);
    memset(&upload, 0, sizeof upload);
}

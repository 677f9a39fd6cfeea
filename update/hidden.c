#include "update/hidden.h"

#include <stdbool.h>
#include <string.h>

#include "lib/flash_map.h"
#include "storage/record.h"

#define COPY_SIZE (FLASH_HIDDEN_SIZE / (2 * HIDDEN_FILES))
#define MAGIC     0x30444857u /* "WHD0", "WHD1", ... */

_Static_assert(HIDDEN_SIZE_MAX == COPY_SIZE - RECORD_HEADER_SIZE, "docs/spec.md, \"Hidden store\"");

static struct {
    bool open;
    bool broken; /* it became too large */
    enum hidden_file file;
    uint32_t size;
    uint8_t data[HIDDEN_SIZE_MAX];
} upload;

static struct record_place place_of(enum hidden_file file)
{
    return (struct record_place){
        .address = FLASH_HIDDEN_ADDRESS + 2 * COPY_SIZE * (uint32_t)file,
        .copy_size = COPY_SIZE,
        .magic = MAGIC + ((uint32_t)file << 24),
    };
}

int hidden_begin(enum hidden_file file)
{
    if (upload.open) {
        return STORAGE_BUSY;
    }
    upload.open = true;
    upload.broken = false;
    upload.file = file;
    upload.size = 0;
    return STORAGE_OK;
}

int32_t hidden_write(const void *data, uint32_t size)
{
    if (!upload.open) {
        return STORAGE_INVALID;
    }
    upload.broken = upload.broken || size > HIDDEN_SIZE_MAX - upload.size;
    if (upload.broken) {
        return STORAGE_FULL;
    }
    memcpy(upload.data + upload.size, data, size);
    upload.size += size;
    return (int32_t)size;
}

int hidden_commit(void)
{
    int result = STORAGE_INVALID;
    if (upload.open && !upload.broken) {
        struct record_place place = place_of(upload.file);
        result = record_write(&place, upload.data, upload.size);
    }
    hidden_abandon();
    return result;
}

/* It may be the private key: it does not stay in RAM. */
void hidden_abandon(void)
{
    memset(&upload, 0, sizeof upload);
}

/* An empty record stands for a removed file. The second write takes what was in the other copy: so
 * nothing of the file stays in the chip. Power may have been lost between the two: therefore a file
 * that is removed already is written once more. */
int hidden_remove(enum hidden_file file)
{
    struct record_place place = place_of(file);
    int32_t size = record_read(&place, NULL, 0);
    if (size == STORAGE_NOT_FOUND) {
        return STORAGE_NOT_FOUND;
    }
    int result = record_write(&place, NULL, 0);
    if (result == STORAGE_OK && size == 0) {
        return STORAGE_NOT_FOUND;
    }
    return result == STORAGE_OK ? record_write(&place, NULL, 0) : result;
}

int32_t hidden_read(enum hidden_file file, void *data, uint32_t size)
{
    struct record_place place = place_of(file);
    int32_t result = record_read(&place, data, size);
    return result == 0 ? STORAGE_NOT_FOUND : result;
}

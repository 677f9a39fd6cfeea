#include "storage/record.h"

#include <stdbool.h>

#include "hal/flash.h"
#include "hal/result.h"
#include "lfs2_util.h"
#include "lib/flash_map.h"

#define CHUNK 256u

/* At the start of a copy, before its data; programmed after them, so that what a power cut leaves
 * is never valid. */
struct header {
    uint32_t magic;
    uint32_t sequence; /* one more with each copy that is written; wraps */
    uint32_t size;     /* bytes of data */
    uint32_t crc;      /* of the three fields above and the data */
    uint32_t reserved[4];
};
_Static_assert(sizeof(struct header) == RECORD_HEADER_SIZE, "the header is what docs/spec.md says");

static uint32_t copy_address(const struct record_place *place, int copy)
{
    return place->address + (uint32_t)copy * place->copy_size;
}

static uint32_t header_crc(const struct header *header)
{
    return lfs2_crc(0xffffffffu, header, offsetof(struct header, crc));
}

static bool copy_is_valid(const struct record_place *place, int copy, struct header *header)
{
    uint32_t next = copy_address(place, copy);
    if (hal_flash_read(next, header, sizeof *header) != HAL_OK || header->magic != place->magic ||
        header->size > place->copy_size - RECORD_HEADER_SIZE) {
        return false;
    }
    next += RECORD_HEADER_SIZE;
    uint32_t end = next + header->size;
    uint32_t crc = header_crc(header);
    while (next < end) {
        uint8_t chunk[CHUNK];
        uint32_t size = end - next < CHUNK ? end - next : CHUNK;
        if (hal_flash_read(next, chunk, size) != HAL_OK) {
            return false;
        }
        crc = lfs2_crc(crc, chunk, size);
        next += size;
    }
    return crc == header->crc;
}

/* The copy in force, and its header; -1: neither is valid. */
static int newer_copy(const struct record_place *place, struct header *header)
{
    struct header headers[2];
    bool valid[2];
    for (int copy = 0; copy < 2; copy++) {
        valid[copy] = copy_is_valid(place, copy, &headers[copy]);
    }
    int newer = valid[0] ? 0 : 1;
    if (valid[0] && valid[1] && (int32_t)(headers[1].sequence - headers[0].sequence) > 0) {
        newer = 1;
    }
    *header = headers[newer];
    return valid[newer] ? newer : -1;
}

/* The first write fills copy 0, then copy 1: as long as copy 1 is erased and copy 0 not valid, it
 * never came to its end. */
static bool never_written(const struct record_place *place)
{
    uint32_t word;
    for (uint32_t at = 0; at < RECORD_HEADER_SIZE; at += sizeof word) {
        if (hal_flash_read(copy_address(place, 1) + at, &word, sizeof word) != HAL_OK ||
            word != 0xffffffffu) {
            return false;
        }
    }
    return true;
}

int32_t record_read(const struct record_place *place, void *data, uint32_t size)
{
    struct header header;
    int copy = newer_copy(place, &header);
    if (copy < 0) {
        return never_written(place) ? STORAGE_NOT_FOUND : STORAGE_IO;
    }
    uint32_t wanted = header.size < size ? header.size : size;
    uint32_t address = copy_address(place, copy) + RECORD_HEADER_SIZE;
    return hal_flash_read(address, data, wanted) == HAL_OK ? (int32_t)header.size : STORAGE_IO;
}

/* Across sectors, as the chip takes it. */
static bool program(uint32_t address, const void *data, uint32_t size)
{
    const uint8_t *next = data;
    while (size > 0) {
        uint32_t room = FLASH_SECTOR_SIZE - address % FLASH_SECTOR_SIZE;
        uint32_t part = size < room ? size : room;
        if (hal_flash_program(address, next, part) != HAL_OK) {
            return false;
        }
        address += part;
        next += part;
        size -= part;
    }
    return true;
}

/* What counts is what can be read back, not what the chip says of each command: after an error this
 * copy must not be in force while the caller believes in the other one. */
static int write_copy(const struct record_place *place, int copy, uint32_t sequence,
                      const void *data, uint32_t size)
{
    struct header header = {.magic = place->magic, .sequence = sequence, .size = size};
    header.crc = lfs2_crc(header_crc(&header), data, size);

    uint32_t address = copy_address(place, copy);
    bool ready = true;
    for (uint32_t at = 0; at < place->copy_size && ready; at += FLASH_SECTOR_SIZE) {
        ready = hal_flash_erase_sector(address + at) == HAL_OK;
    }
    if (ready && program(address + RECORD_HEADER_SIZE, data, size)) {
        program(address, &header, sizeof header);
    }
    struct header written;
    bool safe = copy_is_valid(place, copy, &written) && written.sequence == sequence;
    return safe ? STORAGE_OK : STORAGE_IO;
}

int record_write(const struct record_place *place, const void *data, uint32_t size)
{
    if (size > place->copy_size - RECORD_HEADER_SIZE) {
        return STORAGE_INVALID;
    }
    struct header header;
    int copy = newer_copy(place, &header);
    if (copy >= 0) {
        return write_copy(place, 1 - copy, header.sequence + 1, data, size);
    }
    int result = write_copy(place, 0, 1, data, size);
    if (result == STORAGE_OK) {
        write_copy(place, 1, 2, data, size); /* the record is safe already */
    }
    return result;
}

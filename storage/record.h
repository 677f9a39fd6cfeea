/* A record in raw flash that is replaced as a whole: two copies, each with a sequence number and a CRC; the newer valid one wins, so
 * that a power cut leaves the old record or the new one (docs/spec.md, "Records"). */
#ifndef STORAGE_RECORD_H
#define STORAGE_RECORD_H

#include <stdint.h>

#include "storage/storage.h"

/* Where a record lies. Copy 0 is at `address`, copy 1 behind it; each takes `copy_size` bytes. Both on sector boundaries. */
struct record_place {
    uint32_t address;
    uint32_t copy_size;
    uint32_t magic; /* says what it is a record of */
};

#define RECORD_HEADER_SIZE 32u /* of a copy; its data may have copy_size minus this */

/* Read the newer valid copy into `data`. Returns the size of the record, of which at most `size` bytes were stored.
 * STORAGE_NOT_FOUND: never written, or the first write did not come to its end; STORAGE_IO: written, but neither copy is valid, or the chip fails. */
int32_t record_read(const struct record_place *place, void *data, uint32_t size);

/* Replace it. When it returns STORAGE_OK the new one is safe; else the old one still counts. STORAGE_INVALID: too large. */
int record_write(const struct record_place *place, const void *data, uint32_t size);

#endif

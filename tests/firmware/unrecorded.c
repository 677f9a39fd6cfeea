/* The firmware with a boot record that it cannot write. */
#include "image/boot_record.h"
#include "storage/storage.h"

int __wrap_boot_record_write(const struct boot_record *record);

int __wrap_boot_record_write(const struct boot_record *record)
{
    return STORAGE_IO;
}

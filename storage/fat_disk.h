/* The block devices under FatFs. The card's is storage's own; those that Python makes file systems
 * on come from outside: what has another `drv` than the card is passed on. */
#ifndef STORAGE_FAT_DISK_H
#define STORAGE_FAT_DISK_H

#include <ff.h>

#include <diskio.h>

struct fat_disk {
    DRESULT (*read)(void *drv, BYTE *data, DWORD sector, UINT count);
    DRESULT (*write)(void *drv, const BYTE *data, DWORD sector, UINT count);
    DRESULT (*ioctl)(void *drv, BYTE command, void *data);
};

/* `others` must outlive all use of FatFs; NULL: there are none. */
void fat_disk_set_others(const struct fat_disk *others);

#endif

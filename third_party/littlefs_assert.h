/* Included ahead of littlefs's own headers: a broken assumption of littlefs ends the volume instead
 * of the firmware. On a damaged medium an assumption can break without a bug of ours.
 * storage/flash_volume.c says how. */
#ifndef THIRD_PARTY_LITTLEFS_ASSERT_H
#define THIRD_PARTY_LITTLEFS_ASSERT_H

void flash_volume_broken(void);

#define LFS2_ASSERT(test)                                                                          \
    do {                                                                                           \
        if (!(test))                                                                               \
            flash_volume_broken();                                                                 \
    } while (0)

#endif

/* The littlefs volume behind /flash: its memory, its block device over hal/flash.h, mounting and
 * formatting. */
#ifndef STORAGE_FLASH_VOLUME_H
#define STORAGE_FLASH_VOLUME_H

#include "lib/flash_map.h"

#include <lfs2.h>
#include <stdbool.h>

#define FLASH_VOLUME_BLOCKS (FLASH_FS_SIZE / FLASH_SECTOR_SIZE)

/* One flash command programs up to a sector: a cache of that size makes the fewest commands. */
#define FLASH_VOLUME_CACHE FLASH_SECTOR_SIZE

/* Attribute of a file or directory: when it was last changed, uint32_t little-endian, UTC seconds
 * since 1970. */
#define FLASH_VOLUME_ATTR_MTIME 't'

/* Uploads lie here until they are complete (a name of the volume's root). It is the last thing that
 * the first boot makes: a volume without it has not got all its first-boot files yet. */
#define FLASH_VOLUME_UPLOADS "/.uploads"

extern lfs2_t flash_volume;

/* Mounted, and not stopped. */
bool flash_volume_usable(void);

/* To be called between a change that failed and the next one, as littlefs forgets to tidy up: the
 * beginning of a commit that found no room stays in its program cache, where the next one stumbles
 * over it; a rename that found none would be written down as begun by the next commit, so that the
 * one behind it removes the file; so would what a folder that could not be unlinked knows of former
 * renames, twice; and a new name does not look for blocks that are free again. */
void flash_volume_tidy(void);

/* Results are enum lfs2_error. */
int flash_volume_mount(void);
/* Make an empty file system, whatever is there; it is not mounted afterwards. A power cut leaves
 * either the old file system whole, or none, or the new one. */
int flash_volume_format(void);

/* True when the partition is erased, or holds nothing but what an interrupted first formatting
 * leaves. */
bool flash_volume_is_erased(void);

/* littlefs met what it cannot cope with. On /flash: the chip is not touched any more until the next
 * mount. While storage is not at work it is a volume of someone else's, who is told; `broken` must
 * not return. */
void flash_volume_broken(void);
void flash_volume_set_others(void (*broken)(void));

/* littlefs counts the blocks in use by walking all metadata; blocks of a file that is being
 * rewritten may count twice. */
uint32_t flash_volume_free_blocks(void);

#endif

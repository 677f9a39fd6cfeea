/* The file system type of the WiPy: MicroPython's VFS protocol over storage/. The volumes are
 * mounted outside the Python heap, so a soft reset neither unmounts nor harms them; it only closes
 * what Python had open. */
#ifndef PYTHON_VFS_STORAGE_H
#define PYTHON_VFS_STORAGE_H

#include "py/obj.h"

/* The volumes /flash and /sd, to be mounted (volumes.c). When storage has not got one every use of
 * it raises OSError(ENODEV). */
mp_obj_t python_flash_volume(void);
mp_obj_t python_card_volume(void);

/* Make the root of one of them its current directory. */
void python_volume_reset(mp_obj_t volume);

/* Close the files and directories that Python left open, after the heap's finalisers had their
 * turn. */
void python_close_files(void);

/* Sync the files that Python has open; raises OSError. */
void python_sync_files(void);

/* ---- between vfs_storage.c and file_storage.c */

/* open(): `path` is absolute and normalised, `mode` Python's. Raises ValueError, OSError. */
mp_obj_t python_file_open(const char *path, const char *mode);

/* `path` is busy: close what the program forgot, and its own readers of this file. They are most
 * often forgotten, too, as in `open(name).read()`, but the collector may still see them. */
void python_release_file(const char *path);

void python_close_dirs(void);

#endif

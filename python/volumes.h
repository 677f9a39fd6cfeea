/* What is mounted where, for Python: /flash always, /sd while the slot of the SD card is enabled,
 * and what programs mount themselves. */
#ifndef PYTHON_VOLUMES_H
#define PYTHON_VOLUMES_H

#include "py/obj.h"

/* At the start of Python's life: mount /flash, and /sd when an earlier life has left it mounted.
 * mp_sys_path must be there. */
void python_mount_volumes(void);

/* Enable the slot of the card, and mount the card in it as /sd; fine when it is mounted. Raises
 * OSError with an explanation: ENODEV (no card), EINVAL (no file system), EIO, EPERM (the program
 * has something else at /sd). */
void python_card_mount(void);

/* Unmount /sd and disable the slot; fine when it is not enabled. Raises OSError(EBUSY) when
 * something is open on it. */
void python_card_unmount(void);

/* os.mount(), which is vfs.mount(), and so on: they know the card, and leave the rest to
 * MicroPython. */
MP_DECLARE_CONST_FUN_OBJ_KW(python_mount_obj);
MP_DECLARE_CONST_FUN_OBJ_1(python_umount_obj);

#endif

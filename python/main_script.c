/* main.py after boot.py: on the current drive, or by another name. */
#include "python/main_script.h"

#include <string.h>

#include "extmod/vfs.h"
#include "py/builtin.h"
#include "py/mpstate.h"
#include "py/runtime.h"
#include "python/vfs_storage.h"
#include "storage/storage.h"

/* Where the current drive is mounted, without a '/' at its end. On no drive at all, in the folder
 * of the drives, it is /flash as ever. */
static const char *current_drive(size_t *length)
{
    const mp_vfs_mount_t *drive = MP_STATE_VM(vfs_cur);
    if (drive == MP_VFS_NONE || drive == MP_VFS_ROOT) {
        *length = strlen("/flash");
        return "/flash";
    }
    *length = drive->len == 1 ? 0 : drive->len;
    return drive->str;
}

/* `name` on the current drive, unless it says itself where it is. False: it is too long. */
static bool join(const char *name, char path[STORAGE_PATH_MAX])
{
    size_t length = 0;
    if (name[0] != '/') {
        const char *drive = current_drive(&length);
        if (length + 1 >= STORAGE_PATH_MAX) {
            return false;
        }
        memcpy(path, drive, length);
        path[length++] = '/';
    }
    if (length + strlen(name) >= STORAGE_PATH_MAX) {
        return false;
    }
    strcpy(path + length, name);
    return true;
}

static const char *why_not(const char *path)
{
    const char *rest;
    const mp_vfs_mount_t *drive = mp_vfs_lookup_path(path, &rest);
    if (drive == MP_VFS_NONE || drive == MP_VFS_ROOT) {
        return strncmp(path, "/sd/", 4) == 0 ? "the SD card is not enabled"
                                             : "nothing is mounted there";
    }
    if (mp_import_stat(path) == MP_IMPORT_STAT_DIR) {
        return "is a directory";
    }
    if (drive->obj == python_card_volume() && storage_card() == STORAGE_CARD_ABSENT) {
        return "no card in the slot";
    }
    if (drive->obj == python_card_volume() && storage_card() == STORAGE_CARD_UNREADABLE) {
        return "no file system on the card";
    }
    return "no such file";
}

static const char *find(char path[STORAGE_PATH_MAX])
{
    const char *name = "main.py";
    if (MP_STATE_PORT(python_main) != MP_OBJ_NULL) {
        name = mp_obj_str_get_str(MP_STATE_PORT(python_main));
    }
    if (!join(name, path)) {
        mp_printf(&mp_plat_print, "not run: %s: name too long\n", name);
        return NULL;
    }
    if (mp_import_stat(path) != MP_IMPORT_STAT_FILE) {
        mp_printf(&mp_plat_print, "not run: %s: %s\n", path, why_not(path));
        return NULL;
    }
    return path;
}

const char *python_find_main(void)
{
    static char path[STORAGE_PATH_MAX];
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        const char *found = find(path);
        nlr_pop();
        return found;
    }
    /* The current drive can be a program's own, written in Python. */
    mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(nlr.ret_val));
    return NULL;
}

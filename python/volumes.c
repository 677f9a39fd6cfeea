/* What is mounted where: os.mount(), os.umount(), os.mkfs(), and /sd with its places in sys.path.
 *
 * Whether the slot of the card is enabled is storage's state; Python's table of mounts follows it.
 */
#include "python/volumes.h"

#include <string.h>

#include "extmod/vfs.h"
#include "extmod/vfs_fat.h"
#include "py/gc.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/objlist.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "python/modpyb.h"
#include "python/oserror.h"
#include "python/own_disks.h"
#include "python/vfs_storage.h"
#include "storage/storage.h"

static const MP_DEFINE_STR_OBJ(path_flash, "/flash");
static const MP_DEFINE_STR_OBJ(path_sd, "/sd");
static const MP_DEFINE_STR_OBJ(path_sd_lib, "/sd/lib");

/* os.mount(sd, '/sd') was called. Before that /sd may be there all the same, since the card was
 * enabled or by an earlier life of Python: the first call takes it over, the next one finds it
 * mounted. */
static bool card_claimed;

static _Noreturn void raise_card(int error)
{
    const char *text;
    switch (error) {
    case STORAGE_NO_VOLUME:
        text = "no card in the slot";
        break;
    case STORAGE_BUSY:
        text = "something on it is open";
        break;
    case STORAGE_READ_ONLY:
        text = "the card is write-protected";
        break;
    case STORAGE_INVALID:
        text = "the card is too small for a file system";
        break;
    default:
        text = storage_error_text(error);
    }
    python_raise_oserror(python_storage_errno(error), text);
}

/* ---- sys.path */
static bool is_card_path(mp_obj_t item)
{
    return mp_obj_equal(item, MP_OBJ_FROM_PTR(&path_sd)) ||
           mp_obj_equal(item, MP_OBJ_FROM_PTR(&path_sd_lib));
}

/* sys.path is the program's: it may be anything by now. */
static mp_obj_list_t *search_path(void)
{
    return mp_sys_path != MP_OBJ_NULL && mp_obj_is_exact_type(mp_sys_path, &mp_type_list)
               ? MP_OBJ_TO_PTR(mp_sys_path)
               : NULL;
}

static void take_from_path(void)
{
    mp_obj_list_t *path = search_path();
    for (size_t i = 0; path != NULL && i < path->len;) {
        if (is_card_path(path->items[i])) {
            mp_obj_list_remove(MP_OBJ_FROM_PTR(path), path->items[i]);
        } else {
            i++;
        }
    }
}

/* Behind /flash and what else is there, ahead of the modules in the firmware. */
static void add_to_path(void)
{
    take_from_path();
    mp_obj_list_t *path = search_path();
    if (path == NULL) {
        return;
    }
    bool frozen =
        path->len > 0 && path->items[path->len - 1] == MP_OBJ_NEW_QSTR(MP_QSTR__dot_frozen);
    mp_obj_list_append(MP_OBJ_FROM_PTR(path), MP_OBJ_FROM_PTR(&path_sd));
    mp_obj_list_append(MP_OBJ_FROM_PTR(path), MP_OBJ_FROM_PTR(&path_sd_lib));
    if (frozen) {
        mp_obj_t *last = path->items + path->len - 3;
        memmove(last, last + 1, 2 * sizeof *last);
        last[2] = MP_OBJ_NEW_QSTR(MP_QSTR__dot_frozen);
    }
}

/* ---- the table of mounts */
static void mount(mp_obj_t volume, const mp_obj_str_t *point)
{
    mp_obj_t args[] = {volume, MP_OBJ_FROM_PTR(point)};
    mp_vfs_mount(MP_ARRAY_SIZE(args), args, (mp_map_t *)&mp_const_empty_map);
}

/* What is mounted at /sd; MP_OBJ_NULL for nothing. */
static mp_obj_t at_sd(void)
{
    for (mp_vfs_mount_t *entry = MP_STATE_VM(vfs_mount_table); entry != NULL; entry = entry->next) {
        if (entry->len == path_sd.len && memcmp(entry->str, path_sd.data, path_sd.len) == 0) {
            return entry->obj;
        }
    }
    return MP_OBJ_NULL;
}

/* FAT of the program's own on the card's blocks. */
static bool is_on_card(mp_obj_t object)
{
    const fs_user_mount_t *fat = MP_OBJ_TO_PTR(object);
    return mp_obj_is_exact_type(object, &mp_fat_vfs_type) &&
           python_sd_has_blocks(fat->blockdev.readblocks[1]);
}

/* Two that know nothing of each other would ruin the card's file system. */
static void refuse_second(void)
{
    for (mp_vfs_mount_t *entry = MP_STATE_VM(vfs_mount_table); entry != NULL; entry = entry->next) {
        const fs_user_mount_t *fat = MP_OBJ_TO_PTR(entry->obj);
        if (is_on_card(entry->obj) && python_sd_is_current(fat->blockdev.readblocks[1])) {
            python_raise_oserror(MP_EBUSY, "the program has mounted the card elsewhere: umount() "
                                           "it there first");
        }
    }
}

static void show_card(void)
{
    mount(python_card_volume(), &path_sd);
    add_to_path();
}

void python_mount_volumes(void)
{
    python_own_disks_init();
    card_claimed = false;
    python_volume_reset(python_flash_volume());
    python_volume_reset(python_card_volume());
    mount(python_flash_volume(), &path_flash);
    mp_vfs_chdir(MP_OBJ_FROM_PTR(&path_flash));
    if (storage_card() != STORAGE_CARD_DISABLED) {
        show_card();
    }
}

void python_card_mount(void)
{
    mp_obj_t there = at_sd();
    if (there != MP_OBJ_NULL && there != python_card_volume()) {
        python_raise_oserror(MP_EPERM, "something else is mounted as /sd");
    }
    refuse_second();
    int result = storage_card_mount();
    if (result < 0) {
        raise_card(result);
    }
    python_sd_end_volumes();
    if (there == MP_OBJ_NULL) {
        show_card();
    }
}

void python_card_unmount(void)
{
    int result = storage_card_unmount();
    if (result == STORAGE_BUSY) {
        gc_collect(); /* files that the program gave up may hold it */
        result = storage_card_unmount();
    }
    if (result < 0 && result != STORAGE_NO_VOLUME) {
        raise_card(result);
    }
    card_claimed = false;
    if (at_sd() == python_card_volume()) {
        mp_vfs_umount(python_card_volume());
        take_from_path();
    }
}

/* ---- os.mount(volume or block device, mount point, *, readonly=False) */
static bool is_card(mp_obj_t object)
{
    return mp_obj_get_type(object) == &python_sd_type;
}

static bool is_string(mp_obj_t object, const mp_obj_str_t *wanted)
{
    return mp_obj_is_str(object) && mp_obj_equal(object, MP_OBJ_FROM_PTR(wanted));
}

/* "/name", without a '/' at its end. No path would lead to a volume anywhere else. */
static mp_obj_t mount_point(mp_obj_t given)
{
    size_t length;
    const char *text = mp_obj_str_get_data(given, &length);
    size_t end = length;
    while (end > 1 && text[end - 1] == '/') {
        end--;
    }
    bool good = end > 0 && text[0] == '/';
    for (size_t i = 1, part; good && i < end; i += part + 1) {
        for (part = 0; i + part < end && text[i + part] != '/'; part++) {
            good = good && text[i + part] != '\0';
        }
        good = good && part != 0 && !(part == 1 && text[i] == '.') &&
               !(part == 2 && memcmp(text + i, "..", 2) == 0);
    }
    if (!good) {
        python_raise_oserror(MP_EINVAL, "a mount point has a name that begins with '/', as '/sd'");
    }
    return end == length ? given : mp_obj_new_str(text, end);
}

static void check_card_mount_point(mp_obj_t point)
{
    const char *path = mp_obj_str_get_str(point);
    if (strcmp(path, "/") == 0) {
        python_raise_oserror(MP_EINVAL, "the card comes and goes: it cannot be '/'; take '/sd'");
    }
    const char *rest;
    const mp_vfs_mount_t *there = mp_vfs_lookup_path(path, &rest);
    if (there != MP_VFS_NONE && there->len != 1 && there->obj != python_card_volume()) {
        python_raise_oserror(MP_EPERM, "something else is mounted there");
    }
}

static mp_obj_t os_mount(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    if (n_args != 2) {
        return mp_vfs_mount(n_args, args, kw);
    }
    mp_obj_t own[] = {args[0], mount_point(args[1])};
    if (is_card(args[0]) || is_on_card(args[0])) {
        check_card_mount_point(own[1]);
        refuse_second();
    }
    if (!is_card(args[0])) {
        return mp_vfs_mount(MP_ARRAY_SIZE(own), own, kw);
    }
    if (is_string(own[1], &path_sd) && kw->used == 0) {
        if (card_claimed) {
            python_raise_oserror(MP_EPERM, "the card is mounted already");
        }
        python_card_mount();
        card_claimed = true;
        return mp_const_none;
    }
    /* By another name, or in another way: a volume of the program's own on the card's blocks. A /sd
     * that nobody asked for gives way. */
    if (!card_claimed) {
        python_card_unmount();
    }
    own[0] = mp_call_function_1(MP_OBJ_FROM_PTR(&mp_fat_vfs_type), args[0]);
    return mp_vfs_mount(MP_ARRAY_SIZE(own), own, kw);
}
MP_DEFINE_CONST_FUN_OBJ_KW(python_mount_obj, 0, os_mount);

/* os.umount(mount point or volume). That of /flash is only Python's view: FTP still has it, and so
 * has Python's next life. */
static mp_obj_t os_umount(mp_obj_t what)
{
    if (mp_obj_is_str(what)) {
        what = mount_point(what);
    }
    if (at_sd() == python_card_volume() &&
        (is_card(what) || is_string(what, &path_sd) || what == python_card_volume())) {
        python_card_unmount();
        return mp_const_none;
    }
    return mp_vfs_umount(what);
}
MP_DEFINE_CONST_FUN_OBJ_1(python_umount_obj, os_umount);

/* ---- os.mkfs('/flash' | '/sd' | block device) */
static int format_card(void)
{
    refuse_second();
    python_sd_end_volumes();
    return storage_card_format(STORAGE_FAT_BY_SIZE, python_poll_pending);
}

static void format(int (*make)(void), mp_obj_t volume)
{
    int result = make();
    if (result == STORAGE_BUSY) {
        gc_collect(); /* files that the program gave up may hold it */
        result = make();
    }
    if (result < 0) {
        raise_card(result);
    }
    python_volume_reset(volume); /* its current directory is gone */
    mp_handle_pending(true);     /* Ctrl-C has waited for the end */
}

static mp_obj_t os_mkfs(mp_obj_t what)
{
    if (is_card(what) || is_string(what, &path_sd)) {
        format(format_card, python_card_volume());
    } else if (is_string(what, &path_flash)) {
        format(storage_format_flash, python_flash_volume());
    } else if (mp_obj_is_str(what)) {
        python_raise_oserror(MP_ENODEV, "mkfs() takes '/flash', '/sd' or a block device");
    } else {
        mp_obj_t call[3];
        mp_load_method(MP_OBJ_FROM_PTR(&mp_fat_vfs_type), MP_QSTR_mkfs, call);
        call[2] = what;
        mp_call_method_n_kw(1, 0, call);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(os_mkfs_obj, os_mkfs);

/* What the WiPy's os has beyond MicroPython's. */
void python_os_attr(mp_obj_t self, qstr name, mp_obj_t *value);
void python_os_attr(mp_obj_t self, qstr name, mp_obj_t *value)
{
    if (value[0] != MP_OBJ_NULL) {
        return; /* no assignment */
    }
    if (name == MP_QSTR_unmount) {
        value[0] = MP_OBJ_FROM_PTR(&python_umount_obj);
    } else if (name == MP_QSTR_mkfs) {
        value[0] = MP_OBJ_FROM_PTR(&os_mkfs_obj);
    } else if (name == MP_QSTR_sync) {
        value[0] = MP_OBJ_FROM_PTR(&pyb_sync_obj);
    }
}
MP_REGISTER_MODULE_DELEGATION(mp_module_os, python_os_attr);

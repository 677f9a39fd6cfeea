/* A volume of storage/ as MicroPython sees it: paths, names, directories. Files: file_storage.c. */
#include "python/vfs_storage.h"

#include <string.h>

#include "extmod/vfs.h"
#include "py/gc.h"
#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "python/oserror.h"
#include "storage/storage.h"

#define NAME_MAX 255 /* characters; on /flash bytes */

typedef struct {
    mp_obj_base_t base;
    const char *volume;                 /* where storage has it, "/flash" */
    char current_dir[STORAGE_PATH_MAX]; /* absolute in storage, normalised: begins with `volume` */
} vfs_obj_t;

static const mp_obj_type_t vfs_type;
static vfs_obj_t flash = {.base = {&vfs_type}, .volume = "/flash"};
static vfs_obj_t card = {.base = {&vfs_type}, .volume = "/sd"};

static void check(int result, const char *path)
{
    if (result < 0) {
        python_raise_storage(result, path);
    }
}

/* Make `path`, which is relative to the current directory or, with a leading '/', to the volume, an
 * absolute path of storage without "", "." and "..". 0 or an errno. */
static int resolve(const vfs_obj_t *self, const char *path, char out[STORAGE_PATH_MAX])
{
    size_t root = strlen(self->volume);
    strcpy(out, path[0] == '/' ? self->volume : self->current_dir);
    size_t length = strlen(out);
    while (*path != '\0') {
        size_t part = strcspn(path, "/");
        if (part == 2 && memcmp(path, "..", 2) == 0) {
            while (length > root && out[length] != '/') {
                length--;
            }
        } else if (part != 0 && !(part == 1 && path[0] == '.')) {
            if (length + 1 + part + 1 > STORAGE_PATH_MAX) {
                return python_storage_errno(STORAGE_NAME_TOO_LONG);
            }
            out[length] = '/';
            memcpy(out + length + 1, path, part);
            length += 1 + part;
        }
        out[length] = '\0';
        path += part;
        path += strspn(path, "/");
    }
    return 0;
}

static void resolve_obj(mp_obj_t self_in, mp_obj_t path, char out[STORAGE_PATH_MAX])
{
    size_t length;
    const char *text = mp_obj_str_get_data(path, &length);
    if (strlen(text) != length) {
        mp_raise_ValueError(MP_ERROR_TEXT("embedded null character"));
    }
    int error = resolve(MP_OBJ_TO_PTR(self_in), text, out);
    if (error != 0) {
        mp_raise_OSError(error);
    }
}

static mp_obj_t vfs_open(mp_obj_t self_in, mp_obj_t path_in, mp_obj_t mode)
{
    char path[STORAGE_PATH_MAX];
    resolve_obj(self_in, path_in, path);
    return python_file_open(path, mp_obj_str_get_str(mode));
}
static MP_DEFINE_CONST_FUN_OBJ_3(vfs_open_obj, vfs_open);

/* ---- directories */
typedef struct {
    mp_obj_base_t base;
    mp_fun_1_t iternext;
    mp_fun_1_t finaliser;
    bool is_str;
    struct storage_dir *dir; /* NULL: at the end */
} dir_iter_t;

static struct storage_dir *open_dirs[STORAGE_OPEN_DIRS];

static void remember_dir(struct storage_dir *old, struct storage_dir *new)
{
    for (size_t i = 0; i < STORAGE_OPEN_DIRS; i++) {
        if (open_dirs[i] == old) {
            open_dirs[i] = new;
            return;
        }
    }
}

void python_close_dirs(void)
{
    for (size_t i = 0; i < STORAGE_OPEN_DIRS; i++) {
        storage_closedir(open_dirs[i]);
        open_dirs[i] = NULL;
    }
}

static mp_obj_t dir_close(mp_obj_t self_in)
{
    dir_iter_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->dir != NULL) {
        remember_dir(self->dir, NULL);
        storage_closedir(self->dir);
        self->dir = NULL;
    }
    return mp_const_none;
}

/* Entries are (name, type, inode = 0, size). */
static mp_obj_t dir_next(mp_obj_t self_in)
{
    dir_iter_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->dir == NULL) {
        return MP_OBJ_STOP_ITERATION;
    }
    struct storage_entry entry;
    int result = storage_readdir(self->dir, &entry);
    if (result <= 0) {
        dir_close(self_in);
        check(result, "");
        return MP_OBJ_STOP_ITERATION;
    }
    mp_obj_t items[4] = {
        mp_obj_new_str_of_type(self->is_str ? &mp_type_str : &mp_type_bytes,
                               (const byte *)entry.name, strlen(entry.name)),
        MP_OBJ_NEW_SMALL_INT(entry.stat.is_dir ? MP_S_IFDIR : MP_S_IFREG),
        MP_OBJ_NEW_SMALL_INT(0),
        mp_obj_new_int_from_ull(entry.stat.size),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}

static mp_obj_t vfs_ilistdir(size_t n_args, const mp_obj_t *args)
{
    mp_obj_t path_in = n_args == 2 ? args[1] : MP_OBJ_NEW_QSTR(MP_QSTR_);
    char path[STORAGE_PATH_MAX];
    resolve_obj(args[0], path_in, path);

    dir_iter_t *iter =
        mp_obj_malloc_with_finaliser(dir_iter_t, &mp_type_polymorph_iter_with_finaliser);
    iter->iternext = dir_next;
    iter->finaliser = dir_close;
    iter->is_str = mp_obj_get_type(path_in) == &mp_type_str;
    iter->dir = NULL;
    struct storage_dir *dir;
    int result = storage_opendir(&dir, path);
    if (result == STORAGE_TOO_MANY) {
        gc_collect(); /* iterators that the program gave up may hold them */
        result = storage_opendir(&dir, path);
    }
    check(result, path);
    remember_dir(NULL, dir);
    iter->dir = dir;
    return MP_OBJ_FROM_PTR(iter);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(vfs_ilistdir_obj, 1, 2, vfs_ilistdir);

static mp_obj_t vfs_chdir(mp_obj_t self_in, mp_obj_t path_in)
{
    vfs_obj_t *self = MP_OBJ_TO_PTR(self_in);
    char path[STORAGE_PATH_MAX];
    resolve_obj(self_in, path_in, path);
    /* The root of /flash can be entered even when it is damaged; that of /sd needs a card. */
    if (self == &card || strcmp(path, self->volume) != 0) {
        struct storage_stat stat;
        check(storage_stat(path, &stat), path);
        if (!stat.is_dir) {
            mp_raise_OSError(MP_ENOTDIR);
        }
    }
    strcpy(self->current_dir, path);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_chdir_obj, vfs_chdir);

static mp_obj_t vfs_getcwd(mp_obj_t self_in)
{
    const vfs_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const char *path = self->current_dir + strlen(self->volume);
    return mp_obj_new_str_from_cstr(*path != '\0' ? path : "/");
}
static MP_DEFINE_CONST_FUN_OBJ_1(vfs_getcwd_obj, vfs_getcwd);

/* ---- names */
static mp_obj_t vfs_mkdir(mp_obj_t self_in, mp_obj_t path_in)
{
    char path[STORAGE_PATH_MAX];
    resolve_obj(self_in, path_in, path);
    check(storage_mkdir(path), path);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_mkdir_obj, vfs_mkdir);

static int remove_dir(const char *path)
{
    int result = storage_rmdir(path);
    if (result == STORAGE_BUSY) {
        gc_collect(); /* iterators that the program gave up may have it open */
        result = storage_rmdir(path);
    }
    return result;
}

/* remove() takes empty directories, too, as on other boards. */
static mp_obj_t vfs_remove(mp_obj_t self_in, mp_obj_t path_in)
{
    char path[STORAGE_PATH_MAX];
    resolve_obj(self_in, path_in, path);
    int result = storage_remove(path);
    if (result == STORAGE_BUSY) {
        python_release_file(path);
        result = storage_remove(path);
    }
    if (result == STORAGE_IS_DIR) {
        result = remove_dir(path);
    }
    check(result, path);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_remove_obj, vfs_remove);

static mp_obj_t vfs_rmdir(mp_obj_t self_in, mp_obj_t path_in)
{
    char path[STORAGE_PATH_MAX];
    resolve_obj(self_in, path_in, path);
    check(remove_dir(path), path);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_rmdir_obj, vfs_rmdir);

static mp_obj_t vfs_rename(mp_obj_t self_in, mp_obj_t from_in, mp_obj_t to_in)
{
    char from[STORAGE_PATH_MAX], to[STORAGE_PATH_MAX];
    resolve_obj(self_in, from_in, from);
    resolve_obj(self_in, to_in, to);
    int result = storage_rename(from, to);
    if (result == STORAGE_BUSY) {
        python_release_file(from);
        python_release_file(to);
        result = storage_rename(from, to);
    }
    check(result, from);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(vfs_rename_obj, vfs_rename);

/* (mode, inode, device, links, uid, gid, size, atime, mtime, ctime) */
static mp_obj_t vfs_stat(mp_obj_t self_in, mp_obj_t path_in)
{
    char path[STORAGE_PATH_MAX];
    resolve_obj(self_in, path_in, path);
    struct storage_stat stat;
    check(storage_stat(path, &stat), path);
    mp_obj_t zero = MP_OBJ_NEW_SMALL_INT(0);
    mp_obj_t time = mp_obj_new_int_from_uint(stat.mtime);
    mp_obj_t items[10] = {
        MP_OBJ_NEW_SMALL_INT(stat.is_dir ? MP_S_IFDIR : MP_S_IFREG),
        zero,
        zero,
        zero,
        zero,
        zero,
        mp_obj_new_int_from_ull(stat.size),
        time,
        time,
        time,
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_stat_obj, vfs_stat);

/* (bsize, frsize, blocks, bfree, bavail, files, ffree, favail, flags, namemax) */
static mp_obj_t vfs_statvfs(mp_obj_t self_in, mp_obj_t path_in)
{
    const vfs_obj_t *self = MP_OBJ_TO_PTR(self_in);
    struct storage_volume volume;
    check(storage_volume(self->volume, &volume), self->volume);
    mp_obj_t zero = MP_OBJ_NEW_SMALL_INT(0);
    mp_obj_t size = mp_obj_new_int_from_uint(volume.block_size);
    mp_obj_t free = mp_obj_new_int_from_uint(volume.free_blocks);
    mp_obj_t items[10] = {
        size, size, mp_obj_new_int_from_uint(volume.blocks), free, free, zero, zero,
        zero, zero, MP_OBJ_NEW_SMALL_INT(NAME_MAX),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_statvfs_obj, vfs_statvfs);

/* Mounting is Python's view only: storage keeps the volume. */
static mp_obj_t vfs_mount(mp_obj_t self_in, mp_obj_t readonly, mp_obj_t mkfs)
{
    if (mp_obj_is_true(readonly) || mp_obj_is_true(mkfs)) {
        mp_raise_OSError(MP_EPERM);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(vfs_mount_obj, vfs_mount);

static mp_obj_t vfs_umount(mp_obj_t self_in)
{
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(vfs_umount_obj, vfs_umount);

static mp_import_stat_t vfs_import_stat(void *self, const char *path_in)
{
    char path[STORAGE_PATH_MAX];
    struct storage_stat stat;
    if (resolve(self, path_in, path) != 0 || storage_stat(path, &stat) < 0) {
        return MP_IMPORT_STAT_NO_EXIST;
    }
    return stat.is_dir ? MP_IMPORT_STAT_DIR : MP_IMPORT_STAT_FILE;
}

static const mp_rom_map_elem_t vfs_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_open), MP_ROM_PTR(&vfs_open_obj)},
    {MP_ROM_QSTR(MP_QSTR_ilistdir), MP_ROM_PTR(&vfs_ilistdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_chdir), MP_ROM_PTR(&vfs_chdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_getcwd), MP_ROM_PTR(&vfs_getcwd_obj)},
    {MP_ROM_QSTR(MP_QSTR_mkdir), MP_ROM_PTR(&vfs_mkdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_remove), MP_ROM_PTR(&vfs_remove_obj)},
    {MP_ROM_QSTR(MP_QSTR_rmdir), MP_ROM_PTR(&vfs_rmdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_rename), MP_ROM_PTR(&vfs_rename_obj)},
    {MP_ROM_QSTR(MP_QSTR_stat), MP_ROM_PTR(&vfs_stat_obj)},
    {MP_ROM_QSTR(MP_QSTR_statvfs), MP_ROM_PTR(&vfs_statvfs_obj)},
    {MP_ROM_QSTR(MP_QSTR_mount), MP_ROM_PTR(&vfs_mount_obj)},
    {MP_ROM_QSTR(MP_QSTR_umount), MP_ROM_PTR(&vfs_umount_obj)},
};
static MP_DEFINE_CONST_DICT(vfs_locals, vfs_locals_table);

static const mp_vfs_proto_t vfs_protocol = {
    .import_stat = vfs_import_stat,
};

static MP_DEFINE_CONST_OBJ_TYPE(vfs_type, MP_QSTR_VfsStorage, MP_TYPE_FLAG_NONE, protocol,
                                &vfs_protocol, locals_dict, &vfs_locals);

mp_obj_t python_flash_volume(void)
{
    return MP_OBJ_FROM_PTR(&flash);
}

mp_obj_t python_card_volume(void)
{
    return MP_OBJ_FROM_PTR(&card);
}

void python_volume_reset(mp_obj_t volume)
{
    vfs_obj_t *self = MP_OBJ_TO_PTR(volume);
    strcpy(self->current_dir, self->volume);
}

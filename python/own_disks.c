/* Between the file systems and the methods of a program's own disk. Those may do anything: raise an
 * exception in the midst of what a file system does, or use the very file system that they are the
 * disk of. */
#include "python/own_disks.h"

#include "extmod/vfs.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "python/modpyb.h"
#include "python/oserror.h"
#include "storage/fat_disk.h"
#include "storage/flash_volume.h"

/* MicroPython's vfs_fat_diskio.c, under other names (micropython.cmake). */
DRESULT python_disk_read(void *drv, BYTE *data, DWORD sector, UINT count);
DRESULT python_disk_write(void *drv, const BYTE *data, DWORD sector, UINT count);
DRESULT python_disk_ioctl(void *drv, BYTE command, void *data);

/* What vfs_lfs.c calls instead of MicroPython's vfs_blockdev.c. */
int python_blockdev_read(mp_vfs_blockdev_t *disk, size_t block, size_t offset, size_t size,
                         uint8_t *data);
int python_blockdev_write(mp_vfs_blockdev_t *disk, size_t block, size_t offset, size_t size,
                          const uint8_t *data);
mp_obj_t python_blockdev_ioctl(mp_vfs_blockdev_t *disk, uintptr_t command, uintptr_t argument);

/* The disks whose methods are running, the latest first. */
struct visit {
    const void *disk;
    struct visit *outer;
};
static struct visit *visits;

/* A file system that was entered again from within its own disk would go on with buffers of the
 * inner call, which are gone. FatFs asks its disk before it does anything. */
static void begin(struct visit *visit, const void *disk)
{
    for (const struct visit *other = visits; other != NULL; other = other->outer) {
        if (other->disk == disk) {
            mp_raise_OSError(MP_EBUSY);
        }
    }
    *visit = (struct visit){disk, visits};
    visits = visit;
}

static void end(const struct visit *visit)
{
    visits = visit->outer;
}

/* The collector closes a file that the program forgot: nobody waits for an exception, nor for a
 * text that says what went wrong. */
static bool collecting(void)
{
    return (MP_STATE_THREAD(gc_lock_depth) & GC_COLLECT_FLAG) != 0;
}

/* The exception of a disk as a negative errno. */
static int number_of(mp_obj_t exception)
{
    if (!mp_obj_exception_match(exception, MP_OBJ_FROM_PTR(&mp_type_Exception))) {
        mp_sched_exception(exception); /* Ctrl-C, or sys.exit() */
        return -MP_EIO;
    }
    if (mp_obj_exception_match(exception, MP_OBJ_FROM_PTR(&mp_type_OSError))) {
        mp_obj_t value = mp_obj_exception_get_value(exception);
        mp_int_t number = mp_obj_is_small_int(value) ? MP_OBJ_SMALL_INT_VALUE(value) : 0;
        return number > 0 && number < 256 ? -(int)number : -MP_EIO;
    }
    if (!collecting()) {
        mp_obj_print_exception(&mp_plat_print, exception);
    }
    return -MP_EIO;
}

/* close() and __del__() of files on such disks. */
static mp_obj_t stream_close(mp_obj_t stream)
{
    if (!collecting()) {
        return mp_stream_close(stream);
    }
    int error;
    mp_get_stream(stream)->ioctl(stream, MP_STREAM_CLOSE, 0, &error);
    return mp_const_none;
}
MP_DECLARE_CONST_FUN_OBJ_1(python_stream_close_obj);
MP_DEFINE_CONST_FUN_OBJ_1(python_stream_close_obj, stream_close);

/* ---- FatFs keeps nothing of its own on the stack that would outlive an exception. */

struct fat_call {
    enum { FAT_READ, FAT_WRITE, FAT_IOCTL } what;
    void *drv, *data;
    DWORD sector;
    UINT count; /* FAT_IOCTL: the command */
};

static DRESULT fat_call(const struct fat_call *call)
{
    struct visit visit = {NULL, visits};
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        end(&visit);
        if (!collecting()) {
            nlr_jump(nlr.ret_val);
        }
        number_of(MP_OBJ_FROM_PTR(nlr.ret_val));
        return RES_ERROR;
    }
    begin(&visit, call->drv);
    DRESULT result = call->what == FAT_READ
                         ? python_disk_read(call->drv, call->data, call->sector, call->count)
                     : call->what == FAT_WRITE
                         ? python_disk_write(call->drv, call->data, call->sector, call->count)
                         : python_disk_ioctl(call->drv, (BYTE)call->count, call->data);
    nlr_pop();
    end(&visit);
    return result;
}

static DRESULT fat_read(void *drv, BYTE *data, DWORD sector, UINT count)
{
    return fat_call(&(struct fat_call){FAT_READ, drv, data, sector, count});
}

static DRESULT fat_write(void *drv, const BYTE *data, DWORD sector, UINT count)
{
    return fat_call(&(struct fat_call){FAT_WRITE, drv, (BYTE *)data, sector, count});
}

static DRESULT fat_ioctl(void *drv, BYTE command, void *data)
{
    return fat_call(&(struct fat_call){FAT_IOCTL, drv, data, 0, command});
}

/* ---- littlefs keeps a list of what is open, some of it on the stack: it has to return in order,
 * and gets a number instead of an exception. */

struct lfs_call {
    enum { LFS_READ, LFS_WRITE, LFS_IOCTL } what;
    mp_vfs_blockdev_t *disk;
    size_t block, offset, size; /* LFS_IOCTL: `block` is the command, `offset` its argument */
    uint8_t *data;
};

static int lfs_do(const struct lfs_call *call)
{
    switch (call->what) {
    case LFS_READ:
        return mp_vfs_blockdev_read_ext(call->disk, call->block, call->offset, call->size,
                                        call->data);
    case LFS_WRITE:
        return mp_vfs_blockdev_write_ext(call->disk, call->block, call->offset, call->size,
                                         call->data);
    default: {
        mp_obj_t result = mp_vfs_blockdev_ioctl(call->disk, call->block, call->offset);
        bool nothing = result == mp_const_none && call->block == MP_BLOCKDEV_IOCTL_SYNC;
        return nothing ? 0 : (int)mp_obj_get_int(result);
    }
    }
}

static int lfs_call(const struct lfs_call *call)
{
    struct visit visit = {NULL, visits};
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        begin(&visit, call->disk);
        int result = lfs_do(call);
        nlr_pop();
        end(&visit);
        return result;
    }
    end(&visit);
    return number_of(MP_OBJ_FROM_PTR(nlr.ret_val));
}

int python_blockdev_read(mp_vfs_blockdev_t *disk, size_t block, size_t offset, size_t size,
                         uint8_t *data)
{
    return lfs_call(&(struct lfs_call){LFS_READ, disk, block, offset, size, data});
}

int python_blockdev_write(mp_vfs_blockdev_t *disk, size_t block, size_t offset, size_t size,
                          const uint8_t *data)
{
    return lfs_call(&(struct lfs_call){LFS_WRITE, disk, block, offset, size, (uint8_t *)data});
}

mp_obj_t python_blockdev_ioctl(mp_vfs_blockdev_t *disk, uintptr_t command, uintptr_t argument)
{
    if (python_sd_has_blocks(disk->readblocks[1])) {
        python_raise_oserror(MP_EINVAL, "the card is for FAT: use VfsFat");
    }
    if (command != MP_BLOCKDEV_IOCTL_SYNC && command != MP_BLOCKDEV_IOCTL_BLOCK_ERASE) {
        return mp_vfs_blockdev_ioctl(disk, command, argument); /* littlefs is not at work yet */
    }
    return MP_OBJ_NEW_SMALL_INT(
        lfs_call(&(struct lfs_call){LFS_IOCTL, disk, command, argument, 0, NULL}));
}

/* littlefs met what it cannot cope with on such a disk: a wrong size, or garbage. */
static void disk_broken(void)
{
    mp_raise_OSError(MP_EIO);
}

void python_own_disks_init(void)
{
    static const struct fat_disk disks = {fat_read, fat_write, fat_ioctl};
    fat_disk_set_others(&disks);
    flash_volume_set_others(disk_broken);
    visits = NULL;
}

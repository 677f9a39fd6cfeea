/* /sd as a volume; here its files. */
#include "storage/card_files.h"

#include "storage/card.h"
#include "storage/card_disk.h"
#include "storage/card_fat.h"
#include "storage/card_names.h"
#include "storage/internal.h"

#include <string.h>

#define FAT_FILE_MAX 0xffffffffu /* bytes; exFAT has no limit of its own */
/* Zeros that one write may put in front of its data: they are really written. */
#define GAP_MAX (64u * 1024 * 1024)

/* The file whose name another one takes; too large for a stack. */
static FIL replaced;

static uint64_t file_max(void)
{
    return card_fat.fs_type == FS_EXFAT ? INT64_MAX : FAT_FILE_MAX;
}

/* FatFs writes the entry of a file with its next sync only after a write. */
static FRESULT sync_entry(FIL *fil)
{
    UINT written;
    FRESULT result = f_write(fil, "", 0, &written);
    return result == FR_OK ? f_sync(fil) : result;
}

/* ---- opening */

/* A file that FatFs has not opened: it belongs to no entry of a folder, and is synced only once it
 * does. A power cut leaves lost clusters of it and nothing else. */
static void make_aside(FIL *fil)
{
    memset(fil, 0, sizeof *fil);
    fil->obj.fs = &card_fat;
    fil->obj.id = card_fat.id;
    fil->flag = FA_READ | FA_WRITE;
}

static int open_named(FIL *fil, const char *inner, BYTE mode)
{
    int result = card_fat_error(f_open(&card_fat, fil, inner, mode));
    /* A size that cannot be: its clusters would be followed round in circles. */
    return result == STORAGE_OK && f_size(fil) > card_fat_capacity() ? STORAGE_IO : result;
}

static int open_file(struct volume_file *volume_file, const char *inner, enum volume_open how)
{
    struct card_file *file = &volume_file->card;
    file->aside = how == VOLUME_ASIDE;
    file->writes = how != VOLUME_READ;
    file->position = file->committed = 0;
    int result = STORAGE_OK;
    switch (how) {
    case VOLUME_READ:
        result = open_named(&file->fil, inner, FA_READ);
        break;
    case VOLUME_WRITE:
        result = open_named(&file->fil, inner, FA_READ | FA_WRITE);
        break;
    case VOLUME_CREATE:
        result = open_named(&file->fil, inner, FA_READ | FA_WRITE | FA_CREATE_ALWAYS);
        if (result == STORAGE_OK) {
            result = card_fat_error(f_sync(&file->fil));
        }
        break;
    default:
        make_aside(&file->fil);
        break;
    }
    file->committed = f_size(&file->fil);
    return result;
}

/* ---- reading and writing */

static FRESULT go_to(FIL *fil, uint64_t position)
{
    return f_tell(fil) == position ? FR_OK : f_lseek(fil, position);
}

static int32_t read_file(struct volume_file *volume_file, void *data, uint32_t size)
{
    struct card_file *file = &volume_file->card;
    if (file->position >= f_size(&file->fil)) {
        return 0;
    }
    card_disk_allow(size);
    UINT count = 0;
    FRESULT result = go_to(&file->fil, file->position);
    if (result == FR_OK) {
        result = f_read(&file->fil, data, size, &count);
    }
    file->position += count;
    return result == FR_OK ? (int32_t)count : card_fat_error(result);
}

/* Write where FatFs stands. */
static int write_here(FIL *fil, const void *data, uint32_t size)
{
    UINT count;
    FRESULT result = f_write(fil, data, size, &count);
    return result == FR_OK && count < size ? STORAGE_FULL : card_fat_error(result);
}

/* Zeros up to there. */
static int extend(struct card_file *file, uint64_t size)
{
    static const uint8_t zeros[HAL_SDCARD_TRANSFER_MAX * HAL_SDCARD_BLOCK];
    uint64_t missing = size - f_size(&file->fil);
    if (missing > GAP_MAX) {
        return STORAGE_GAP;
    }
    int result = card_fat_error(go_to(&file->fil, f_size(&file->fil)));
    while (result == STORAGE_OK && missing > 0) {
        uint32_t now = missing < sizeof zeros ? (uint32_t)missing : sizeof zeros;
        card_disk_allow(now);
        result = write_here(&file->fil, zeros, now);
        missing -= now;
    }
    return result;
}

/* What does not fit is cut off again: what was written before it stays sound. */
static int cut_back(FIL *fil, uint64_t size)
{
    FRESULT result = f_size(fil) > size ? f_lseek(fil, size) : FR_OK;
    if (result == FR_OK && f_size(fil) > size) {
        result = f_truncate(fil);
    }
    return result == FR_OK ? STORAGE_FULL : card_fat_error(result);
}

static int32_t write_file(struct volume_file *volume_file, const void *data, uint32_t size)
{
    struct card_file *file = &volume_file->card;
    if (file->position > file_max() - size) {
        return STORAGE_FULL;
    }
    int result = STORAGE_OK;
    uint64_t before = f_size(&file->fil);
    if (file->position > before) {
        result = extend(file, file->position);
    }
    if (result == STORAGE_OK) {
        result = card_fat_error(go_to(&file->fil, file->position));
    }
    if (result == STORAGE_OK) {
        card_disk_allow(size);
        result = write_here(&file->fil, data, size);
    }
    if (result != STORAGE_OK) {
        return result == STORAGE_FULL ? cut_back(&file->fil, before) : result;
    }
    file->position += size;
    return (int32_t)size;
}

static int seek_file(struct volume_file *volume_file, uint64_t position)
{
    if (position > file_max()) {
        return STORAGE_INVALID;
    }
    volume_file->card.position = position;
    return STORAGE_OK;
}

static uint64_t tell_file(struct volume_file *volume_file)
{
    return volume_file->card.position;
}

static uint64_t size_of_file(struct volume_file *volume_file)
{
    return f_size(&volume_file->card.fil);
}

/* ---- shortening: the entry first, then the clusters. A power cut in between leaves lost ones; the
 * other way round it would leave an entry of clusters that are free. */

static FRESULT write_shorter_entry(FIL *fil, uint64_t size)
{
    FFOBJID whole = fil->obj;
    fil->obj.objsize = size;
    if (size == 0) {
        fil->obj.sclust = 0;
        fil->obj.stat = 0;
    }
    FRESULT result = sync_entry(fil);
    fil->obj.objsize = whole.objsize;
    if (size == 0) {
        fil->obj.sclust = whole.sclust;
        fil->obj.stat = whole.stat;
    }
    return result;
}

static FRESULT shorten(struct card_file *file, uint64_t size)
{
    FIL *fil = &file->fil;
    FRESULT result = f_lseek(fil, size);
    if (result == FR_OK && !file->aside) {
        result = write_shorter_entry(fil, size);
    }
    if (result == FR_OK) {
        result = f_truncate(fil);
    }
    if (result == FR_OK && !file->aside) {
        result = sync_entry(fil);
        file->committed = size;
    }
    return result;
}

static int truncate_file(struct volume_file *volume_file, uint64_t size)
{
    struct card_file *file = &volume_file->card;
    if (size > file_max()) {
        return STORAGE_FULL;
    }
    uint64_t before = f_size(&file->fil);
    if (size > before) {
        int result = extend(file, size);
        return result == STORAGE_FULL ? cut_back(&file->fil, before) : result;
    }
    return size < f_size(&file->fil) ? card_fat_error(shorten(file, size)) : STORAGE_OK;
}

/* ---- closing */

static int sync_file(struct volume_file *volume_file)
{
    struct card_file *file = &volume_file->card;
    if (file->aside) {
        return STORAGE_OK; /* there is no name yet under which anything of it could be found */
    }
    int result = card_fat_error(f_sync(&file->fil));
    if (result == STORAGE_OK) {
        file->committed = f_size(&file->fil);
    }
    return result;
}

/* Let the entry of this name, which may be a new one, be the file's: one block that is written.
 * What the entry had before goes afterwards. */
static int take_name(FIL *fil, const char *inner)
{
    int result = open_named(&replaced, inner, FA_WRITE | FA_OPEN_ALWAYS);
    if (result != STORAGE_OK) {
        return result;
    }
    fil->dir_sect = replaced.dir_sect;
    fil->dir_ptr = replaced.dir_ptr;
    fil->obj.c_scl = replaced.obj.c_scl;
    fil->obj.c_size = replaced.obj.c_size;
    fil->obj.c_ofs = replaced.obj.c_ofs;
    FRESULT done = sync_entry(fil);
    if (done == FR_OK && f_size(&replaced) > 0) {
        done = f_truncate(&replaced);
        if (done == FR_OK) {
            done = sync_entry(fil);
        }
    }
    return card_fat_error(done);
}

static void drop_file(struct volume_file *volume_file)
{
    struct card_file *file = &volume_file->card;
    /* Give back what an error or the caller keeps from being committed. Where the card itself fails
     * nothing more is tried. */
    if (!file->writes || f_error(&file->fil) != 0) {
        return;
    }
    FRESULT result = FR_OK;
    if (f_size(&file->fil) > file->committed) {
        result = shorten(file, file->committed);
    }
    if (result == FR_OK) {
        card_fat_flush(); /* also what a write that did not fit has given back */
    }
}

static int commit_file(struct volume_file *volume_file, const char *inner)
{
    struct card_file *file = &volume_file->card;
    int result = inner != NULL ? take_name(&file->fil, inner) : STORAGE_OK;
    if (result != STORAGE_OK && file->fil.dir_sect == 0) {
        drop_file(volume_file);
    }
    return result;
}

const struct volume card_files = {
    .name = "sd",
    .gone = STORAGE_GONE,
    .sound_when_full = true,
    .state = card_state,
    .changeable = card_changeable,
    .check_name = card_check_name,
    .true_path = card_true_path,
    .fold = card_fold,
    .stat = card_stat,
    .set_mtime = card_set_mtime,
    .make_dir = card_make_dir,
    .remove = card_remove,
    .rename = card_rename,
    .space = card_fat_space,
    .open = open_file,
    .read = read_file,
    .write = write_file,
    .seek = seek_file,
    .tell = tell_file,
    .size = size_of_file,
    .truncate = truncate_file,
    .sync = sync_file,
    .commit = commit_file,
    .drop = drop_file,
    .open_dir = card_open_dir,
    .read_dir = card_read_dir,
    .close_dir = card_close_dir,
};

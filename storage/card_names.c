#include "storage/card_names.h"

#include "storage/card_fat.h"
#include "storage/internal.h"

#include <string.h>

#define UNITS_MAX 255u /* of UTF-16 in a name */

/* FatFs's answers; too large for a stack. */
static FILINFO info;

/* What FatFs refuses, and what it would change in silence: dots and spaces at the end. */
int card_check_name(const char *name, size_t length)
{
    uint32_t units = 0;
    for (size_t i = 0; i < length; i++) {
        if (strchr("\"*:<>?\\|", name[i]) != NULL) {
            return STORAGE_INVALID;
        }
        uint8_t byte = (uint8_t)name[i];
        units += (byte & 0xc0) == 0x80 ? 0 : byte >= 0xf0 ? 2 : 1;
    }
    if (name[length - 1] == '.' || name[length - 1] == ' ') {
        return STORAGE_INVALID;
    }
    return units <= UNITS_MAX ? STORAGE_OK : STORAGE_NAME_TOO_LONG;
}

uint32_t card_fold(uint32_t character)
{
    return ff_wtoupper(character);
}

/* FatFs says the same of a path whose folder is missing and of one whose folder is a file. */
static int why_not_found(const char *inner)
{
    char folder[STORAGE_PATH_MAX];
    strcpy(folder, inner);
    char *last;
    while ((last = strrchr(folder, '/')) != NULL && last != folder) {
        *last = '\0';
        FRESULT result = f_stat(&card_fat, folder, &info);
        if (result != FR_NO_PATH) {
            bool is_file = result == FR_OK && !(info.fattrib & AM_DIR);
            return is_file ? STORAGE_NOT_DIR : STORAGE_NOT_FOUND;
        }
    }
    return STORAGE_NOT_FOUND;
}

static int error_of(FRESULT result, const char *inner)
{
    return result == FR_NO_PATH ? why_not_found(inner) : card_fat_error(result);
}

static void fill_stat(struct storage_stat *stat)
{
    *stat = (struct storage_stat){.is_dir = info.fattrib & AM_DIR,
                                  .read_only = info.fattrib & AM_RDO,
                                  .mtime = card_fat_seconds(info.fdate, info.ftime)};
    stat->size = stat->is_dir ? 0 : info.fsize;
}

int card_stat(const char *inner, struct storage_stat *stat)
{
    FRESULT result = f_stat(&card_fat, inner, &info);
    if (result != FR_OK) {
        return error_of(result, inner);
    }
    fill_stat(stat);
    return STORAGE_OK;
}

/* ---- true names: FAT also knows a file by a short one. Mostly that ends in a number behind a '~',
 * but a PC may have been told to do without, and its code page may have other letters than ours. */

/* Up to 8 characters, and up to 3 behind a dot. */
static bool may_be_short(const char *name)
{
    unsigned count = 0, most = 8;
    for (; *name != '\0' && *name != '/'; name++) {
        if (*name == '.') {
            if (most == 3) {
                return false;
            }
            count = 0;
            most = 3;
        } else if (((uint8_t)*name & 0xc0) != 0x80 && ++count > most) {
            return false;
        }
    }
    return true;
}

static bool is_usable(const char *name)
{
    size_t length;
    return path_check_name(&card_files, name, &length) == STORAGE_OK && name[length] == '\0';
}

/* Leave in `info` what the folder has under this name, short or long. STORAGE_NOT_FOUND. */
static int find_entry(const char *folder, const char *name)
{
    static FF_DIR dir;
    FRESULT result = f_opendir(&card_fat, &dir, folder);
    while (result == FR_OK && (result = f_readdir(&dir, &info)) == FR_OK) {
        if (info.fname[0] == '\0') {
            return STORAGE_NOT_FOUND;
        }
        if (is_usable(info.fname) &&
            (path_is_same(&card_files, info.fname, name) ||
             (is_usable(info.altname) && path_is_same(&card_files, info.altname, name)))) {
            return STORAGE_OK;
        }
    }
    return card_fat_error(result);
}

/* Put the true name in the place of the component of `path` that begins at `name`, when it exists.
 */
static int replace_component(char path[STORAGE_PATH_MAX], char *name)
{
    size_t length = strcspn(name, "/");
    char *end = name + length;
    char kept = *end;
    *end = '\0';
    name[-1] = '\0';
    int result = find_entry(name == path + 1 ? "/" : path, name);
    name[-1] = '/';
    *end = kept;
    if (result != STORAGE_OK) {
        return result == STORAGE_NOT_FOUND ? STORAGE_OK : result;
    }
    size_t true_length = strlen(info.fname);
    if (strlen(path) - length + true_length >= STORAGE_PATH_MAX) {
        return STORAGE_NAME_TOO_LONG;
    }
    memmove(name + true_length, end, strlen(end) + 1);
    memcpy(name, info.fname, true_length);
    return STORAGE_OK;
}

int card_true_path(char path[STORAGE_PATH_MAX])
{
    char *name = path;
    while (card_fat.fs_type != FS_EXFAT && name != NULL) {
        name++;
        if (may_be_short(name)) {
            int result = replace_component(path, name);
            if (result != STORAGE_OK) {
                return result;
            }
        }
        name = strchr(name, '/');
    }
    return STORAGE_OK;
}

/* ---- changes */

int card_set_mtime(const char *inner, uint32_t mtime)
{
    FILINFO stamp;
    card_fat_stamp(mtime, &stamp.fdate, &stamp.ftime);
    return error_of(f_utime(&card_fat, inner, &stamp), inner);
}

int card_make_dir(const char *inner)
{
    return error_of(f_mkdir(&card_fat, inner), inner);
}

static int check_empty(const char *inner)
{
    FF_DIR dir;
    FRESULT result = f_opendir(&card_fat, &dir, inner);
    if (result == FR_OK) {
        result = f_readdir(&dir, &info);
    }
    if (result != FR_OK) {
        return card_fat_error(result);
    }
    return info.fname[0] == '\0' ? STORAGE_OK : STORAGE_NOT_EMPTY;
}

int card_remove(const char *inner, bool is_dir)
{
    int result = is_dir ? check_empty(inner) : STORAGE_OK;
    return result == STORAGE_OK ? card_fat_error(f_unlink(&card_fat, inner)) : result;
}

static FIL moved; /* too large for a stack */

/* Of a file's contents; 0: it has none. */
static DWORD first_cluster(const char *inner)
{
    return f_open(&card_fat, &moved, inner, FA_READ) == FR_OK ? moved.obj.sclust : 0;
}

/* FatFs writes the new entry before it removes the old one: a card that goes in between has both,
 * and only the old one may go then, without its clusters. */
static int end_interrupted_rename(const char *from)
{
    UINT written;
    FRESULT result = f_open(&card_fat, &moved, from, FA_WRITE);
    if (result == FR_OK) {
        moved.obj.sclust = 0;
        moved.obj.objsize = 0;
        moved.obj.stat = 0;
        result = f_write(&moved, "", 0, &written);
    }
    if (result == FR_OK) {
        result = f_sync(&moved);
    }
    return card_fat_error(result == FR_OK ? f_unlink(&card_fat, from) : result);
}

int card_rename(const char *from, const char *to, const struct storage_stat *replaced)
{
    if (replaced != NULL && !replaced->is_dir) {
        DWORD cluster = first_cluster(from);
        if (cluster != 0 && cluster == first_cluster(to)) {
            return end_interrupted_rename(from);
        }
    }
    int result = replaced != NULL ? card_remove(to, replaced->is_dir) : STORAGE_OK;
    if (result != STORAGE_OK || strcmp(from, to) == 0) {
        return result;
    }
    return error_of(f_rename(&card_fat, from, to), to);
}

/* ---- folders */

int card_open_dir(struct volume_dir *dir, const char *inner)
{
    struct storage_stat stat = {.is_dir = true};
    int result = strcmp(inner, "/") == 0 ? STORAGE_OK : card_stat(inner, &stat);
    if (result == STORAGE_OK && !stat.is_dir) {
        result = STORAGE_NOT_DIR;
    }
    return result == STORAGE_OK ? card_fat_error(f_opendir(&card_fat, &dir->card.fat, inner))
                                : result;
}

/* A name that no path can have (a PC may write others than we do, and a damaged card has any) is
 * listed by its short one, or left out. */
int card_read_dir(struct volume_dir *dir, const char *inner, struct storage_entry *entry)
{
    (void)inner;
    const char *name;
    do {
        FRESULT result = f_readdir(&dir->card.fat, &info);
        if (result != FR_OK) {
            return card_fat_error(result);
        }
        if (info.fname[0] == '\0') {
            return 0;
        }
        name = is_usable(info.fname) ? info.fname : info.altname;
    } while (!is_usable(name));
    strcpy(entry->name, name);
    fill_stat(&entry->stat);
    return 1;
}

void card_close_dir(struct volume_dir *dir)
{
    f_closedir(&dir->card.fat);
}

/* The volume's life: guard, mounting, first boot. */
#include "hal/reset.h"
#include "storage/card.h"
#include "storage/card_disk.h"
#include "storage/internal.h"

#include <string.h>

static bool busy;

bool storage_busy(void)
{
    return busy;
}

void storage_enter(void)
{
    if (busy)
        hal_fault("storage was entered from within itself");
    busy = true;
    flash_volume_tidy();
    card_disk_begin();
}

/* A card that does not take the last block any more fails the next sync() or close(). */
void storage_leave(void)
{
    card_disk_flush();
    busy = false;
}

static int write_first_boot_file(const char *inner, const char *text)
{
    struct lfs2_info info;
    int result = lfs2_stat(&flash_volume, inner, &info);
    if (result == LFS2_ERR_OK && (info.type != LFS2_TYPE_REG || info.size > 0))
        return LFS2_ERR_OK; /* complete from before a power cut */
    if (result != LFS2_ERR_OK && result != LFS2_ERR_NOENT)
        return result;
    return flash_files_put(&files_spare()->flash, inner, text, (uint32_t)strlen(text));
}

/* Each step may find itself done already, before a power cut. The folder for uploads is the last:
 * it says that all is there. */
static int make_first_boot_files(void)
{
    int result = write_first_boot_file("/boot.py",
                                       "# boot.py -- run on boot-up\n"
                                       "# can run arbitrary Python, but best to keep it minimal\n");
    if (result == LFS2_ERR_OK)
        result = write_first_boot_file("/main.py", "# main.py -- put your code here!\n");
    static const char *const folders[] = {"/sys", "/lib", "/cert", FLASH_VOLUME_UPLOADS};
    for (unsigned i = 0; i < sizeof folders / sizeof folders[0] && result == LFS2_ERR_OK; i++)
        result = flash_files_make_folder(folders[i]);
    return result;
}

/* Uploads that a reset or a power cut interrupted. */
static void remove_leftovers(void)
{
    struct lfs2_info info;
    lfs2_dir_t dir;
    char name[sizeof FLASH_VOLUME_UPLOADS + 1 + LFS2_NAME_MAX] = FLASH_VOLUME_UPLOADS "/";
    if (lfs2_dir_open(&flash_volume, &dir, FLASH_VOLUME_UPLOADS) != LFS2_ERR_OK)
        return;
    while (lfs2_dir_read(&flash_volume, &dir, &info) > 0) {
        if (info.type != LFS2_TYPE_REG)
            continue;
        size_t length = strnlen(info.name, LFS2_NAME_MAX);
        memcpy(name + sizeof FLASH_VOLUME_UPLOADS, info.name, length);
        name[sizeof FLASH_VOLUME_UPLOADS + length] = '\0';
        if (lfs2_remove(&flash_volume, name) != LFS2_ERR_OK)
            break; /* damaged there; what can be read is still of use */
    }
    lfs2_dir_close(&flash_volume, &dir);
}

static enum storage_flash_state bring_up(void)
{
    bool erased = false;
    int result = flash_volume_mount();
    if (result != LFS2_ERR_OK) {
        erased = flash_volume_is_erased();
        if (!erased || flash_volume_format() != LFS2_ERR_OK || flash_volume_mount() != LFS2_ERR_OK)
            return STORAGE_FLASH_DAMAGED;
    }
    /* Finish what a power cut interrupted; fails only where the medium is damaged, and then the
     * rest may still be readable. */
    lfs2_fs_mkconsistent(&flash_volume);
    struct lfs2_info info;
    if (lfs2_stat(&flash_volume, FLASH_VOLUME_UPLOADS, &info) == LFS2_ERR_NOENT)
        return make_first_boot_files() == LFS2_ERR_OK ? STORAGE_FLASH_FORMATTED
                                                      : STORAGE_FLASH_MOUNTED;
    remove_leftovers();
    return STORAGE_FLASH_MOUNTED;
}

enum storage_flash_state storage_init(void)
{
    busy = false;
    storage_enter();
    files_init();
    dirs_init();
    card_init();
    enum storage_flash_state state = bring_up();
    storage_leave();
    return state;
}

static int format_flash(void)
{
    if (files_any_open(&flash_files) || dirs_any_open(&flash_files))
        return STORAGE_BUSY;
    int result = flash_volume_format();
    if (result == LFS2_ERR_OK)
        result = flash_volume_mount();
    if (result == LFS2_ERR_OK)
        result = make_first_boot_files();
    return result == LFS2_ERR_OK ? STORAGE_OK : STORAGE_IO;
}

int storage_format_flash(void)
{
    storage_enter();
    int result = format_flash();
    storage_leave();
    return result;
}

static int volume_of(const char *text, struct storage_volume *volume)
{
    struct path path;
    int result = path_resolve(&path, text);
    if (result != STORAGE_OK)
        return result;
    if (path.kind == PATH_ROOT)
        return STORAGE_DENIED;
    return path.volume->space(volume);
}

int storage_volume(const char *path, struct storage_volume *volume)
{
    storage_enter();
    int result = volume_of(path, volume);
    storage_leave();
    return result;
}

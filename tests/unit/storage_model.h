/* A tree of folders and files in memory, and what is open of them: what /flash has to have.
 * Included by one test program. */
#ifndef TESTS_UNIT_STORAGE_MODEL_H
#define TESTS_UNIT_STORAGE_MODEL_H

#include "lib/flash_map.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/storage_tools.h"

#define FOLDERS     4  /* the first has the others in it */
#define NAMES       24 /* of each */
#define HANDLES     4
#define MOST        12000 /* bytes of a file */
#define INLINE      520   /* about what littlefs keeps in the folder */
#define PATH_LENGTH 500

struct model {
    bool exists;
    uint32_t size;
    uint8_t data[MOST];
};

struct handle {
    struct storage_file *file; /* NULL: closed */
    struct model *target;      /* NULL: without a name */
    struct model now;          /* what it would become */
    bool aside, failed;
};

static struct model files[FOLDERS][NAMES];
static bool folders[FOLDERS];
static struct handle handles[HANDLES];
static struct storage_dir *listed;
static unsigned listed_folder;
static uint32_t seed, refused, done;

static inline uint32_t below(uint32_t limit)
{
    return ram_chip_random(&seed) % limit;
}

/* Long names and short ones: a block of littlefs has some of them. */
static inline char *add_name(char *end, char first, unsigned length)
{
    *end++ = '/';
    memset(end, first, length);
    end[length] = '\0';
    return end + length;
}

static inline const char *folder_path(unsigned folder)
{
    static char path[PATH_LENGTH];
    strcpy(path, "/flash/top");
    if (folder > 0) {
        add_name(path + strlen(path), (char)('0' + folder), folder * 40);
    }
    return path;
}

static inline void file_path(char path[PATH_LENGTH], const struct model *file)
{
    unsigned at = (unsigned)(file - files[0]);
    strcpy(path, folder_path(at / NAMES));
    add_name(path + strlen(path), (char)('a' + at % NAMES), 1 + at % NAMES * 53 % 230);
}

/* Done? */
static inline bool did(int32_t result)
{
    if (result == STORAGE_FULL) {
        refused++;
        return false;
    }
    assert_int_equal(result, STORAGE_OK);
    done++;
    return true;
}

static inline struct handle *handle_of(const struct model *file)
{
    for (unsigned i = 0; i < HANDLES; i++) {
        if (handles[i].file != NULL && handles[i].target == file) {
            return &handles[i];
        }
    }
    return NULL;
}

/* Not open, and in a folder that is there. */
static inline struct model *some_file(void)
{
    unsigned folder = below(FOLDERS);
    struct model *file = &files[folder][below(NAMES)];
    return folders[folder] && handle_of(file) == NULL ? file : NULL;
}

static inline bool folder_is_idle(unsigned folder)
{
    for (unsigned i = 0; i < NAMES; i++) {
        if (handle_of(&files[folder][i]) != NULL) {
            return false;
        }
    }
    return listed == NULL || listed_folder != folder;
}

static inline bool folder_is_empty(unsigned folder)
{
    for (unsigned i = 0; i < NAMES; i++) {
        if (files[folder][i].exists) {
            return false;
        }
    }
    return true;
}

static inline void check_file(const struct model *file)
{
    static uint8_t data[MOST + 1];
    struct storage_file *open;
    struct storage_stat stat;
    char path[PATH_LENGTH];
    file_path(path, file);
    if (!file->exists) {
        assert_int_equal(storage_stat(path, &stat), STORAGE_NOT_FOUND);
        return;
    }
    assert_int_equal(storage_stat(path, &stat), STORAGE_OK);
    assert_int_equal(stat.size, file->size);
    if (handle_of(file) == NULL) {
        assert_int_equal(storage_open(&open, path, STORAGE_READ), STORAGE_OK);
        assert_int_equal(storage_read(open, data, sizeof data), file->size);
        assert_memory_equal(data, file->data, file->size);
        assert_int_equal(storage_close(open), STORAGE_OK);
    }
}

static inline void check_all(void)
{
    for (unsigned i = 0; i < FOLDERS; i++) {
        assert_int_equal(stat_of(folder_path(i)), folders[i] ? STORAGE_OK : STORAGE_NOT_FOUND);
        for (unsigned j = 0; j < NAMES && folders[i]; j++) {
            check_file(&files[i][j]);
        }
    }
}

static inline uint32_t room(void)
{
    struct storage_volume volume;
    assert_int_equal(storage_volume("/flash", &volume), STORAGE_OK);
    return volume.free_blocks;
}

/* Leave a few blocks. */
static inline void fill_up(const char *name, uint32_t leave)
{
    static uint8_t zeros[FLASH_SECTOR_SIZE - 8];
    struct storage_file *file;
    assert_int_equal(storage_open(&file, name, STORAGE_REPLACE), STORAGE_OK);
    for (uint32_t blocks = room() - leave; blocks > 0; blocks--) {
        assert_int_equal(storage_write(file, zeros, sizeof zeros), sizeof zeros);
    }
    assert_int_equal(storage_close(file), STORAGE_OK);
}

static inline void remove_all(void)
{
    char path[PATH_LENGTH];
    for (unsigned i = FOLDERS; i-- > 0;) {
        for (unsigned j = 0; j < NAMES; j++) {
            if (files[i][j].exists) {
                file_path(path, &files[i][j]);
                assert_int_equal(storage_remove(path), STORAGE_OK);
            }
        }
        if (folders[i]) {
            assert_int_equal(storage_rmdir(folder_path(i)), STORAGE_OK);
        }
    }
}

#endif

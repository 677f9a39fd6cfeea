/* What tests that run on every file system alike have in common: a volume with a main.py and the
 * folders lib and sys. Included by one test program each. */
#ifndef TESTS_UNIT_STORAGE_KINDS_H
#define TESTS_UNIT_STORAGE_KINDS_H

#include "tests/powerloss/fat_check.h"
#include "tests/powerloss/ram_card.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/storage_tools.h"

static const struct kind {
    const char *name, *root;
    uint32_t mib; /* of the card */
    enum storage_fat type;
} kinds[] = {
    {"/flash", "/flash", 0, STORAGE_FAT_BY_SIZE}, {"/sd, FAT12", "/sd", 4, STORAGE_FAT_BY_SIZE},
    {"/sd, FAT16", "/sd", 16, STORAGE_FAT16},     {"/sd, FAT32", "/sd", 64, STORAGE_FAT32},
    {"/sd, exFAT", "/sd", 16, STORAGE_EXFAT},
};

static const struct kind *kind;
static const char *root;

/* A path in the volume; good for a few more calls. */
static inline const char *at(const char *name)
{
    static char paths[4][STORAGE_PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, STORAGE_PATH_MAX, "%s/%s", root, name);
    return path;
}

static inline void restart(void)
{
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    if (kind->mib > 0) {
        assert_int_equal(storage_card_mount(), STORAGE_OK);
    }
}

/* For FAT's clock, too. */
static inline void later(void)
{
    ram_chip.rtc_us += 2000000;
}

static inline int set_up(void **state)
{
    ram_chip_reset();
    root = kind->root;
    if (storage_init() != STORAGE_FLASH_FORMATTED) {
        return -1;
    }
    if (kind->mib == 0) {
        return 0;
    }
    ram_card_reset(kind->mib * 2048);
    ram_card_insert(false);
    assert_int_equal(storage_card_format(kind->type, NULL), STORAGE_OK);
    assert_int_equal(storage_card_mount(), STORAGE_OK);
    put_text("/sd/main.py", "# main.py");
    assert_int_equal(storage_mkdir("/sd/lib"), STORAGE_OK);
    assert_int_equal(storage_mkdir("/sd/sys"), STORAGE_OK);
    return 0;
}

/* Whatever was done, a PC finds nothing to mend. */
static inline int check_card(void)
{
    struct fat_check found;
    if (storage_card_unmount() != STORAGE_OK || !fat_check(&found)) {
        return -1;
    }
    bool sound = found.shared + found.broken + found.entries + found.lost + found.longer == 0;
    return sound && !found.tables_differ && !found.free_differs ? 0 : -1;
}

static inline int tear_down(void **state)
{
    int result = kind->mib > 0 ? check_card() : 0;
    ram_chip_reset();
    ram_card_reset(0);
    return result;
}

/* Run the tests on every file system. */
static inline int run_on_every_file_system(const struct CMUnitTest *tests, size_t count)
{
    int failed = 0;
    for (kind = kinds; kind < kinds + sizeof kinds / sizeof kinds[0]; kind++) {
        failed += _cmocka_run_group_tests(kind->name, tests, count, NULL, NULL);
    }
    return failed;
}

#endif

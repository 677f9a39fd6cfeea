#include "lib/flash_map.h"
#include "storage/storage.h"
#include "tests/powerloss/ram_chip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    ram_chip_reset();
    return storage_init() == STORAGE_FLASH_FORMATTED ? 0 : -1;
}

static int tear_down(void **state)
{
    ram_chip_reset();
    return 0;
}

static void put(const char *path, const void *data, uint32_t size)
{
    struct storage_file *file;
    assert_int_equal(storage_open(&file, path, STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(storage_write(file, data, size), size);
    assert_int_equal(storage_close(file), STORAGE_OK);
}

static void put_text(const char *path, const char *text)
{
    put(path, text, (uint32_t)strlen(text));
}

static void expect_text(const char *path, const char *text)
{
    static char data[65536];
    struct storage_file *file;
    assert_int_equal(storage_open(&file, path, STORAGE_READ), STORAGE_OK);
    int32_t size = storage_read(file, data, sizeof data);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, (size_t)size);
    assert_int_equal(storage_close(file), STORAGE_OK);
}

static int stat_of(const char *path)
{
    struct storage_stat stat;
    return storage_stat(path, &stat);
}

static uint32_t mtime_of(const char *path)
{
    struct storage_stat stat;
    assert_int_equal(storage_stat(path, &stat), STORAGE_OK);
    return stat.mtime;
}

static int open_result(const char *path, unsigned mode)
{
    struct storage_file *file;
    int result = storage_open(&file, path, mode);
    if (result == STORAGE_OK)
        storage_abandon(file);
    return result;
}

/* The names in a directory, sorted and joined by spaces; directories end in '/'. */
static const char *listing(const char *path)
{
    static char text[4096];
    char names[64][80];
    unsigned count = 0;
    struct storage_dir *dir;
    struct storage_entry entry;
    assert_int_equal(storage_opendir(&dir, path), STORAGE_OK);
    while (storage_readdir(dir, &entry) > 0)
        snprintf(names[count++], sizeof names[0], "%.70s%s", entry.name,
                 entry.stat.is_dir ? "/" : "");
    storage_closedir(dir);
    qsort(names, count, sizeof names[0], (int (*)(const void *, const void *))strcmp);
    text[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        assert_in_range(strlen(text) + strlen(names[i]) + 1, 0, sizeof text - 1);
        strcat(text, i ? " " : "");
        strcat(text, names[i]);
    }
    return text;
}

/* ---- first boot, mounting */

static void the_first_boot_makes_the_usual_files(void **state)
{
    assert_string_equal(listing("/"), "flash/");
    assert_string_equal(listing("/flash"), "boot.py cert/ lib/ main.py sys/");
    expect_text("/flash/boot.py", "# boot.py -- run on boot-up\n"
                                  "# can run arbitrary Python, but best to keep it minimal\n");
    expect_text("/flash/main.py", "# main.py -- put your code here!\n");
}

static void the_next_boot_leaves_everything(void **state)
{
    assert_int_equal(storage_remove("/flash/boot.py"), STORAGE_OK);
    put_text("/flash/main.py", "print(1)");
    uint64_t commands = ram_chip.commands;
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    assert_int_equal(ram_chip.commands, commands); /* a normal start writes nothing */
    assert_string_equal(listing("/flash"), "cert/ lib/ main.py sys/");
    expect_text("/flash/main.py", "print(1)");
}

static void a_damaged_root_is_reported_and_left(void **state)
{
    memset(ram_chip_cells(FLASH_FS_ADDRESS), 0x5A, 2 * FLASH_SECTOR_SIZE);
    uint64_t commands = ram_chip.commands;
    assert_int_equal(storage_init(), STORAGE_FLASH_DAMAGED);
    assert_int_equal(stat_of("/flash"), STORAGE_NO_VOLUME);
    assert_int_equal(stat_of("/flash/main.py"), STORAGE_NO_VOLUME);
    assert_int_equal(storage_mkdir("/flash/x"), STORAGE_NO_VOLUME);
    assert_int_equal(open_result("/flash/x", STORAGE_REPLACE), STORAGE_NO_VOLUME);
    assert_string_equal(listing("/"), "");
    assert_int_equal(ram_chip.commands, commands);
    assert_int_equal(storage_format_flash(), STORAGE_OK);
    assert_string_equal(listing("/flash"), "boot.py cert/ lib/ main.py sys/");
}

static void an_erased_root_of_a_used_volume_is_damage_too(void **state)
{
    memset(ram_chip_cells(FLASH_FS_ADDRESS), 0, 2 * FLASH_SECTOR_SIZE);
    assert_int_equal(storage_init(), STORAGE_FLASH_DAMAGED);
}

static void a_strange_but_empty_chip_is_damage(void **state)
{
    ram_chip_reset();
    memset(ram_chip_cells(FLASH_FS_ADDRESS), 0xA5, FLASH_SECTOR_SIZE);
    assert_int_equal(storage_init(), STORAGE_FLASH_DAMAGED);
}

static void formatting_makes_all_new_but_not_under_open_files(void **state)
{
    struct storage_file *file;
    struct storage_dir *dir;
    put_text("/flash/x", "x");
    assert_int_equal(storage_open(&file, "/flash/x", STORAGE_READ), STORAGE_OK);
    assert_int_equal(storage_format_flash(), STORAGE_BUSY);
    storage_abandon(file);
    assert_int_equal(storage_opendir(&dir, "/flash"), STORAGE_OK);
    assert_int_equal(storage_format_flash(), STORAGE_BUSY);
    storage_closedir(dir);
    assert_int_equal(storage_format_flash(), STORAGE_OK);
    assert_string_equal(listing("/flash"), "boot.py cert/ lib/ main.py sys/");
}

/* ---- names */

static void names_are_checked(void **state)
{
    static const char *const invalid[] = {
        "",
        "flash",
        "//",
        "/flash/",
        "/flash//x",
        "/flash/.",
        "/flash/lib/..",
        "/flash/lib/../sys/mcuimg.bin",
        "/flash/a\nb",
        "/flash/\x7f",
        "/flash/\xc2\x85",         /* U+0085 */
        "/flash/\x80",             /* no first byte */
        "/flash/\xc3",             /* cut short */
        "/flash/\xc0\xaf",         /* a longer form of '/' */
        "/flash/\xed\xa0\x80",     /* a surrogate */
        "/flash/\xf4\x90\x80\x80", /* above U+10FFFF */
    };
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        assert_int_equal(stat_of(invalid[i]), STORAGE_INVALID);
        assert_int_equal(open_result(invalid[i], STORAGE_REPLACE), STORAGE_INVALID);
    }
    static const char *const good[] = {"/flash/a b",
                                       "/flash/Gr\xc3\xbc\xc3\x9f"
                                       "e.py",
                                       "/flash/...",
                                       "/flash/\xe2\x82\xac",
                                       "/flash/\xf0\x9f\x90\x8d.py",
                                       "/flash/.hidden"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        put_text(good[i], good[i]);
        expect_text(good[i], good[i]);
    }
}

static void names_have_a_longest_length(void **state)
{
    char path[700];
    memset(path, 'n', sizeof path);
    memcpy(path, "/flash/", 7);
    path[7 + 255] = '\0';
    put_text(path, "long");
    expect_text(path, "long");
    path[7 + 255] = 'n';
    path[7 + 256] = '\0';
    assert_int_equal(open_result(path, STORAGE_REPLACE), STORAGE_NAME_TOO_LONG);
    assert_int_equal(storage_mkdir(path), STORAGE_NAME_TOO_LONG);
    path[7 + 256] = 'n';
    path[7 + 200] = '/';
    path[511] = '\0';
    path[400] = '/';
    assert_int_equal(stat_of(path), STORAGE_NOT_FOUND);
    path[511] = 'n';
    path[512] = '\0';
    assert_int_equal(stat_of(path), STORAGE_NAME_TOO_LONG);
}

static void the_root_and_mount_points_are_not_changed(void **state)
{
    assert_int_equal(storage_mkdir("/"), STORAGE_DENIED);
    assert_int_equal(storage_mkdir("/flash"), STORAGE_DENIED);
    assert_int_equal(storage_mkdir("/new"), STORAGE_DENIED);
    assert_int_equal(storage_rmdir("/flash"), STORAGE_DENIED);
    assert_int_equal(storage_remove("/"), STORAGE_DENIED);
    assert_int_equal(storage_rename("/flash", "/other"), STORAGE_DENIED);
    assert_int_equal(storage_rename("/flash/main.py", "/main.py"), STORAGE_DENIED);
    assert_int_equal(storage_set_mtime("/flash", 1), STORAGE_DENIED);
    assert_int_equal(open_result("/new", STORAGE_REPLACE), STORAGE_DENIED);
    assert_int_equal(open_result("/", STORAGE_READ), STORAGE_IS_DIR);
    assert_int_equal(open_result("/flash", STORAGE_READ), STORAGE_IS_DIR);
    assert_int_equal(stat_of("/new"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_mkdir("/new/x"), STORAGE_NOT_FOUND);
    assert_int_equal(stat_of("/flashy"), STORAGE_NOT_FOUND);
    struct storage_stat stat;
    assert_int_equal(storage_stat("/", &stat), STORAGE_OK);
    assert_true(stat.is_dir);
    assert_int_equal(storage_stat("/flash", &stat), STORAGE_OK);
    assert_true(stat.is_dir);
}

static void reserved_names_are_nobodys(void **state)
{
    static const char *const names[] = {
        "/flash/sys/mcuimg.bin",   "/flash/cert/ca.pem", "/flash/cert/cert.pem",
        "/flash/cert/private.key", "/flash/.uploads",    "/flash/.uploads/A",
    };
    put_text("/flash/x", "x");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(stat_of(names[i]), STORAGE_DENIED);
        assert_int_equal(open_result(names[i], STORAGE_READ), STORAGE_DENIED);
        assert_int_equal(open_result(names[i], STORAGE_REPLACE), STORAGE_DENIED);
        assert_int_equal(open_result(names[i], STORAGE_WRITE | STORAGE_CREATE), STORAGE_DENIED);
        assert_int_equal(storage_mkdir(names[i]), STORAGE_DENIED);
        assert_int_equal(storage_remove(names[i]), STORAGE_DENIED);
        assert_int_equal(storage_rmdir(names[i]), STORAGE_DENIED);
        assert_int_equal(storage_rename("/flash/x", names[i]), STORAGE_DENIED);
        assert_int_equal(storage_rename(names[i], "/flash/y"), STORAGE_DENIED);
        assert_int_equal(storage_set_mtime(names[i], 1), STORAGE_DENIED);
        struct storage_dir *dir;
        assert_int_equal(storage_opendir(&dir, names[i]), STORAGE_DENIED);
    }
    put_text("/flash/sys/mcuimg.bin2", "not reserved");
    put_text("/flash/lib/mcuimg.bin", "not reserved");
}

static void no_directory_brings_a_reserved_name_along(void **state)
{
    assert_int_equal(storage_mkdir("/flash/trick"), STORAGE_OK);
    put_text("/flash/trick/ca.pem", "x");
    assert_int_equal(storage_rmdir("/flash/cert"), STORAGE_OK);
    assert_int_equal(storage_rename("/flash/trick", "/flash/cert"), STORAGE_DENIED);
    assert_int_equal(storage_rename("/flash/trick", "/flash/sys"),
                     STORAGE_OK); /* another name there */
}

static void uploads_are_in_no_listing(void **state)
{
    struct storage_file *file;
    assert_int_equal(storage_open(&file, "/flash/new", STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(storage_write(file, "abc", 3), 3);
    assert_string_equal(listing("/flash"), "boot.py cert/ lib/ main.py sys/");
    assert_int_equal(stat_of("/flash/new"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_close(file), STORAGE_OK);
    expect_text("/flash/new", "abc");
}

/* ---- names: what works on them */

static void directories(void **state)
{
    struct storage_dir *dir;
    assert_int_equal(storage_mkdir("/flash/d"), STORAGE_OK);
    assert_int_equal(storage_mkdir("/flash/d"), STORAGE_EXISTS);
    assert_int_equal(storage_mkdir("/flash/main.py"), STORAGE_EXISTS);
    assert_int_equal(storage_mkdir("/flash/none/d"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_mkdir("/flash/main.py/d"), STORAGE_NOT_DIR);
    put_text("/flash/d/f", "x");
    assert_int_equal(storage_rmdir("/flash/d"), STORAGE_NOT_EMPTY);
    assert_int_equal(storage_remove("/flash/d"), STORAGE_IS_DIR);
    assert_int_equal(storage_rmdir("/flash/d/f"), STORAGE_NOT_DIR);
    assert_int_equal(storage_rmdir("/flash/none"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_opendir(&dir, "/flash/d/f"), STORAGE_NOT_DIR);
    assert_int_equal(storage_opendir(&dir, "/flash/none"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_remove("/flash/d/f"), STORAGE_OK);
    assert_int_equal(storage_rmdir("/flash/d"), STORAGE_OK);
    assert_int_equal(stat_of("/flash/d"), STORAGE_NOT_FOUND);
}

static void a_long_directory_is_listed_whole(void **state)
{
    char path[64];
    bool seen[300] = {false};
    unsigned number, count = 0;
    for (unsigned i = 0; i < 300; i++) {
        snprintf(path, sizeof path, "/flash/lib/module_%03u.py", i);
        put_text(path, path);
    }
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    struct storage_dir *dir;
    struct storage_entry entry;
    assert_int_equal(storage_opendir(&dir, "/flash/lib"), STORAGE_OK);
    while (storage_readdir(dir, &entry) > 0) {
        assert_int_equal(sscanf(entry.name, "module_%u.py", &number), 1);
        assert_true(number < 300 && !seen[number]);
        assert_int_equal(entry.stat.size, 24);
        assert_true(entry.stat.mtime >= 1700000000u);
        seen[number] = true;
        count++;
    }
    storage_closedir(dir);
    assert_int_equal(count, 300);
}

static void renaming(void **state)
{
    put_text("/flash/a", "a");
    put_text("/flash/b", "b");
    uint32_t mtime = mtime_of("/flash/a");
    assert_int_equal(storage_rename("/flash/a", "/flash/lib/b"), STORAGE_OK);
    expect_text("/flash/lib/b", "a");
    assert_int_equal(mtime_of("/flash/lib/b"), mtime);
    assert_int_equal(stat_of("/flash/a"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_rename("/flash/lib/b", "/flash/b"), STORAGE_OK); /* replaces it */
    expect_text("/flash/b", "a");
    assert_int_equal(storage_rename("/flash/b", "/flash/b"), STORAGE_OK);
    assert_int_equal(storage_rename("/flash/none", "/flash/c"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_rename("/flash/b", "/flash/none/c"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_rename("/flash/b", "/flash/lib"), STORAGE_IS_DIR);
    assert_int_equal(storage_rename("/flash/lib", "/flash/b"), STORAGE_NOT_DIR);
    assert_int_equal(storage_rename("/flash/lib", "/flash/lib/in"), STORAGE_INVALID);
    put_text("/flash/sys/f", "f");
    assert_int_equal(storage_rename("/flash/lib", "/flash/sys"), STORAGE_NOT_EMPTY);
    assert_int_equal(storage_rename("/flash/sys", "/flash/lib"), STORAGE_OK);
    expect_text("/flash/lib/f", "f");
    assert_int_equal(stat_of("/flash/sys"), STORAGE_NOT_FOUND);
}

static void times(void **state)
{
    uint32_t before = mtime_of("/flash/main.py");
    put_text("/flash/main.py", "x");
    uint32_t after = mtime_of("/flash/main.py");
    assert_true(after > before);

    struct storage_file *file;
    assert_int_equal(storage_open(&file, "/flash/main.py", STORAGE_READ | STORAGE_WRITE),
                     STORAGE_OK);
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_int_equal(mtime_of("/flash/main.py"), after); /* nothing was written */

    assert_int_equal(storage_open(&file, "/flash/main.py", STORAGE_WRITE | STORAGE_TRUNCATE),
                     STORAGE_OK);
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_true(mtime_of("/flash/main.py") > after);

    assert_int_equal(storage_open(&file, "/flash/new", STORAGE_WRITE | STORAGE_CREATE), STORAGE_OK);
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_true(mtime_of("/flash/new") > after);

    assert_int_equal(storage_mkdir("/flash/dir"), STORAGE_OK);
    assert_true(mtime_of("/flash/dir") > after);

    assert_int_equal(storage_set_mtime("/flash/new", 0xFEDCBA98u), STORAGE_OK);
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    assert_int_equal(mtime_of("/flash/new"), 0xFEDCBA98u);
    assert_int_equal(storage_set_mtime("/flash/none", 1), STORAGE_NOT_FOUND);
}

/* ---- who may open what */

static void many_read_and_one_writes(void **state)
{
    struct storage_file *first, *second;
    put_text("/flash/x", "x");
    assert_int_equal(storage_open(&first, "/flash/x", STORAGE_READ), STORAGE_OK);
    assert_int_equal(storage_open(&second, "/flash/x", STORAGE_READ), STORAGE_OK);
    assert_int_equal(open_result("/flash/x", STORAGE_WRITE), STORAGE_BUSY);
    assert_int_equal(open_result("/flash/x", STORAGE_REPLACE), STORAGE_BUSY);
    assert_int_equal(storage_remove("/flash/x"), STORAGE_BUSY);
    assert_int_equal(storage_rename("/flash/x", "/flash/y"), STORAGE_BUSY);
    assert_int_equal(storage_rename("/flash/main.py", "/flash/x"), STORAGE_BUSY);
    storage_abandon(second);
    assert_int_equal(storage_close(first), STORAGE_OK);

    assert_int_equal(storage_open(&first, "/flash/x", STORAGE_WRITE), STORAGE_OK);
    assert_int_equal(open_result("/flash/x", STORAGE_READ), STORAGE_BUSY);
    assert_int_equal(open_result("/flash/x", STORAGE_WRITE), STORAGE_BUSY);
    assert_int_equal(storage_close(first), STORAGE_OK);
    assert_int_equal(storage_remove("/flash/x"), STORAGE_OK);
}

static void a_new_name_counts_as_open(void **state)
{
    struct storage_file *file;
    assert_int_equal(storage_mkdir("/flash/d"), STORAGE_OK);
    assert_int_equal(storage_open(&file, "/flash/d/new", STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(open_result("/flash/d/new", STORAGE_REPLACE), STORAGE_BUSY);
    assert_int_equal(storage_mkdir("/flash/d/new"), STORAGE_BUSY);
    assert_int_equal(storage_rename("/flash/main.py", "/flash/d/new"), STORAGE_BUSY);
    assert_int_equal(storage_rmdir("/flash/d"), STORAGE_BUSY);
    assert_int_equal(storage_rename("/flash/d", "/flash/e"), STORAGE_BUSY);
    assert_int_equal(storage_close(file), STORAGE_OK);
    expect_text("/flash/d/new", "");
}

static void a_directory_that_is_being_listed_stays(void **state)
{
    struct storage_dir *dir;
    struct storage_entry entry;
    assert_int_equal(storage_opendir(&dir, "/flash/lib"), STORAGE_OK);
    assert_int_equal(storage_rmdir("/flash/lib"), STORAGE_BUSY);
    assert_int_equal(storage_rename("/flash/lib", "/flash/l"), STORAGE_BUSY);
    storage_closedir(dir);
    assert_int_equal(storage_readdir(dir, &entry), STORAGE_INVALID);
    storage_closedir(dir);
    storage_closedir(NULL);
    assert_int_equal(storage_rmdir("/flash/lib"), STORAGE_OK);
}

static void handles_run_out_and_come_back(void **state)
{
    struct storage_file *files[STORAGE_OPEN_FILES];
    struct storage_dir *dirs[STORAGE_OPEN_DIRS], *dir;
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++)
        assert_int_equal(storage_open(&files[i], "/flash/main.py", STORAGE_READ), STORAGE_OK);
    assert_int_equal(open_result("/flash/main.py", STORAGE_READ), STORAGE_TOO_MANY);
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        char first;
        assert_int_equal(storage_read(files[i], &first, 1), 1);
        assert_int_equal(first, '#');
        assert_int_equal(storage_close(files[i]), STORAGE_OK);
    }
    assert_int_equal(open_result("/flash/main.py", STORAGE_READ), STORAGE_OK);
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++)
        assert_int_equal(storage_opendir(&dirs[i], i % 2 ? "/" : "/flash"), STORAGE_OK);
    assert_int_equal(storage_opendir(&dir, "/"), STORAGE_TOO_MANY);
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++)
        storage_closedir(dirs[i]);
    assert_int_equal(storage_opendir(&dir, "/"), STORAGE_OK);
    storage_closedir(dir);
}

static void uploads_side_by_side(void **state)
{
    struct storage_file *files[STORAGE_OPEN_FILES];
    char path[32], text[32];
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        snprintf(path, sizeof path, "/flash/lib/%u", i);
        assert_int_equal(storage_open(&files[i], path, STORAGE_REPLACE), STORAGE_OK);
    }
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        snprintf(text, sizeof text, "text %u", i);
        assert_int_equal(storage_write(files[i], text, (uint32_t)strlen(text)), strlen(text));
    }
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++)
        assert_int_equal(storage_close(files[i]), STORAGE_OK);
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        snprintf(path, sizeof path, "/flash/lib/%u", i);
        snprintf(text, sizeof text, "text %u", i);
        expect_text(path, text);
    }
}

/* ---- files */

static void modes(void **state)
{
    assert_int_equal(open_result("/flash/x", STORAGE_READ), STORAGE_NOT_FOUND);
    assert_int_equal(open_result("/flash/x", STORAGE_WRITE), STORAGE_NOT_FOUND);
    assert_int_equal(open_result("/flash/none/x", STORAGE_WRITE | STORAGE_CREATE),
                     STORAGE_NOT_FOUND);
    assert_int_equal(open_result("/flash/none/x", STORAGE_REPLACE), STORAGE_NOT_FOUND);
    assert_int_equal(open_result("/flash/main.py/x", STORAGE_REPLACE), STORAGE_NOT_DIR);
    assert_int_equal(open_result("/flash/main.py/x", STORAGE_READ), STORAGE_NOT_DIR);
    assert_int_equal(open_result("/flash/lib", STORAGE_READ), STORAGE_IS_DIR);
    assert_int_equal(open_result("/flash/lib", STORAGE_REPLACE), STORAGE_IS_DIR);
    assert_int_equal(open_result("/flash/x", 0), STORAGE_INVALID);
    assert_int_equal(open_result("/flash/x", STORAGE_CREATE), STORAGE_INVALID);
    assert_int_equal(open_result("/flash/x", STORAGE_READ | STORAGE_APPEND), STORAGE_INVALID);
    assert_int_equal(open_result("/flash/x", STORAGE_REPLACE | STORAGE_WRITE), STORAGE_INVALID);
    assert_int_equal(open_result("/flash/x", STORAGE_WRITE | STORAGE_EXCLUSIVE), STORAGE_INVALID);
    unsigned exclusive = STORAGE_WRITE | STORAGE_CREATE | STORAGE_EXCLUSIVE;
    assert_int_equal(open_result("/flash/main.py", exclusive), STORAGE_EXISTS);
    assert_int_equal(open_result("/flash/x", exclusive), STORAGE_OK);

    struct storage_file *file;
    char byte;
    assert_int_equal(storage_open(&file, "/flash/x", STORAGE_WRITE), STORAGE_OK);
    assert_int_equal(storage_read(file, &byte, 1), STORAGE_INVALID);
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_int_equal(storage_open(&file, "/flash/x", STORAGE_READ), STORAGE_OK);
    assert_int_equal(storage_write(file, &byte, 1), STORAGE_INVALID);
    assert_int_equal(storage_truncate(file, 0), STORAGE_INVALID);
    assert_int_equal(storage_sync(file), STORAGE_OK);
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_int_equal(storage_close(file), STORAGE_INVALID);
    assert_int_equal(storage_read(file, &byte, 1), STORAGE_INVALID);
    assert_int_equal(storage_tell(file), STORAGE_INVALID);
    assert_int_equal(storage_size(file), STORAGE_INVALID);
    storage_abandon(file);
    storage_abandon(NULL);
}

static void what_is_not_committed_is_not_there(void **state)
{
    struct storage_file *file;
    put_text("/flash/x", "old");
    assert_int_equal(storage_open(&file, "/flash/x", STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(storage_write(file, "new", 3), 3);
    storage_abandon(file);
    expect_text("/flash/x", "old");

    assert_int_equal(storage_open(&file, "/flash/x", STORAGE_WRITE | STORAGE_APPEND), STORAGE_OK);
    assert_int_equal(storage_write(file, " and", 4), 4);
    assert_int_equal(storage_sync(file), STORAGE_OK);
    assert_int_equal(storage_write(file, " lost", 5), 5);
    storage_abandon(file);
    expect_text("/flash/x", "old and");

    assert_int_equal(storage_open(&file, "/flash/x", STORAGE_WRITE | STORAGE_TRUNCATE), STORAGE_OK);
    assert_int_equal(storage_write(file, "new", 3), 3);
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED); /* a reset */
    expect_text("/flash/x", "old and");
}

static void seeking_and_gaps(void **state)
{
    struct storage_file *file;
    char data[8];
    assert_int_equal(storage_open(&file, "/flash/x", STORAGE_READ | STORAGE_WRITE | STORAGE_CREATE),
                     STORAGE_OK);
    assert_int_equal(storage_write(file, "abc", 3), 3);
    assert_int_equal(storage_seek(file, 2, STORAGE_SEEK_END), 5);
    assert_int_equal(storage_write(file, data, 0), 0); /* a write of nothing changes nothing */
    assert_int_equal(storage_size(file), 3);
    assert_int_equal(storage_read(file, data, 1), 0);
    assert_int_equal(storage_write(file, "d", 1), 1);
    assert_int_equal(storage_size(file), 6);
    assert_int_equal(storage_seek(file, -4, STORAGE_SEEK_CUR), 2);
    assert_int_equal(storage_read(file, data, 8), 4);
    assert_memory_equal(data, "c\0\0d", 4);
    assert_int_equal(storage_seek(file, -1, STORAGE_SEEK_SET), STORAGE_INVALID);
    assert_int_equal(storage_seek(file, -7, STORAGE_SEEK_END), STORAGE_INVALID);
    assert_int_equal(storage_seek(file, INT32_MAX, STORAGE_SEEK_END), STORAGE_INVALID);
    assert_int_equal(storage_seek(file, 0, (enum storage_whence)7), STORAGE_INVALID);
    assert_int_equal(storage_tell(file), 6);
    assert_int_equal(storage_truncate(file, 1), STORAGE_OK);
    assert_int_equal(storage_truncate(file, 3), STORAGE_OK);
    assert_int_equal(storage_seek(file, 0, STORAGE_SEEK_SET), 0);
    assert_int_equal(storage_read(file, data, 8), 3);
    assert_memory_equal(data, "a\0\0", 3);
    assert_int_equal(storage_close(file), STORAGE_OK);
}

/* Reads, writes, seeks, truncates and syncs in any order do what they do to an array in memory. */
static void a_file_is_an_array_of_bytes(void **state)
{
    enum { SIZE = 40000 };
    static uint8_t model[SIZE], data[SIZE];
    uint32_t random = 7;
    for (unsigned round = 0; round < 40; round++) {
        struct storage_file *file;
        bool append = round % 5 == 4;
        uint32_t size = 0, position = 0;
        assert_int_equal(storage_open(&file, "/flash/x",
                                      STORAGE_READ | STORAGE_WRITE | STORAGE_CREATE |
                                          STORAGE_TRUNCATE | (append ? STORAGE_APPEND : 0)),
                         STORAGE_OK);
        memset(model, 0, SIZE);
        uint32_t scale = round % 2 ? 800 : 9000; /* small files lie in the directory itself */
        for (unsigned i = 0; i < 60; i++) {
            uint32_t amount = ram_chip_random(&random) % scale;
            switch (ram_chip_random(&random) % 6) {
            case 0:
            case 1: {
                uint32_t start = append ? size : position;
                if (amount == 0 || start + amount > SIZE)
                    break;
                for (uint32_t k = 0; k < amount; k++)
                    data[k] = (uint8_t)ram_chip_random(&random);
                assert_int_equal(storage_write(file, data, amount), amount);
                memcpy(model + start, data, amount);
                position = start + amount;
                size = position > size ? position : size;
                break;
            }
            case 2: {
                uint32_t left = position < size ? size - position : 0;
                uint32_t expected = amount < left ? amount : left;
                assert_int_equal(storage_read(file, data, amount), expected);
                assert_memory_equal(data, model + position, expected);
                position += expected;
                break;
            }
            case 3:
                position = ram_chip_random(&random) % (size + 100 < SIZE ? size + 100 : SIZE);
                assert_int_equal(storage_seek(file, (int32_t)position, STORAGE_SEEK_SET), position);
                break;
            case 4:
                amount = ram_chip_random(&random) % (size + 50 < SIZE ? size + 50 : SIZE);
                assert_int_equal(storage_truncate(file, amount), STORAGE_OK);
                if (amount < size)
                    memset(model + amount, 0, size - amount);
                size = amount;
                break;
            default:
                assert_int_equal(storage_sync(file), STORAGE_OK);
            }
            assert_int_equal(storage_tell(file), position);
            assert_int_equal(storage_size(file), size);
        }
        assert_int_equal(storage_close(file), STORAGE_OK);
        assert_int_equal(storage_open(&file, "/flash/x", STORAGE_READ), STORAGE_OK);
        assert_int_equal(storage_read(file, data, SIZE), size);
        assert_memory_equal(data, model, size);
        assert_int_equal(storage_close(file), STORAGE_OK);
    }
    assert_int_equal(ram_chip.misuses, 0);
}

/* ---- when there is no room, or the chip is bad */

static uint32_t free_blocks(void)
{
    struct storage_volume volume;
    assert_int_equal(storage_volume("/flash", &volume), STORAGE_OK);
    assert_int_equal(volume.block_size, 4096);
    assert_int_equal(volume.blocks, FLASH_FS_SIZE / 4096);
    return volume.free_blocks;
}

static void a_full_volume_keeps_the_old_file(void **state)
{
    static uint8_t data[65536];
    struct storage_file *file;
    struct storage_volume volume;
    put_text("/flash/keep", "old");
    uint32_t before = free_blocks();
    assert_true(before > 1900);
    for (int attempt = 0; attempt < 3; attempt++) {
        int32_t result = 0;
        unsigned long written = 0;
        assert_int_equal(storage_open(&file, "/flash/keep", STORAGE_REPLACE), STORAGE_OK);
        while ((result = storage_write(file, data, sizeof data)) > 0)
            written += (unsigned long)result;
        assert_int_equal(result, STORAGE_FULL);
        assert_true(written > 7u * 1024 * 1024);
        assert_int_equal(storage_write(file, data, 1), STORAGE_FULL); /* no hole in the middle */
        assert_int_equal(storage_close(file), STORAGE_FULL);
        expect_text("/flash/keep", "old");
        assert_int_equal(free_blocks(), before);
    }
    put_text("/flash/keep", "new");
    expect_text("/flash/keep", "new");
    assert_int_equal(storage_volume("/", &volume), STORAGE_DENIED);
    assert_int_equal(storage_volume("/sd", &volume), STORAGE_NO_VOLUME);
}

static void a_full_volume_can_be_emptied(void **state)
{
    static uint8_t data[65536];
    char path[32];
    unsigned count = 0;
    int result = 0;
    while (result >= 0) {
        struct storage_file *file;
        snprintf(path, sizeof path, "/flash/lib/%u", count);
        result = storage_open(&file, path, STORAGE_REPLACE);
        if (result < 0)
            break;
        result = storage_write(file, data, sizeof data);
        int closed = storage_close(file);
        result = result < 0 ? result : closed;
        count += result >= 0;
    }
    assert_int_equal(result, STORAGE_FULL);
    assert_true(count > 100);
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    for (unsigned i = 0; i < count; i++) {
        snprintf(path, sizeof path, "/flash/lib/%u", i);
        assert_int_equal(storage_remove(path), STORAGE_OK);
    }
    put_text("/flash/main.py", "room again");
    assert_true(free_blocks() > 1900);
}

static void what_cannot_fit_is_refused_at_once(void **state)
{
    struct storage_file *file;
    uint64_t commands = ram_chip.commands;
    assert_int_equal(storage_open(&file, "/flash/main.py", STORAGE_WRITE), STORAGE_OK);
    assert_int_equal(storage_seek(file, INT32_MAX, STORAGE_SEEK_SET), INT32_MAX);
    assert_int_equal(storage_write(file, "x", 1), STORAGE_FULL);
    storage_abandon(file);
    assert_int_equal(storage_open(&file, "/flash/main.py", STORAGE_WRITE), STORAGE_OK);
    assert_int_equal(storage_truncate(file, UINT32_MAX), STORAGE_FULL);
    storage_abandon(file);
    assert_int_equal(ram_chip.commands, commands);
}

static void a_chip_that_fails_costs_only_what_is_being_written(void **state)
{
    struct storage_file *file;
    static uint8_t data[20000];
    put_text("/flash/keep", "old");
    assert_int_equal(storage_open(&file, "/flash/keep", STORAGE_REPLACE), STORAGE_OK);
    ram_chip.fails = true;
    assert_true(storage_write(file, data, sizeof data) < 0);
    assert_true(storage_close(file) < 0);
    assert_true(storage_mkdir("/flash/d") < 0);
    expect_text("/flash/keep", "old");
    ram_chip.fails = false;
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    expect_text("/flash/keep", "old");
    put_text("/flash/keep", "new");
    expect_text("/flash/keep", "new");
}

static void walk(const char *path, unsigned depth)
{
    static uint8_t data[3000];
    struct storage_dir *dir;
    struct storage_entry entry;
    unsigned count = 0;
    if (storage_opendir(&dir, path) != STORAGE_OK)
        return;
    while (count++ < 200 && storage_readdir(dir, &entry) > 0) {
        char name[STORAGE_PATH_MAX + STORAGE_NAME_MAX + 2];
        struct storage_file *file;
        snprintf(name, sizeof name, "%s/%s", path, entry.name);
        if (entry.stat.is_dir && depth < 4)
            walk(name, depth + 1);
        else if (storage_open(&file, name, STORAGE_READ) == STORAGE_OK) {
            for (unsigned i = 0; i < 100 && storage_read(file, data, sizeof data) > 0; i++)
                ;
            storage_close(file);
        }
    }
    storage_closedir(dir);
}

/* Whatever a damaged medium holds: errors, but no crash, no endless loop, and no change where
 * nothing was asked to change. */
static void damage_anywhere_is_survived(void **state)
{
    static uint8_t data[12000];
    char path[64];
    for (unsigned i = 0; i < 30; i++) {
        snprintf(path, sizeof path, "/flash/lib/file_%u", i);
        put(path, data, i * 400);
    }
    assert_int_equal(storage_mkdir("/flash/lib/sub"), STORAGE_OK);
    put_text("/flash/lib/sub/f", "f");
    /* The blocks in use are found by what is programmed. */
    static uint32_t used[FLASH_FS_SIZE / FLASH_SECTOR_SIZE];
    unsigned count = 0;
    for (uint32_t at = FLASH_FS_ADDRESS; at < FLASH_SIZE; at += FLASH_SECTOR_SIZE)
        for (uint32_t i = 0; i < FLASH_SECTOR_SIZE; i++)
            if (ram_chip_cells(at)[i] != 0) {
                used[count++] = at;
                break;
            }
    uint32_t random = 99;
    for (unsigned round = 0; round < 150; round++) {
        ram_chip_mark();
        for (unsigned hits = ram_chip_random(&random) % 6 + 1; hits > 0; hits--) {
            uint32_t at = used[ram_chip_random(&random) % count] +
                          ram_chip_random(&random) % FLASH_SECTOR_SIZE;
            uint32_t length = ram_chip_random(&random) % (round % 2 ? 4 : 600) + 1;
            for (uint32_t i = 0; i < length && (at + i) % FLASH_SECTOR_SIZE != 0; i++)
                ram_chip_damage(at + i, (uint8_t)ram_chip_random(&random));
        }
        if (storage_init() != STORAGE_FLASH_DAMAGED) {
            struct storage_file *file;
            walk("/flash", 0);
            storage_mkdir("/flash/d");
            storage_rename("/flash/lib/file_3", "/flash/d/moved");
            storage_remove("/flash/lib/file_7");
            if (storage_open(&file, "/flash/lib/file_9", STORAGE_REPLACE) == STORAGE_OK) {
                storage_write(file, data, sizeof data);
                storage_close(file);
            }
            walk("/flash", 0);
        }
        assert_false(storage_busy());
        ram_chip_wind_back();
    }
}

static void every_error_has_its_words(void **state)
{
    for (int error = STORAGE_IO; error < 0; error++) {
        assert_true(strlen(storage_error_text(error)) > 5);
        assert_string_not_equal(storage_error_text(error), "unknown error");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_first_boot_makes_the_usual_files),
        TEST(the_next_boot_leaves_everything),
        TEST(a_damaged_root_is_reported_and_left),
        TEST(an_erased_root_of_a_used_volume_is_damage_too),
        TEST(a_strange_but_empty_chip_is_damage),
        TEST(formatting_makes_all_new_but_not_under_open_files),
        TEST(names_are_checked),
        TEST(names_have_a_longest_length),
        TEST(the_root_and_mount_points_are_not_changed),
        TEST(reserved_names_are_nobodys),
        TEST(no_directory_brings_a_reserved_name_along),
        TEST(uploads_are_in_no_listing),
        TEST(directories),
        TEST(a_long_directory_is_listed_whole),
        TEST(renaming),
        TEST(times),
        TEST(many_read_and_one_writes),
        TEST(a_new_name_counts_as_open),
        TEST(a_directory_that_is_being_listed_stays),
        TEST(handles_run_out_and_come_back),
        TEST(uploads_side_by_side),
        TEST(modes),
        TEST(what_is_not_committed_is_not_there),
        TEST(seeking_and_gaps),
        TEST(a_file_is_an_array_of_bytes),
        TEST(a_full_volume_keeps_the_old_file),
        TEST(a_full_volume_can_be_emptied),
        TEST(what_cannot_fit_is_refused_at_once),
        TEST(a_chip_that_fails_costs_only_what_is_being_written),
        TEST(damage_anywhere_is_survived),
        TEST(every_error_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

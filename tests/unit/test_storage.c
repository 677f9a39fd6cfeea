#include "third_party/littlefs_assert.h"

#include "lib/flash_map.h"
#include "storage/flash_volume.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/storage_tools.h"

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
    assert_int_equal(storage_remove("/new"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_rmdir("/new"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_rename("/new", "/flash/new"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_set_mtime("/new", 1), STORAGE_NOT_FOUND);
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

/* ---- files */

/* Made by another program in an image of the flash, say. */
static void names_that_cannot_be_are_in_no_listing(void **state)
{
    assert_int_equal(lfs2_mkdir(&flash_volume, "/lib/a\nb"), LFS2_ERR_OK);
    assert_int_equal(lfs2_mkdir(&flash_volume, "/lib/\xff"), LFS2_ERR_OK);
    assert_int_equal(storage_mkdir("/flash/lib/good"), STORAGE_OK);
    assert_string_equal(listing("/flash/lib"), "good/");
}

static void what_is_not_committed_is_gone_after_a_reset(void **state)
{
    struct storage_file *file;
    put_text("/flash/x", "old");
    assert_int_equal(storage_open(&file, "/flash/x", STORAGE_WRITE | STORAGE_TRUNCATE), STORAGE_OK);
    assert_int_equal(storage_write(file, "new", 3), 3);
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    expect_text("/flash/x", "old");
    put_text("/flash/...", "dots"); /* a good name here */
    expect_text("/flash/...", "dots");
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

/* littlefs gives up while things are open: that is damage, and no card was taken out. */
static void what_is_open_on_a_damaged_volume_says_so(void **state)
{
    struct storage_file *file;
    struct storage_dir *dir;
    struct storage_entry entry;
    assert_int_equal(storage_open(&file, "/flash/new", STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(storage_opendir(&dir, "/flash"), STORAGE_OK);
    flash_volume_broken();
    assert_int_equal(storage_write(file, "x", 1), STORAGE_IO);
    assert_int_equal(storage_readdir(dir, &entry), STORAGE_IO);
    assert_int_equal(storage_close(file), STORAGE_IO);
    storage_closedir(dir);
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    assert_int_equal(stat_of("/flash/new"), STORAGE_NOT_FOUND);
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
    for (int error = STORAGE_GONE; error < 0; error++) {
        assert_true(strlen(storage_error_text(error)) > 5);
        assert_string_not_equal(storage_error_text(error), "unknown error");
    }
}

static void mount_points_are_of_today(void **state)
{
    struct storage_dir *dir;
    struct storage_entry entry;
    assert_in_range(mtime_of("/"), 1700000000u, 1800000000u);
    assert_in_range(mtime_of("/flash"), 1700000000u, 1800000000u);
    assert_int_equal(storage_opendir(&dir, "/"), STORAGE_OK);
    assert_int_equal(storage_readdir(dir, &entry), 1);
    assert_in_range(entry.stat.mtime, 1700000000u, 1800000000u);
    storage_closedir(dir);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_first_boot_makes_the_usual_files),
        TEST(the_next_boot_leaves_everything),
        TEST(a_damaged_root_is_reported_and_left),
        TEST(what_is_open_on_a_damaged_volume_says_so),
        TEST(an_erased_root_of_a_used_volume_is_damage_too),
        TEST(a_strange_but_empty_chip_is_damage),
        TEST(formatting_makes_all_new_but_not_under_open_files),
        TEST(the_root_and_mount_points_are_not_changed),
        TEST(mount_points_are_of_today),
        TEST(reserved_names_are_nobodys),
        TEST(no_directory_brings_a_reserved_name_along),
        TEST(uploads_are_in_no_listing),
        TEST(names_that_cannot_be_are_in_no_listing),
        TEST(what_is_not_committed_is_gone_after_a_reset),
        TEST(a_full_volume_keeps_the_old_file),
        TEST(a_full_volume_can_be_emptied),
        TEST(what_cannot_fit_is_refused_at_once),
        TEST(a_chip_that_fails_costs_only_what_is_being_written),
        TEST(damage_anywhere_is_survived),
        TEST(every_error_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

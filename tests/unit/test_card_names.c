/* Names, attributes and stamps as FAT has them. */
#include "tests/powerloss/ram_card.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/storage_tools.h"

#define MIB 2048u /* blocks */

static int set_up(void **state)
{
    ram_chip_reset();
    assert_int_equal(storage_init(), STORAGE_FLASH_FORMATTED);
    ram_card_reset(16 * MIB);
    ram_card_insert(false);
    assert_int_equal(storage_card_format(STORAGE_FAT16, NULL), STORAGE_OK);
    return storage_card_mount();
}

static int tear_down(void **state)
{
    ram_card_reset(0);
    return 0;
}

static void names_that_fat_cannot_have_are_refused(void **state)
{
    static const char *const invalid[] = {"/sd/a\"b", "/sd/a*", "/sd/a:b",  "/sd/<",
                                          "/sd/>",    "/sd/?",  "/sd/a\\b", "/sd/|",
                                          "/sd/a.",   "/sd/a ", "/sd/ ",    "/sd/d./x"};
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        assert_int_equal(open_result(invalid[i], STORAGE_REPLACE), STORAGE_INVALID);
        assert_int_equal(storage_mkdir(invalid[i]), STORAGE_INVALID);
        assert_int_equal(stat_of(invalid[i]), STORAGE_INVALID);
    }
    assert_string_equal(listing("/sd"), "");
}

/* 168 characters of three bytes are as long as a path may be. */
static void a_name_is_as_long_as_its_characters(void **state)
{
    char path[STORAGE_PATH_MAX] = "/sd/", name[STORAGE_PATH_MAX] = "";
    struct storage_dir *dir;
    struct storage_entry entry;
    for (unsigned i = 0; i < 168; i++) {
        strcat(name, "\xe6\x97\xa5");
    }
    strcat(path, name);
    put_text(path, "long");
    expect_text(path, "long");
    assert_int_equal(storage_opendir(&dir, "/sd"), STORAGE_OK);
    assert_int_equal(storage_readdir(dir, &entry), 1);
    assert_string_equal(entry.name, name);
    storage_closedir(dir);
}

static void case_makes_no_difference(void **state)
{
    struct storage_file *file, *second;
    put_text("/sd/Main.py", "1");
    expect_text("/sd/MAIN.PY", "1");
    put_text("/sd/main.PY", "2");
    assert_string_equal(listing("/sd"), "Main.py"); /* one file, which keeps its spelling */
    assert_int_equal(storage_open(&file, "/sd/Main.py", STORAGE_READ), STORAGE_OK);
    assert_int_equal(open_result("/sd/main.py", STORAGE_WRITE), STORAGE_BUSY);
    assert_int_equal(storage_remove("/sd/mAIN.py"), STORAGE_BUSY);
    storage_abandon(file);
    assert_int_equal(storage_open(&file, "/sd/NEW", STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(open_result("/sd/new", STORAGE_REPLACE), STORAGE_BUSY);
    assert_int_equal(storage_mkdir("/sd/New"), STORAGE_BUSY);
    storage_abandon(file);
    /* The spelling alone can be changed. */
    assert_int_equal(storage_rename("/sd/Main.py", "/sd/MAIN.py"), STORAGE_OK);
    assert_string_equal(listing("/sd"), "MAIN.py");
    expect_text("/sd/main.py", "2");
    assert_int_equal(storage_mkdir("/sd/\xc3\x84pfel"), STORAGE_OK);
    put_text("/sd/\xc3\xa4PFEL/x", "x");
    assert_int_equal(storage_open(&second, "/sd/\xc3\x84pfel/X", STORAGE_READ), STORAGE_OK);
    assert_int_equal(storage_rename("/sd/\xc3\xa4pfel", "/sd/Obst"), STORAGE_BUSY);
    storage_abandon(second);
    assert_int_equal(storage_rename("/sd/\xc3\xa4pfel", "/sd/\xc3\x84PFEL"), STORAGE_OK);
    assert_string_equal(listing("/sd"), "MAIN.py \xc3\x84PFEL/");
}

static void an_accent_makes_a_difference(void **state)
{
    put_text("/sd/e.txt", "e");
    put_text("/sd/\xc3\xa9.txt", "with an accent");
    put_text("/sd/\xc3\xa0", "a");
    put_text("/sd/A", "A");
    expect_text("/sd/E.TXT", "e");
    expect_text("/sd/\xc3\x89.txt", "with an accent");
    expect_text("/sd/\xc3\xa0", "a");
    expect_text("/sd/a", "A");
}

static void a_short_name_is_the_same_file(void **state)
{
    struct storage_file *file;
    assert_int_equal(storage_mkdir("/sd/A long folder"), STORAGE_OK);
    put_text("/sd/A long folder/A long name.text", "1");
    expect_text("/sd/ALONGF~1/ALONGN~1.TEX", "1");
    assert_int_equal(storage_open(&file, "/sd/A long folder/A long name.text", STORAGE_READ),
                     STORAGE_OK);
    assert_int_equal(open_result("/sd/A long folder/ALONGN~1.TEX", STORAGE_WRITE), STORAGE_BUSY);
    assert_int_equal(open_result("/sd/alongf~1/A LONG NAME.TEXT", STORAGE_WRITE), STORAGE_BUSY);
    assert_int_equal(storage_rename("/sd/alongf~1", "/sd/x"), STORAGE_BUSY);
    storage_abandon(file);
    assert_int_equal(storage_rename("/sd/ALONGF~1", "/sd/ALONGF~1/in"), STORAGE_INVALID);
    put_text("/sd/A long folder/ALONGN~1.TEX", "2");
    assert_string_equal(listing("/sd/A long folder"), "A long name.text");
    assert_int_equal(storage_rename("/sd/A long folder", "/sd/ALONGF~1"), STORAGE_OK);
    assert_string_equal(listing("/sd"), "ALONGF~1/");
    expect_text("/sd/alongf~1/A long name.text", "2");
}

/* Give the file whose short name is `from` another one, as an entry and those of its long name have
 * it. Both are 11 characters. */
static void change_short_name(const char *from, const char *to)
{
    uint8_t *entry = NULL;
    for (uint32_t block = 0; block < 16 * MIB && entry == NULL; block++) {
        uint8_t *data = ram_card_peek(block);
        for (unsigned i = 32; data != NULL && i < 512; i += 32) {
            entry = memcmp(data + i, from, 11) == 0 ? data + i : entry;
        }
    }
    assert_non_null(entry);
    memcpy(entry, to, 11);
    uint8_t sum = 0;
    for (unsigned i = 0; i < 11; i++) {
        sum = (uint8_t)((sum >> 1) + (sum << 7) + entry[i]);
    }
    for (uint8_t *part = entry - 32; part[11] == 0x0f; part -= 32) {
        part[13] = sum;
        if (part[0] & 0x40) {
            break;
        }
    }
    ram_card_eject();
    ram_card_insert(false);
    storage_card_poll();
}

/* A PC may have another code page, or be told to do without the '~'. */
static void a_short_name_may_look_like_any_other(void **state)
{
    static const struct {
        const char *name, *short_name, *alias;
    } made[] = {
        {"/sd/\xc3\xa5 ring", "\x8f          ", "/sd/\xc4\x87"}, /* a PC's A with a ring */
        {"/sd/a longer name.text", "ALONGERNTEX", "/sd/alongern.tex"},
    };
    struct storage_file *file;
    for (unsigned i = 0; i < sizeof made / sizeof made[0]; i++) {
        put_text(made[i].name, "1");
        change_short_name(i == 0 ? "_RING~1    " : "ALONGE~1TEX", made[i].short_name);
        expect_text(made[i].name, "1");
        assert_int_equal(storage_open(&file, made[i].name, STORAGE_READ), STORAGE_OK);
        assert_int_equal(open_result(made[i].alias, STORAGE_WRITE), STORAGE_BUSY);
        assert_int_equal(storage_remove(made[i].alias), STORAGE_BUSY);
        storage_abandon(file);
    }
}

/* FAT's attribute is a PC's way to protect a file. */
static void what_is_marked_read_only_is_not_changed(void **state)
{
    put_text("/sd/X", "x");
    for (uint32_t block = 0; block < 16 * MIB; block++) {
        uint8_t *data = ram_card_peek(block);
        for (unsigned i = 0; data != NULL && i < 512; i += 32) {
            if (memcmp(data + i, "X          ", 11) == 0) {
                data[i + 11] |= 1;
            }
        }
    }
    ram_card_eject();
    ram_card_insert(false);
    storage_card_poll();
    put_text("/sd/y", "y");
    assert_int_equal(open_result("/sd/X", STORAGE_WRITE), STORAGE_DENIED);
    assert_int_equal(open_result("/sd/X", STORAGE_WRITE | STORAGE_TRUNCATE), STORAGE_DENIED);
    assert_int_equal(open_result("/sd/X", STORAGE_REPLACE), STORAGE_DENIED);
    assert_int_equal(storage_remove("/sd/X"), STORAGE_DENIED);
    assert_int_equal(storage_rename("/sd/y", "/sd/X"), STORAGE_DENIED);
    expect_text("/sd/X", "x");
    expect_text("/sd/y", "y");
}

static void stamps_are_utc_in_steps_of_two_seconds(void **state)
{
    static const uint32_t times[] = {315532800, 951782400, 1456704000, 1709210096, 4102444798u};
    put_text("/sd/x", "x");
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        assert_int_equal(storage_set_mtime("/sd/x", times[i] + 1), STORAGE_OK);
        assert_int_equal(mtime_of("/sd/x"), times[i]);
    }
    assert_int_equal(storage_set_mtime("/sd/x", 5), STORAGE_OK); /* before FAT's time */
    assert_int_equal(mtime_of("/sd/x"), 315532800);
}

/* The root of FAT12 and FAT16 has 512 entries and never more. */
static void a_full_root_costs_only_the_new_file(void **state)
{
    struct storage_file *file;
    struct storage_volume before, after;
    char path[32];
    for (unsigned i = 0; i < 512; i++) {
        snprintf(path, sizeof path, "/sd/f%u", i);
        put_text(path, "");
    }
    assert_int_equal(storage_volume("/sd", &before), STORAGE_OK);
    assert_int_equal(storage_open(&file, "/sd/new", STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(storage_write(file, "new", 3), 3);
    assert_int_equal(storage_close(file), STORAGE_FULL);
    assert_int_equal(open_result("/sd/new", STORAGE_WRITE | STORAGE_CREATE), STORAGE_FULL);
    assert_int_equal(storage_mkdir("/sd/new"), STORAGE_FULL);
    assert_int_equal(stat_of("/sd/new"), STORAGE_NOT_FOUND);
    assert_int_equal(storage_volume("/sd", &after), STORAGE_OK);
    assert_int_equal(after.free_blocks, before.free_blocks);
    put_text("/sd/f7", "there is room in what exists");
    expect_text("/sd/f7", "there is room in what exists");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(names_that_fat_cannot_have_are_refused),
        TEST(a_name_is_as_long_as_its_characters),
        TEST(case_makes_no_difference),
        TEST(an_accent_makes_a_difference),
        TEST(a_short_name_is_the_same_file),
        TEST(a_short_name_may_look_like_any_other),
        TEST(what_is_marked_read_only_is_not_changed),
        TEST(stamps_are_utc_in_steps_of_two_seconds),
        TEST(a_full_root_costs_only_the_new_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Names and folders, and who may open what, on every file system alike. */
#include "tests/unit/storage_kinds.h"

static void names_are_checked(void **state)
{
    static const char *const invalid[] = {
        "",
        "/x",
        ".",
        "lib/..",
        "lib/../sys/mcuimg.bin",
        "a\nb",
        "\x7f",
        "\xc2\x85",         /* U+0085 */
        "\x80",             /* no first byte */
        "\xc3",             /* cut short */
        "\xc0\xaf",         /* a longer form of '/' */
        "\xed\xa0\x80",     /* a surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
    };
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        assert_int_equal(stat_of(at(invalid[i])), STORAGE_INVALID);
        assert_int_equal(open_result(at(invalid[i]), STORAGE_REPLACE), STORAGE_INVALID);
    }
    assert_int_equal(stat_of(""), STORAGE_INVALID);
    assert_int_equal(stat_of(root + 1), STORAGE_INVALID);
    assert_int_equal(stat_of("//"), STORAGE_INVALID);
    static const char *const good[] = {
        "a b",
        "Gr\xc3\xbc\xc3\x9f"
        "e.py",
        "\xe2\x82\xac",
        "\xf0\x9f\x90\x8d.py",
        ".hidden",
        " x",
        "a.b.c",
        "x+y=z,[1];",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        put_text(at(good[i]), good[i]);
        expect_text(at(good[i]), good[i]);
    }
    restart();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_non_null(strstr(listing(root), good[i]));
        expect_text(at(good[i]), good[i]);
        assert_int_equal(storage_remove(at(good[i])), STORAGE_OK);
    }
}

static void names_have_a_longest_length(void **state)
{
    char path[700];
    memset(path, 'n', sizeof path);
    size_t start = strlen(at(""));
    memcpy(path, at(""), start);
    path[start + 255] = '\0';
    put_text(path, "long");
    expect_text(path, "long");
    path[start + 255] = 'n';
    path[start + 256] = '\0';
    assert_int_equal(open_result(path, STORAGE_REPLACE), STORAGE_NAME_TOO_LONG);
    assert_int_equal(storage_mkdir(path), STORAGE_NAME_TOO_LONG);
    path[start + 256] = 'n';
    path[start + 200] = '/';
    path[511] = '\0';
    path[400] = '/';
    assert_int_equal(stat_of(path), STORAGE_NOT_FOUND);
    path[511] = 'n';
    path[512] = '\0';
    assert_int_equal(stat_of(path), STORAGE_NAME_TOO_LONG);
}

/* ---- what works on names */

static void directories(void **state)
{
    struct storage_dir *dir;
    assert_int_equal(storage_mkdir(at("d")), STORAGE_OK);
    assert_int_equal(storage_mkdir(at("d")), STORAGE_EXISTS);
    assert_int_equal(storage_mkdir(at("main.py")), STORAGE_EXISTS);
    assert_int_equal(storage_mkdir(at("none/d")), STORAGE_NOT_FOUND);
    assert_int_equal(storage_mkdir(at("main.py/d")), STORAGE_NOT_DIR);
    put_text(at("d/f"), "x");
    assert_int_equal(storage_rmdir(at("d")), STORAGE_NOT_EMPTY);
    assert_int_equal(storage_remove(at("d")), STORAGE_IS_DIR);
    assert_int_equal(storage_rmdir(at("d/f")), STORAGE_NOT_DIR);
    assert_int_equal(storage_rmdir(at("none")), STORAGE_NOT_FOUND);
    assert_int_equal(storage_opendir(&dir, at("d/f")), STORAGE_NOT_DIR);
    assert_int_equal(storage_opendir(&dir, at("none")), STORAGE_NOT_FOUND);
    assert_int_equal(storage_remove(at("d/f")), STORAGE_OK);
    assert_int_equal(storage_rmdir(at("d")), STORAGE_OK);
    assert_int_equal(stat_of(at("d")), STORAGE_NOT_FOUND);
}

static void a_long_directory_is_listed_whole(void **state)
{
    char path[64];
    bool seen[300] = {false};
    unsigned number, count = 0;
    for (unsigned i = 0; i < 300; i++) {
        snprintf(path, sizeof path, "%s/lib/module_%03u.py", root, i);
        put_text(path, path);
    }
    restart();
    struct storage_dir *dir;
    struct storage_entry entry;
    assert_int_equal(storage_opendir(&dir, at("lib")), STORAGE_OK);
    while (storage_readdir(dir, &entry) > 0) {
        assert_int_equal(sscanf(entry.name, "module_%u.py", &number), 1);
        assert_true(number < 300 && !seen[number]);
        assert_int_equal(entry.stat.size, strlen(root) + 18);
        assert_true(entry.stat.mtime >= 1700000000u);
        seen[number] = true;
        count++;
    }
    storage_closedir(dir);
    assert_int_equal(count, 300);
}

static void renaming(void **state)
{
    put_text(at("a"), "a");
    put_text(at("b"), "b");
    uint32_t mtime = mtime_of(at("a"));
    assert_int_equal(storage_rename(at("a"), at("lib/b")), STORAGE_OK);
    expect_text(at("lib/b"), "a");
    assert_int_equal(mtime_of(at("lib/b")), mtime);
    assert_int_equal(stat_of(at("a")), STORAGE_NOT_FOUND);
    assert_int_equal(storage_rename(at("lib/b"), at("b")), STORAGE_OK); /* replaces it */
    expect_text(at("b"), "a");
    assert_int_equal(storage_rename(at("b"), at("b")), STORAGE_OK);
    assert_int_equal(storage_rename(at("none"), at("c")), STORAGE_NOT_FOUND);
    assert_int_equal(storage_rename(at("b"), at("none/c")), STORAGE_NOT_FOUND);
    assert_int_equal(storage_rename(at("b"), at("lib")), STORAGE_IS_DIR);
    assert_int_equal(storage_rename(at("lib"), at("b")), STORAGE_NOT_DIR);
    assert_int_equal(storage_rename(at("lib"), at("lib/in")), STORAGE_INVALID);
    put_text(at("sys/f"), "f");
    assert_int_equal(storage_rename(at("lib"), at("sys")), STORAGE_NOT_EMPTY);
    assert_int_equal(storage_rename(at("sys"), at("lib")), STORAGE_OK);
    expect_text(at("lib/f"), "f");
    assert_int_equal(stat_of(at("sys")), STORAGE_NOT_FOUND);
}

static void times(void **state)
{
    uint32_t before = mtime_of(at("main.py"));
    later();
    put_text(at("main.py"), "x");
    uint32_t after = mtime_of(at("main.py"));
    assert_true(after > before);

    struct storage_file *file;
    assert_int_equal(storage_open(&file, at("main.py"), STORAGE_READ | STORAGE_WRITE), STORAGE_OK);
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_int_equal(mtime_of(at("main.py")), after); /* nothing was written */
    later();

    assert_int_equal(storage_open(&file, at("main.py"), STORAGE_WRITE | STORAGE_TRUNCATE),
                     STORAGE_OK);
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_true(mtime_of(at("main.py")) > after);

    assert_int_equal(storage_open(&file, at("new"), STORAGE_WRITE | STORAGE_CREATE), STORAGE_OK);
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_true(mtime_of(at("new")) > after);

    assert_int_equal(storage_mkdir(at("dir")), STORAGE_OK);
    assert_true(mtime_of(at("dir")) > after);

    assert_int_equal(storage_set_mtime(at("new"), 0xFEDCBA98u), STORAGE_OK);
    restart();
    assert_int_equal(mtime_of(at("new")), 0xFEDCBA98u);
    assert_int_equal(storage_set_mtime(at("none"), 1), STORAGE_NOT_FOUND);
}

/* ---- who may open what */

static void many_read_and_one_writes(void **state)
{
    struct storage_file *first, *second;
    put_text(at("x"), "x");
    assert_int_equal(storage_open(&first, at("x"), STORAGE_READ), STORAGE_OK);
    assert_int_equal(storage_open(&second, at("x"), STORAGE_READ), STORAGE_OK);
    assert_int_equal(open_result(at("x"), STORAGE_WRITE), STORAGE_BUSY);
    assert_int_equal(open_result(at("x"), STORAGE_REPLACE), STORAGE_BUSY);
    assert_int_equal(storage_remove(at("x")), STORAGE_BUSY);
    assert_int_equal(storage_rename(at("x"), at("y")), STORAGE_BUSY);
    assert_int_equal(storage_rename(at("main.py"), at("x")), STORAGE_BUSY);
    storage_abandon(second);
    assert_int_equal(storage_close(first), STORAGE_OK);

    assert_int_equal(storage_open(&first, at("x"), STORAGE_WRITE), STORAGE_OK);
    assert_int_equal(open_result(at("x"), STORAGE_READ), STORAGE_BUSY);
    assert_int_equal(open_result(at("x"), STORAGE_WRITE), STORAGE_BUSY);
    assert_int_equal(storage_close(first), STORAGE_OK);
    assert_int_equal(storage_remove(at("x")), STORAGE_OK);
}

static void a_new_name_counts_as_open(void **state)
{
    struct storage_file *file;
    assert_int_equal(storage_mkdir(at("d")), STORAGE_OK);
    assert_int_equal(storage_open(&file, at("d/new"), STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(open_result(at("d/new"), STORAGE_REPLACE), STORAGE_BUSY);
    assert_int_equal(storage_mkdir(at("d/new")), STORAGE_BUSY);
    assert_int_equal(storage_rename(at("main.py"), at("d/new")), STORAGE_BUSY);
    assert_int_equal(storage_rmdir(at("d")), STORAGE_BUSY);
    assert_int_equal(storage_rename(at("d"), at("e")), STORAGE_BUSY);
    assert_int_equal(storage_close(file), STORAGE_OK);
    expect_text(at("d/new"), "");
}

static void a_directory_that_is_being_listed_stays(void **state)
{
    struct storage_dir *dir;
    struct storage_entry entry;
    assert_int_equal(storage_opendir(&dir, at("lib")), STORAGE_OK);
    assert_int_equal(storage_rmdir(at("lib")), STORAGE_BUSY);
    assert_int_equal(storage_rename(at("lib"), at("l")), STORAGE_BUSY);
    storage_closedir(dir);
    assert_int_equal(storage_readdir(dir, &entry), STORAGE_INVALID);
    storage_closedir(dir);
    storage_closedir(NULL);
    assert_int_equal(storage_rmdir(at("lib")), STORAGE_OK);
}

static void handles_run_out_and_come_back(void **state)
{
    struct storage_file *files[STORAGE_OPEN_FILES];
    struct storage_dir *dirs[STORAGE_OPEN_DIRS], *dir;
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++)
        assert_int_equal(storage_open(&files[i], at("main.py"), STORAGE_READ), STORAGE_OK);
    assert_int_equal(open_result(at("main.py"), STORAGE_READ), STORAGE_TOO_MANY);
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        char first;
        assert_int_equal(storage_read(files[i], &first, 1), 1);
        assert_int_equal(first, '#');
        assert_int_equal(storage_close(files[i]), STORAGE_OK);
    }
    assert_int_equal(open_result(at("main.py"), STORAGE_READ), STORAGE_OK);
    for (unsigned i = 0; i < STORAGE_OPEN_DIRS; i++)
        assert_int_equal(storage_opendir(&dirs[i], i % 2 ? "/" : root), STORAGE_OK);
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
        snprintf(path, sizeof path, "%s/lib/%u", root, i);
        assert_int_equal(storage_open(&files[i], path, STORAGE_REPLACE), STORAGE_OK);
    }
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        snprintf(text, sizeof text, "text %u", i);
        assert_int_equal(storage_write(files[i], text, (uint32_t)strlen(text)), strlen(text));
    }
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++)
        assert_int_equal(storage_close(files[i]), STORAGE_OK);
    for (unsigned i = 0; i < STORAGE_OPEN_FILES; i++) {
        snprintf(path, sizeof path, "%s/lib/%u", root, i);
        snprintf(text, sizeof text, "text %u", i);
        expect_text(path, text);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(names_are_checked),
        TEST(names_have_a_longest_length),
        TEST(directories),
        TEST(a_long_directory_is_listed_whole),
        TEST(renaming),
        TEST(times),
        TEST(many_read_and_one_writes),
        TEST(a_new_name_counts_as_open),
        TEST(a_directory_that_is_being_listed_stays),
        TEST(handles_run_out_and_come_back),
        TEST(uploads_side_by_side),
    };
    return run_on_every_file_system(tests, sizeof tests / sizeof tests[0]);
}

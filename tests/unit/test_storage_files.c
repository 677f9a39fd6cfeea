/* What files and folders do, on every file system alike. */
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
static const char *at(const char *name)
{
    static char paths[4][STORAGE_PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, STORAGE_PATH_MAX, "%s/%s", root, name);
    return path;
}

static void restart(void)
{
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    if (kind->mib > 0) {
        assert_int_equal(storage_card_mount(), STORAGE_OK);
    }
}

/* For FAT's clock, too. */
static void later(void)
{
    ram_chip.rtc_us += 2000000;
}

static int set_up(void **state)
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
static int check_card(void)
{
    struct fat_check found;
    if (storage_card_unmount() != STORAGE_OK || !fat_check(&found)) {
        return -1;
    }
    bool sound = found.shared + found.broken + found.entries + found.lost + found.longer == 0;
    return sound && !found.tables_differ && !found.free_differs ? 0 : -1;
}

static int tear_down(void **state)
{
    int result = kind->mib > 0 ? check_card() : 0;
    ram_chip_reset();
    ram_card_reset(0);
    return result;
}

/* ---- names */

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

/* ---- files */

static void modes(void **state)
{
    assert_int_equal(open_result(at("x"), STORAGE_READ), STORAGE_NOT_FOUND);
    assert_int_equal(open_result(at("x"), STORAGE_WRITE), STORAGE_NOT_FOUND);
    assert_int_equal(open_result(at("none/x"), STORAGE_WRITE | STORAGE_CREATE), STORAGE_NOT_FOUND);
    assert_int_equal(open_result(at("none/x"), STORAGE_REPLACE), STORAGE_NOT_FOUND);
    assert_int_equal(open_result(at("main.py/x"), STORAGE_REPLACE), STORAGE_NOT_DIR);
    assert_int_equal(open_result(at("main.py/x"), STORAGE_READ), STORAGE_NOT_DIR);
    assert_int_equal(open_result(at("lib"), STORAGE_READ), STORAGE_IS_DIR);
    assert_int_equal(open_result(at("lib"), STORAGE_REPLACE), STORAGE_IS_DIR);
    assert_int_equal(open_result(at("x"), 0), STORAGE_INVALID);
    assert_int_equal(open_result(at("x"), STORAGE_CREATE), STORAGE_INVALID);
    assert_int_equal(open_result(at("x"), STORAGE_READ | STORAGE_APPEND), STORAGE_INVALID);
    assert_int_equal(open_result(at("x"), STORAGE_REPLACE | STORAGE_WRITE), STORAGE_INVALID);
    assert_int_equal(open_result(at("x"), STORAGE_WRITE | STORAGE_EXCLUSIVE), STORAGE_INVALID);
    unsigned exclusive = STORAGE_WRITE | STORAGE_CREATE | STORAGE_EXCLUSIVE;
    assert_int_equal(open_result(at("main.py"), exclusive), STORAGE_EXISTS);
    assert_int_equal(open_result(at("x"), exclusive), STORAGE_OK);

    struct storage_file *file;
    char byte;
    assert_int_equal(storage_open(&file, at("x"), STORAGE_WRITE), STORAGE_OK);
    assert_int_equal(storage_read(file, &byte, 1), STORAGE_INVALID);
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_int_equal(storage_open(&file, at("x"), STORAGE_READ), STORAGE_OK);
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

static void seeking_and_gaps(void **state)
{
    struct storage_file *file;
    char data[8];
    assert_int_equal(storage_open(&file, at("x"), STORAGE_READ | STORAGE_WRITE | STORAGE_CREATE),
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
    assert_int_equal(storage_seek(file, INT64_MAX, STORAGE_SEEK_END), STORAGE_INVALID);
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
        assert_int_equal(storage_open(&file, at("x"),
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
                assert_int_equal(storage_seek(file, position, STORAGE_SEEK_SET), position);
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
        assert_int_equal(storage_open(&file, at("x"), STORAGE_READ), STORAGE_OK);
        assert_int_equal(storage_read(file, data, SIZE), size);
        assert_memory_equal(data, model, size);
        assert_int_equal(storage_close(file), STORAGE_OK);
    }
    assert_int_equal(ram_chip.misuses, 0);
}

static void what_is_not_committed_is_not_there(void **state)
{
    struct storage_file *file;
    put_text(at("x"), "old");
    assert_int_equal(storage_open(&file, at("x"), STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(storage_write(file, "new", 3), 3);
    storage_abandon(file);
    expect_text(at("x"), "old");

    assert_int_equal(storage_open(&file, at("x"), STORAGE_WRITE | STORAGE_APPEND), STORAGE_OK);
    assert_int_equal(storage_write(file, " and", 4), 4);
    assert_int_equal(storage_sync(file), STORAGE_OK);
    assert_int_equal(storage_write(file, " lost", 5), 5);
    storage_abandon(file);
    expect_text(at("x"), "old and");
}

/* ---- when there is no room */

static uint64_t free_bytes(void)
{
    struct storage_volume volume;
    assert_int_equal(storage_volume(root, &volume), STORAGE_OK);
    return (uint64_t)volume.free_blocks * volume.block_size;
}

/* Write until there is no room; how much was written. */
static uint64_t fill(struct storage_file *file)
{
    static uint8_t data[65536];
    uint64_t written = 0;
    int32_t result;
    while ((result = storage_write(file, data, sizeof data)) > 0) {
        written += (uint64_t)result;
    }
    assert_int_equal(result, STORAGE_FULL);
    return written;
}

static void a_full_volume_gives_back_what_is_not_committed(void **state)
{
    static const unsigned modes_of[] = {STORAGE_REPLACE, STORAGE_WRITE | STORAGE_APPEND};
    struct storage_file *file;
    put_text(at("keep"), "old");
    uint64_t before = free_bytes();
    for (int attempt = 0; attempt < 4; attempt++) {
        assert_int_equal(storage_open(&file, at("keep"), modes_of[attempt % 2]), STORAGE_OK);
        assert_in_range(fill(file), before * 7 / 8, before);
        assert_int_equal(storage_write(file, "x", 1), STORAGE_FULL); /* no hole in the middle */
        assert_int_equal(storage_close(file), STORAGE_FULL);
        expect_text(at("keep"), "old");
        assert_int_equal(free_bytes(), before);
    }
    restart();
    assert_int_equal(free_bytes(), before);
    expect_text(at("keep"), "old");
    put_text(at("keep"), "new");
    expect_text(at("keep"), "new");
}

static void a_full_volume_can_be_emptied(void **state)
{
    static uint8_t data[65536];
    char path[32];
    unsigned count = 0;
    int result = 0;
    uint64_t before = free_bytes();
    while (result >= 0) {
        struct storage_file *file;
        snprintf(path, sizeof path, "%s/lib/%u", root, count);
        result = storage_open(&file, path, STORAGE_REPLACE);
        if (result >= 0) {
            result = storage_write(file, data, sizeof data);
            int closed = storage_close(file);
            result = result < 0 ? result : closed;
            count += result >= 0;
        }
    }
    assert_int_equal(result, STORAGE_FULL);
    assert_in_range(count, before / sizeof data - 10, before / sizeof data);
    restart();
    for (unsigned i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/lib/%u", root, i);
        assert_int_equal(storage_remove(path), STORAGE_OK);
    }
    put_text(at("main.py"), "room again");
    assert_true(free_bytes() > before - 40000);
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
        TEST(modes),
        TEST(what_is_not_committed_is_not_there),
        TEST(seeking_and_gaps),
        TEST(a_file_is_an_array_of_bytes),
        TEST(a_full_volume_gives_back_what_is_not_committed),
        TEST(a_full_volume_can_be_emptied),
    };
    int failed = 0;
    for (kind = kinds; kind < kinds + sizeof kinds / sizeof kinds[0]; kind++) {
        failed += cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
    }
    return failed;
}

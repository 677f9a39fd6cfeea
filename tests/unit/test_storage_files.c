/* What can be done with files, on every file system alike. */
#include "tests/unit/storage_kinds.h"

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

/* A card keeps what was appended before it was full: see that it does, and take it away. */
static void expect_appended(uint64_t written)
{
    struct storage_file *file;
    assert_int_equal(storage_open(&file, at("keep"), STORAGE_WRITE), STORAGE_OK);
    assert_int_equal(storage_size(file), 3 + written);
    assert_int_equal(storage_truncate(file, 3), STORAGE_OK);
    assert_int_equal(storage_close(file), STORAGE_OK);
}

static void a_full_volume_gives_back_what_is_not_committed(void **state)
{
    bool is_card = strcmp(root, "/sd") == 0;
    static const unsigned modes_of[] = {STORAGE_REPLACE, STORAGE_WRITE | STORAGE_APPEND};
    struct storage_file *file;
    put_text(at("keep"), "old");
    uint64_t before = free_bytes();
    for (int attempt = 0; attempt < 4; attempt++) {
        assert_int_equal(storage_open(&file, at("keep"), modes_of[attempt % 2]), STORAGE_OK);
        uint64_t written = fill(file);
        assert_in_range(written, before * 7 / 8, before);
        assert_int_equal(storage_write(file, "x", 1), STORAGE_FULL); /* no hole in the middle */
        assert_int_equal(storage_close(file), STORAGE_FULL);
        if (is_card && attempt % 2 == 1) {
            expect_appended(written);
        }
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
        TEST(modes),
        TEST(what_is_not_committed_is_not_there),
        TEST(seeking_and_gaps),
        TEST(a_file_is_an_array_of_bytes),
        TEST(a_full_volume_gives_back_what_is_not_committed),
        TEST(a_full_volume_can_be_emptied),
    };
    return run_on_every_file_system(tests, sizeof tests / sizeof tests[0]);
}

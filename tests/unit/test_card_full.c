/* A card that is full: what was written before is kept, and the file system is sound. */
#include "tests/powerloss/fat_check.h"
#include "tests/powerloss/ram_card.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/storage_tools.h"

#define MIB 2048u /* blocks */

static void new_card(uint32_t mib, enum storage_fat type)
{
    ram_chip_reset();
    assert_int_equal(storage_init(), STORAGE_FLASH_FORMATTED);
    ram_card_reset(mib * MIB);
    ram_card_insert(false);
    assert_int_equal(storage_card_format(type, NULL), STORAGE_OK);
    assert_int_equal(storage_card_mount(), STORAGE_OK);
}

static void expect_sound(void)
{
    struct fat_check found;
    assert_int_equal(storage_card_unmount(), STORAGE_OK);
    assert_true(fat_check(&found));
    assert_int_equal(found.broken + found.entries + found.shared + found.lost + found.longer, 0);
    assert_int_equal(storage_card_mount(), STORAGE_OK);
}

/* Lines of a log until the card is full; how many there were. */
static uint32_t log_lines(const uint8_t *line, uint32_t size, uint64_t gap, int error)
{
    struct storage_file *file;
    uint32_t lines = 0;
    int32_t result;
    assert_int_equal(storage_open(&file, "/sd/log", STORAGE_WRITE | STORAGE_CREATE), STORAGE_OK);
    while ((result = storage_write(file, line, size)) == (int32_t)size) {
        lines++;
        if (gap > 0 && lines == 10) {
            assert_true(storage_seek(file, (int64_t)gap, STORAGE_SEEK_CUR) > 0);
        }
        assert_true(lines < 100000);
    }
    assert_int_equal(result, error);
    assert_int_equal(storage_write(file, "x", 1), error); /* no hole in the middle */
    assert_int_equal(storage_close(file), error);
    return lines;
}

static void expect_lines(const uint8_t *line, uint32_t size, uint32_t lines)
{
    uint8_t now[3000];
    struct storage_file *file;
    assert_int_equal(storage_open(&file, "/sd/log", STORAGE_READ), STORAGE_OK);
    assert_int_equal(storage_size(file), (uint64_t)lines * size);
    for (uint32_t i = 0; i < lines; i++) {
        assert_int_equal(storage_read(file, now, size), size);
        assert_memory_equal(now, line, size);
    }
    assert_int_equal(storage_close(file), STORAGE_OK);
}

static void a_log_that_fills_its_card_keeps_its_lines(void **state)
{
    static const struct {
        uint32_t mib, size;
        enum storage_fat type;
    } cards[] = {{2, 2999, STORAGE_FAT_BY_SIZE},
                 {4, 700, STORAGE_FAT16},
                 {40, 3000, STORAGE_FAT32},
                 {8, 3000, STORAGE_EXFAT},
                 {8, 512, STORAGE_EXFAT}};
    uint8_t line[3000];
    for (unsigned i = 0; i < sizeof line; i++) {
        line[i] = (uint8_t)(i * 7 + 1);
    }
    for (unsigned i = 0; i < sizeof cards / sizeof cards[0]; i++) {
        new_card(cards[i].mib, cards[i].type);
        put("/sd/between", line, sizeof line);
        uint32_t lines = log_lines(line, cards[i].size, 0, STORAGE_FULL);
        assert_true(lines > cards[i].mib * 200);
        expect_lines(line, cards[i].size, lines);
        expect_sound();
        expect_lines(line, cards[i].size, lines);
        /* Again, with a gap that does not fit; and what is to replace a file is whole or not there.
         */
        assert_int_equal(storage_remove("/sd/log"), STORAGE_OK);
        assert_int_equal(log_lines(line, cards[i].size, cards[i].mib << 20, STORAGE_FULL), 10);
        expect_lines(line, cards[i].size, 10);
        assert_int_equal(log_lines(line, cards[i].size, 1ull << 30, STORAGE_GAP), 10);
        expect_sound();
        struct storage_file *file;
        assert_int_equal(storage_open(&file, "/sd/log", STORAGE_REPLACE), STORAGE_OK);
        while (storage_write(file, line, sizeof line) > 0) {
        }
        assert_int_equal(storage_close(file), STORAGE_FULL);
        expect_lines(line, cards[i].size, 10);
        expect_sound();
        assert_int_equal(storage_card_unmount(), STORAGE_OK);
    }
    ram_card_reset(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_fills_its_card_keeps_its_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

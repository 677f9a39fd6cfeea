/* How many trips to the card a call takes: what keeps the other sessions waiting. docs/design.md
 * has the figures. */
#include "tests/powerloss/ram_card.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/storage_tools.h"

#define MIB 2048u /* blocks */
#define GIB (1024 * MIB)

static void make_card(uint32_t blocks, enum storage_fat type)
{
    ram_chip_reset();
    assert_int_equal(storage_init(), STORAGE_FLASH_FORMATTED);
    ram_card_reset(blocks);
    ram_card_insert(false);
    assert_int_equal(storage_card_format(type, NULL), STORAGE_OK);
    assert_int_equal(storage_card_mount(), STORAGE_OK);
}

static int tear_down(void **state)
{
    ram_card_reset(0);
    return 0;
}

/* Trips since the last call of this. */
static unsigned long trips(void)
{
    unsigned long count = (unsigned long)ram_card.burst;
    ram_card.burst = 0;
    return count;
}

static uint32_t free_clusters(void)
{
    struct storage_volume volume;
    assert_int_equal(storage_volume("/sd", &volume), STORAGE_OK);
    return volume.free_blocks;
}

/* Forget what FAT32 notes down, and mount again. */
static void forget_free_count(void)
{
    assert_int_equal(storage_card_unmount(), STORAGE_OK);
    const uint8_t *entry = ram_card_block(0) + 446;
    uint32_t start = entry[8] | (uint32_t)entry[9] << 8 | (uint32_t)entry[10] << 16;
    memset(ram_card_block(start + 1) + 488, 0xff, 8);
    trips();
    assert_int_equal(storage_card_mount(), STORAGE_OK);
    assert_in_range(trips(), 1, 5);
}

static void count_to_the_end(void)
{
    trips();
    for (unsigned polls = 0; storage_card_wants_poll(); polls++) {
        storage_card_poll();
        assert_in_range(trips(), 0, 8);
        assert_true(polls < 300);
    }
}

static void a_large_card_is_counted_bit_by_bit(void **state)
{
    static uint8_t data[1 << 20];
    make_card(64 * GIB, STORAGE_FAT32);
    put("/sd/x", data, sizeof data);
    put("/sd/y", data, sizeof data);
    uint32_t known = free_clusters();
    assert_true(known > 2000000);

    forget_free_count();
    assert_true(storage_card_wants_poll());
    assert_in_range(free_clusters(), known / 8, known - 1); /* what could be seen so far */
    assert_in_range(trips(), 1, 512);
    count_to_the_end();
    assert_int_equal(free_clusters(), known);

    /* With changes in the midst of it, in front of where it stands and behind. */
    forget_free_count();
    for (unsigned i = 0; storage_card_wants_poll(); i++) {
        storage_card_poll();
        if (i == 100) {
            put("/sd/z", data, 300000);
        } else if (i == 150) {
            assert_int_equal(storage_remove("/sd/y"), STORAGE_OK);
        }
    }
    uint32_t counted = free_clusters();
    forget_free_count();
    count_to_the_end();
    assert_int_equal(free_clusters(), counted);
    assert_int_equal(counted, known + 32 - 10);

    /* A card that claims to be full is not believed. */
    assert_int_equal(storage_card_unmount(), STORAGE_OK);
    memset(ram_card_block(8192 + 1) + 488, 0, 4);
    assert_int_equal(storage_card_mount(), STORAGE_OK);
    put_text("/sd/room", "room");
    count_to_the_end();
    assert_int_equal(free_clusters(), counted - 1);
}

static void a_folder_is_walked_in_large_steps(void **state)
{
    char path[64];
    static const struct {
        uint32_t blocks;
        enum storage_fat type;
    } cards[] = {{2 * GIB, STORAGE_FAT16}, {64 * GIB, STORAGE_FAT32}, {64 * GIB, STORAGE_EXFAT}};
    for (unsigned card = 0; card < 3; card++) {
        make_card(cards[card].blocks, cards[card].type);
        assert_int_equal(storage_mkdir("/sd/d"), STORAGE_OK);
        for (unsigned i = 0; i < 1000; i++) {
            snprintf(path, sizeof path, "/sd/d/a file with number %u", i);
            put_text(path, "");
        }
        /* Four entries of 32 bytes for each name: 250 blocks. */
        trips();
        assert_int_equal(stat_of("/sd/d/a file with number 999"), STORAGE_OK);
        assert_in_range(trips(), 1, 40);
        assert_int_equal(stat_of("/sd/d/a file with number 1000"), STORAGE_NOT_FOUND);
        assert_in_range(trips(), 1, 40);
        put_text("/sd/d/a file with number 1000", "");
        assert_in_range(trips(), 1, 5 * 40);
        assert_int_equal(storage_remove("/sd/d/a file with number 1000"), STORAGE_OK);
        assert_in_range(trips(), 1, 3 * 40);
    }
}

static void large_files_move_in_large_steps(void **state)
{
    static uint8_t data[1 << 20];
    struct storage_file *file;
    make_card(64 * GIB, STORAGE_FAT32);
    assert_int_equal(storage_open(&file, "/sd/x", STORAGE_REPLACE), STORAGE_OK);
    for (unsigned i = 0; i < 64; i++) {
        trips();
        assert_int_equal(storage_write(file, data, sizeof data), sizeof data);
        assert_in_range(trips(), 256, 265);
    }
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_int_equal(storage_open(&file, "/sd/x", STORAGE_READ), STORAGE_OK);
    trips();
    assert_int_equal(storage_read(file, data, sizeof data), sizeof data);
    assert_in_range(trips(), 256, 265);
    assert_int_equal(storage_seek(file, -1, STORAGE_SEEK_END), (64 << 20) - 1);
    assert_int_equal(storage_read(file, data, 1), 1);
    assert_in_range(trips(), 1, 10);
    assert_int_equal(storage_close(file), STORAGE_OK);
    /* Single bytes come out of a buffer. */
    assert_int_equal(storage_open(&file, "/sd/x", STORAGE_READ), STORAGE_OK);
    trips();
    for (unsigned i = 0; i < 4096; i++) {
        assert_int_equal(storage_read(file, data, 1), 1);
    }
    assert_in_range(trips(), 1, 3);
    storage_abandon(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_large_card_is_counted_bit_by_bit, tear_down),
        cmocka_unit_test_teardown(a_folder_is_walked_in_large_steps, tear_down),
        cmocka_unit_test_teardown(large_files_move_in_large_steps, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is particular to /sd: the card that comes and goes, write-protection, sizes, formatting. */
#include "tests/powerloss/ram_card.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/storage_tools.h"

#define MIB 2048u /* blocks */

static void new_card(uint32_t blocks, enum storage_fat type)
{
    ram_card_reset(blocks);
    ram_card_insert(false);
    assert_int_equal(storage_card_format(type, NULL), STORAGE_OK);
}

static int set_up(void **state)
{
    ram_chip_reset();
    ram_card_reset(0);
    return storage_init() == STORAGE_FLASH_FORMATTED ? 0 : -1;
}

static int set_up_card(void **state)
{
    if (set_up(state) != 0) {
        return -1;
    }
    new_card(16 * MIB, STORAGE_FAT16);
    return storage_card_mount() == STORAGE_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    ram_card_reset(0);
    ram_chip_reset();
    return 0;
}

/* ---- the slot */

static void there_is_no_sd_until_it_is_enabled(void **state)
{
    assert_int_equal(storage_card(), STORAGE_CARD_DISABLED);
    assert_int_equal(storage_card_mount(), STORAGE_NO_VOLUME); /* no card */
    assert_int_equal(storage_card(), STORAGE_CARD_DISABLED);
    new_card(16 * MIB, STORAGE_FAT16);
    storage_card_poll();
    assert_int_equal(storage_card(), STORAGE_CARD_DISABLED);
    assert_string_equal(listing("/"), "flash/");
    assert_int_equal(stat_of("/sd"), STORAGE_NO_VOLUME);
    assert_int_equal(open_result("/sd/x", STORAGE_REPLACE), STORAGE_NO_VOLUME);
    assert_int_equal(storage_card_unmount(), STORAGE_NO_VOLUME);

    assert_int_equal(storage_card_mount(), STORAGE_OK);
    assert_int_equal(storage_card_mount(), STORAGE_OK);
    assert_int_equal(storage_card(), STORAGE_CARD_MOUNTED);
    assert_string_equal(listing("/"), "flash/ sd/");
    assert_string_equal(listing("/sd"), "");
    put_text("/sd/x", "x");
    assert_int_equal(storage_card_unmount(), STORAGE_OK);
    assert_int_equal(stat_of("/sd/x"), STORAGE_NO_VOLUME);
    assert_int_equal(storage_card(), STORAGE_CARD_DISABLED);
    assert_int_equal(storage_card_mount(), STORAGE_OK);
    expect_text("/sd/x", "x");
}

static void an_enabled_slot_follows_the_cards(void **state)
{
    put_text("/sd/x", "x");
    ram_card_eject();
    assert_int_equal(stat_of("/sd/x"), STORAGE_NO_VOLUME); /* before anybody has polled */
    assert_int_equal(storage_card(), STORAGE_CARD_ABSENT);
    storage_card_poll();
    assert_string_equal(listing("/"), "flash/");
    ram_card_insert(false);
    assert_int_equal(stat_of("/sd/x"), STORAGE_NO_VOLUME);
    storage_card_poll();
    expect_text("/sd/x", "x");

    ram_card_eject();
    memset(ram_card_block(0), 0, 512);
    ram_card_insert(false);
    storage_card_poll();
    assert_int_equal(storage_card(), STORAGE_CARD_UNREADABLE);
    assert_int_equal(storage_card_mount(), STORAGE_NO_FILE_SYSTEM);
    uint64_t trips = ram_card.reads;
    storage_card_poll();
    assert_int_equal(ram_card.reads, trips); /* a card is looked at once */
    assert_int_equal(ram_card.writes, 0);
    ram_card.fails = true;
    assert_int_equal(storage_card_mount(), STORAGE_IO);
    ram_card.fails = false;
    assert_int_equal(storage_card_format(STORAGE_FAT_BY_SIZE, NULL), STORAGE_OK);
    assert_int_equal(storage_card(), STORAGE_CARD_MOUNTED); /* it was enabled */
}

static void what_is_open_on_a_card_that_goes_is_lost_and_nothing_else(void **state)
{
    struct storage_file *reader, *writer, *upload, *flash;
    struct storage_dir *dir, *again;
    struct storage_entry entry;
    char byte;
    put_text("/sd/r", "abc");
    assert_int_equal(storage_open(&reader, "/sd/r", STORAGE_READ), STORAGE_OK);
    assert_int_equal(storage_open(&writer, "/sd/w", STORAGE_WRITE | STORAGE_CREATE), STORAGE_OK);
    assert_int_equal(storage_open(&upload, "/sd/u", STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(storage_open(&flash, "/flash/f", STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(storage_opendir(&dir, "/sd"), STORAGE_OK);
    assert_int_equal(storage_read(reader, &byte, 1), 1);
    for (unsigned polled = 0; polled < 3; polled++) {
        if (polled == 0) {
            ram_card_eject();
        } else if (polled == 1) {
            storage_card_poll();
        } else { /* another one, and it is mounted */
            new_card(4 * MIB, STORAGE_FAT_BY_SIZE);
            put_text("/sd/r", "other card");
        }
        assert_int_equal(storage_read(reader, &byte, 1), STORAGE_GONE);
        assert_int_equal(storage_seek(reader, 0, STORAGE_SEEK_SET), STORAGE_GONE);
        assert_int_equal(storage_write(writer, "x", 1), STORAGE_GONE);
        assert_int_equal(storage_truncate(writer, 0), STORAGE_GONE);
        assert_int_equal(storage_sync(upload), STORAGE_GONE);
        assert_int_equal(storage_readdir(dir, &entry), STORAGE_GONE);
        assert_int_equal(storage_write(flash, "x", 1), 1);
    }
    assert_int_equal(storage_close(reader), STORAGE_GONE);
    assert_int_equal(storage_close(writer), STORAGE_GONE);
    storage_abandon(upload);
    storage_closedir(dir);
    assert_int_equal(storage_opendir(&again, "/sd"), STORAGE_OK);
    storage_closedir(again);
    assert_int_equal(storage_close(flash), STORAGE_OK);
    assert_string_equal(listing("/sd"), "r");
    expect_text("/sd/r", "other card");
    assert_int_equal(storage_card_unmount(), STORAGE_OK); /* nothing is left open */
}

static void an_exchange_between_two_polls_is_noticed(void **state)
{
    struct storage_file *file;
    assert_int_equal(storage_open(&file, "/sd/x", STORAGE_REPLACE), STORAGE_OK);
    ram_card_eject();
    ram_card_insert(false); /* the very same card, but who knows */
    assert_int_equal(storage_write(file, "x", 1), STORAGE_GONE);
    assert_int_equal(storage_close(file), STORAGE_GONE);
    assert_int_equal(ram_card.writes, 0);
    storage_card_poll();
    assert_string_equal(listing("/sd"), "");
}

static void what_is_open_keeps_the_card(void **state)
{
    struct storage_file *file;
    struct storage_dir *dir;
    put_text("/sd/x", "x");
    assert_int_equal(storage_open(&file, "/sd/x", STORAGE_READ), STORAGE_OK);
    assert_int_equal(storage_card_unmount(), STORAGE_BUSY);
    assert_int_equal(storage_card_format(STORAGE_FAT16, NULL), STORAGE_BUSY);
    storage_abandon(file);
    assert_int_equal(storage_opendir(&dir, "/sd"), STORAGE_OK);
    assert_int_equal(storage_card_unmount(), STORAGE_BUSY);
    storage_closedir(dir);
    assert_int_equal(storage_format_flash(), STORAGE_OK);
    assert_int_equal(storage_rename("/sd/x", "/flash/x"), STORAGE_CROSS);
    assert_int_equal(storage_rename("/flash/main.py", "/sd/main.py"), STORAGE_CROSS);
    expect_text("/sd/x", "x");
    assert_int_equal(storage_mkdir("/sd"), STORAGE_DENIED);
    assert_int_equal(storage_rmdir("/sd"), STORAGE_DENIED);
    assert_int_equal(storage_card_unmount(), STORAGE_OK);
}

/* ---- write-protected */

static void a_protected_card_is_only_read(void **state)
{
    struct storage_file *file;
    char byte;
    put_text("/sd/x", "x");
    assert_int_equal(storage_mkdir("/sd/d"), STORAGE_OK);
    ram_card_eject();
    ram_card_insert(true);
    storage_card_poll();
    assert_string_equal(listing("/sd"), "d/ x");
    expect_text("/sd/x", "x");
    assert_int_equal(open_result("/sd/x", STORAGE_WRITE), STORAGE_READ_ONLY);
    assert_int_equal(open_result("/sd/x", STORAGE_REPLACE), STORAGE_READ_ONLY);
    assert_int_equal(open_result("/sd/n", STORAGE_WRITE | STORAGE_CREATE), STORAGE_READ_ONLY);
    assert_int_equal(storage_open(&file, "/sd/x", STORAGE_READ), STORAGE_OK);
    assert_int_equal(storage_read(file, &byte, 1), 1);
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_int_equal(storage_mkdir("/sd/n"), STORAGE_READ_ONLY);
    assert_int_equal(storage_remove("/sd/x"), STORAGE_READ_ONLY);
    assert_int_equal(storage_rmdir("/sd/d"), STORAGE_READ_ONLY);
    assert_int_equal(storage_rename("/sd/x", "/sd/y"), STORAGE_READ_ONLY);
    assert_int_equal(storage_set_mtime("/sd/x", 1700000000), STORAGE_READ_ONLY);
    assert_int_equal(storage_card_format(STORAGE_FAT16, NULL), STORAGE_READ_ONLY);
    assert_int_equal(storage_card_unmount(), STORAGE_OK);
    assert_int_equal(ram_card.writes, 0);
}

/* ---- sizes */

static void positions_go_beyond_four_gibibytes(void **state)
{
    static uint8_t data[1 << 20];
    struct storage_file *file;
    struct storage_stat stat;
    char byte;
    new_card(5 * 1024 * MIB, STORAGE_EXFAT);
    assert_int_equal(storage_card(), STORAGE_CARD_MOUNTED);
    assert_int_equal(storage_open(&file, "/sd/big", STORAGE_REPLACE), STORAGE_OK);
    for (unsigned i = 0; i < 4200; i++) {
        data[0] = (uint8_t)i;
        assert_int_equal(storage_write(file, data, sizeof data), sizeof data);
    }
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_int_equal(storage_stat("/sd/big", &stat), STORAGE_OK);
    assert_true(stat.size == 4200ull << 20);
    assert_int_equal(storage_open(&file, "/sd/big", STORAGE_READ), STORAGE_OK);
    assert_true(storage_seek(file, 4150ll << 20, STORAGE_SEEK_SET) == 4150ll << 20);
    assert_int_equal(storage_read(file, &byte, 1), 1);
    assert_int_equal((uint8_t)byte, (uint8_t)4150);
    assert_true(storage_seek(file, -(50ll << 20), STORAGE_SEEK_END) == 4150ll << 20);
    assert_int_equal(storage_close(file), STORAGE_OK);
    assert_int_equal(storage_remove("/sd/big"), STORAGE_OK);
}

static void a_fat_file_ends_before_four_gibibytes(void **state)
{
    struct storage_file *file;
    assert_int_equal(storage_open(&file, "/sd/x", STORAGE_WRITE | STORAGE_CREATE), STORAGE_OK);
    assert_true(storage_seek(file, UINT32_MAX, STORAGE_SEEK_SET) == UINT32_MAX);
    assert_int_equal(storage_seek(file, UINT32_MAX + 1ll, STORAGE_SEEK_SET), STORAGE_INVALID);
    assert_int_equal(storage_write(file, "x", 1), STORAGE_FULL);
    storage_abandon(file);
    assert_int_equal(storage_open(&file, "/sd/x", STORAGE_WRITE), STORAGE_OK);
    assert_int_equal(storage_truncate(file, 1ull << 32), STORAGE_FULL);
    storage_abandon(file);
    assert_int_equal(storage_open(&file, "/sd/x", STORAGE_WRITE), STORAGE_OK);
    assert_int_equal(storage_truncate(file, 1u << 30), STORAGE_GAP); /* zeros without end */
    storage_abandon(file);
    expect_text("/sd/x", "");
}

static unsigned between_calls;

/* What others may do between two blocks of formatting. */
static void between(void)
{
    struct hal_sdcard card;
    between_calls++;
    assert_false(storage_busy());
    storage_card_poll();
    assert_int_equal(storage_card(), STORAGE_CARD_FORMATTING);
    assert_int_equal(stat_of("/sd"), STORAGE_BUSY);
    assert_int_equal(storage_card_mount(), STORAGE_BUSY);
    assert_int_equal(storage_card_unmount(), STORAGE_BUSY);
    assert_int_equal(storage_card_format(STORAGE_FAT16, NULL), STORAGE_BUSY);
    assert_int_equal(stat_of("/flash/main.py"), STORAGE_OK);
    hal_sdcard_look(&card);
    if (between_calls == 3 && card.blocks == 64 * MIB) {
        ram_card_eject();
    }
}

static void formatting_lets_others_run_and_ends_with_the_card(void **state)
{
    ram_card_reset(32 * MIB);
    assert_int_equal(storage_card_format(STORAGE_FAT_BY_SIZE, between), STORAGE_NO_VOLUME);
    ram_card_insert(false);
    between_calls = 0;
    assert_int_equal(storage_card_format(STORAGE_FAT_BY_SIZE, between), STORAGE_OK);
    assert_true(between_calls > 5);
    assert_int_equal(storage_card(), STORAGE_CARD_DISABLED);
    assert_int_equal(storage_card_mount(), STORAGE_OK);
    put_text("/sd/x", "x");

    ram_card_reset(64 * MIB);
    ram_card_insert(false);
    between_calls = 0;
    assert_int_equal(storage_card_format(STORAGE_FAT_BY_SIZE, between), STORAGE_GONE);
    assert_in_range(between_calls, 3, 6);
    assert_int_equal(storage_card(), STORAGE_CARD_ABSENT);
    ram_card_insert(false);
    storage_card_poll();
    assert_int_equal(storage_card(), STORAGE_CARD_UNREADABLE); /* half of it is none */
}

static void every_size_gets_the_file_system_that_cards_have(void **state)
{
    static const struct {
        uint32_t mib;
        enum storage_fat type;
        int result;
        uint8_t partition;
        uint32_t cluster;
    } cards[] = {
        {2, STORAGE_FAT_BY_SIZE, STORAGE_OK, 0x04, 512},
        {64, STORAGE_FAT_BY_SIZE, STORAGE_OK, 0x06, 4096},
        {2048, STORAGE_FAT_BY_SIZE, STORAGE_OK, 0x06, 32768},
        {2049, STORAGE_FAT_BY_SIZE, STORAGE_OK, 0x0c, 16384},
        {32768, STORAGE_FAT_BY_SIZE, STORAGE_OK, 0x0c, 32768},
        {32769, STORAGE_FAT_BY_SIZE, STORAGE_OK, 0x07, 32768},
        {65536, STORAGE_FAT_BY_SIZE, STORAGE_OK, 0x07, 131072},
        {2, STORAGE_FAT16, STORAGE_INVALID, 0, 0},
        {4, STORAGE_FAT16, STORAGE_OK, 0x04, 512},
        {8192, STORAGE_FAT16, STORAGE_INVALID, 0, 0},
        {16, STORAGE_FAT32, STORAGE_INVALID, 0, 0},
        {64, STORAGE_FAT32, STORAGE_OK, 0x0c, 512},
        {2, STORAGE_EXFAT, STORAGE_INVALID, 0, 0},
        {4, STORAGE_EXFAT, STORAGE_OK, 0x07, 4096},
    };
    for (unsigned i = 0; i < sizeof cards / sizeof cards[0]; i++) {
        struct storage_volume volume;
        ram_card_reset(cards[i].mib * MIB);
        ram_card_insert(false);
        memset(ram_card_block(0), 0x5a, 512);
        assert_int_equal(storage_card_format(cards[i].type, NULL), cards[i].result);
        if (cards[i].result != STORAGE_OK) {
            assert_int_equal(ram_card.writes, 0);
            continue;
        }
        assert_int_equal(ram_card_block(0)[450], cards[i].partition);
        assert_int_equal(storage_card_mount(), STORAGE_OK);
        assert_int_equal(storage_volume("/sd", &volume), STORAGE_OK);
        assert_int_equal(volume.block_size, cards[i].cluster);
        assert_in_range((uint64_t)volume.blocks * volume.block_size, cards[i].mib * 900000ull,
                        cards[i].mib * 1048576ull);
        put_text("/sd/x", "x");
        expect_text("/sd/x", "x");
        assert_int_equal(storage_card_unmount(), STORAGE_OK);
    }
}

int main(void)
{
#define TEST(name)      cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_CARD(name) cmocka_unit_test_setup_teardown(name, set_up_card, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(there_is_no_sd_until_it_is_enabled),
        TEST_CARD(an_enabled_slot_follows_the_cards),
        TEST_CARD(what_is_open_on_a_card_that_goes_is_lost_and_nothing_else),
        TEST_CARD(an_exchange_between_two_polls_is_noticed),
        TEST_CARD(what_is_open_keeps_the_card),
        TEST_CARD(a_protected_card_is_only_read),
        TEST_CARD(positions_go_beyond_four_gibibytes),
        TEST_CARD(a_fat_file_ends_before_four_gibibytes),
        TEST(formatting_lets_others_run_and_ends_with_the_card),
        TEST(every_size_gets_the_file_system_that_cards_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

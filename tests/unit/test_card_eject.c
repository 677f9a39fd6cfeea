/* The card is pulled out at every single trip of a piece of work. Afterwards it mounts again, what
 * was closed is whole, and a PC's fsck would find lost clusters and nothing worse. */
#include "tests/powerloss/fat_check.h"
#include "tests/powerloss/ram_card.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/storage_tools.h"

#define MIB 2048u /* blocks */

static const struct kind {
    const char *name;
    uint32_t mib;
    enum storage_fat type;
    bool two_tables; /* as PCs make it */
} kinds[] = {
    {"FAT12", 2, STORAGE_FAT_BY_SIZE, false},
    {"FAT16", 16, STORAGE_FAT16, false},
    {"FAT16 with two tables", 16, STORAGE_FAT16, true},
    {"FAT32", 64, STORAGE_FAT32, false},
    {"exFAT", 16, STORAGE_EXFAT, false},
};
static const struct kind *kind;

/* Behind the last table there is room enough, when the folders of an empty card move into the first
 * clusters, which the volume then has not got. */
static void add_second_table(void)
{
    uint8_t *boot = ram_card_block(64);
    uint32_t table_blocks = boot[22] | (uint32_t)boot[23] << 8;
    uint32_t blocks = boot[19] | (uint32_t)boot[20] << 8;
    memcpy(ram_card_block(64 + 1 + table_blocks), ram_card_block(64 + 1), 512);
    boot[16] = 2;
    assert_true(blocks > 4 * table_blocks);
}

/* Fill so many of the 16 records of exFAT that a block has room for: the next name's lie across two
 * blocks. */
static void put_records(const char *folder, unsigned records)
{
    char path[64];
    while (records > 0) {
        unsigned now = records % 3 == 0 ? 3 : 4; /* two, and one for 15 letters */
        snprintf(path, sizeof path, "%s/%s%02u", folder,
                 now == 3 ? "filler" : "another long filler", records);
        put_text(path, "");
        records -= now;
    }
}

static void make_card(void)
{
    ram_chip_reset();
    assert_int_equal(storage_init(), STORAGE_FLASH_FORMATTED);
    ram_card_reset(kind->mib * MIB);
    ram_card_insert(false);
    assert_int_equal(storage_card_format(kind->type, NULL), STORAGE_OK);
    if (kind->two_tables) {
        add_second_table();
    }
    assert_int_equal(storage_card_mount(), STORAGE_OK);
    put_records("/sd", 14 - 3); /* behind the card's own three */
    put_text("/sd/old", "old");
    put_records("/sd", 12);
    put_text("/sd/Another file with a long name", "keep me");
    assert_int_equal(storage_mkdir("/sd/folder"), STORAGE_OK);
    put_records("/sd/folder", 14);
    assert_int_equal(storage_card_unmount(), STORAGE_OK);
    ram_card_keep();
}

/* ---- the work: each step is done, or the card had gone */

enum { REPLACED, LOGGED, LOGGED_MORE, MADE, MOVED, REMOVED, EMPTIED, STEPS };

static uint8_t data[9000], more[5000];
static bool done[STEPS];

static bool write_file(const char *path, unsigned mode, const void *what, uint32_t size)
{
    struct storage_file *file;
    if (storage_open(&file, path, mode) != STORAGE_OK) {
        return false;
    }
    bool written = storage_write(file, what, size) == (int32_t)size;
    return storage_close(file) == STORAGE_OK && written;
}

static void work(void)
{
    struct storage_file *file;
    bool log = false;
    memset(done, 0, sizeof done);
    done[REPLACED] = write_file("/sd/old", STORAGE_REPLACE, data, sizeof data);
    if (storage_open(&file, "/sd/folder/A log of the day", STORAGE_WRITE | STORAGE_CREATE) ==
        STORAGE_OK) {
        log = storage_write(file, more, sizeof more) == sizeof more &&
              storage_sync(file) == STORAGE_OK;
        done[LOGGED] = log;
        for (unsigned i = 0; i < 3; i++) {
            log = storage_write(file, more, 1500) == 1500 && log;
        }
        done[LOGGED_MORE] = storage_close(file) == STORAGE_OK && log;
    }
    done[MADE] = storage_mkdir("/sd/folder/Another folder") == STORAGE_OK;
    done[MOVED] = storage_rename("/sd/folder/A log of the day", "/sd/folder/log") == STORAGE_OK;
    done[REMOVED] = storage_remove("/sd/Another file with a long name") == STORAGE_OK;
    if (storage_open(&file, "/sd/old", STORAGE_WRITE) == STORAGE_OK) {
        bool cut = storage_truncate(file, 700) == STORAGE_OK;
        done[EMPTIED] = storage_close(file) == STORAGE_OK && cut;
    }
}

/* ---- and what must be there afterwards */

static int32_t contents(const char *path, uint8_t *to, uint32_t room)
{
    struct storage_file *file;
    int result = storage_open(&file, path, STORAGE_READ);
    if (result != STORAGE_OK) {
        return result;
    }
    int32_t size = storage_read(file, to, room);
    assert_int_equal(storage_close(file), STORAGE_OK);
    return size;
}

static void check_old(void)
{
    uint8_t now[sizeof data + 1];
    int32_t size = contents("/sd/old", now, sizeof now);
    bool is_old = size == 3 && memcmp(now, "old", 3) == 0;
    bool is_new = size == sizeof data && memcmp(now, data, sizeof data) == 0;
    bool is_cut = size == 700 && memcmp(now, data, 700) == 0;
    assert_true(is_cut || (!done[EMPTIED] && (is_new || (!done[REPLACED] && is_old))));
}

static void check_log(void)
{
    uint8_t now[sizeof more + 5000];
    int32_t size = contents("/sd/folder/log", now, sizeof now);
    if (size < 0) {
        assert_false(done[MOVED]);
        size = contents("/sd/folder/A log of the day", now, sizeof now);
    }
    if (done[LOGGED]) {
        assert_true(size >= (int32_t)sizeof more);
        assert_memory_equal(now, more, sizeof more);
    }
    if (done[LOGGED_MORE]) {
        assert_int_equal(size, sizeof more + 4500);
        assert_memory_equal(now + sizeof more + 3000, more, 1500);
    }
}

static void check_card(void)
{
    struct fat_check found;
    assert_true(fat_check(&found));
    assert_int_equal(found.broken, 0);
    assert_int_equal(found.entries, 0);
    /* In the midst of a move a file has both names. */
    assert_int_equal(found.shared, !done[MOVED] && stat_of("/sd/folder/log") == STORAGE_OK &&
                                       stat_of("/sd/folder/A log of the day") == STORAGE_OK);
    check_old();
    check_log();
    if (done[MADE]) {
        assert_int_equal(stat_of("/sd/folder/Another folder"), STORAGE_OK);
    }
    int kept = stat_of("/sd/Another file with a long name");
    assert_true(kept == STORAGE_OK || kept == STORAGE_NOT_FOUND);
    assert_true(kept == STORAGE_NOT_FOUND || !done[REMOVED]);
}

static void whenever_the_card_goes_it_stays_sound(void **state)
{
    for (kind = kinds; kind < kinds + sizeof kinds / sizeof kinds[0]; kind++) {
        make_card();
        bool whole = false;
        unsigned trips = 0;
        for (unsigned trip = 1; !whole; trip++) {
            ram_card_restore();
            ram_card_insert(false);
            storage_card_unmount();
            assert_int_equal(storage_card_mount(), STORAGE_OK);
            ram_card.reads = ram_card.writes = 0;
            ram_card.gone_at = trip;
            work();
            whole = ram_card.reads + ram_card.writes < trip;
            trips = trip - 1;
            ram_card.gone_at = 0;
            ram_card_eject();
            storage_card_poll();
            assert_string_equal(listing("/"), "flash/");

            ram_card_insert(false);
            storage_card_poll();
            assert_int_equal(storage_card(), STORAGE_CARD_MOUNTED);
            check_card();
            /* And it goes on. */
            assert_true(write_file("/sd/next", STORAGE_REPLACE, data, sizeof data));
            assert_int_equal(storage_card_unmount(), STORAGE_OK);
        }
        for (unsigned i = 0; i < STEPS; i++) {
            assert_true(done[i]);
        }
        struct fat_check found;
        assert_true(fat_check(&found));
        assert_int_equal(found.lost + found.longer, 0);
        assert_false(found.tables_differ || found.free_differs);
        print_message("%s: pulled out at each of %u trips\n", kind->name, trips);
    }
    ram_card_reset(0);
}

/* A file has both names when the card goes in the midst: better than none. Doing it again ends it.
 */
static void a_move_that_the_card_interrupted_can_be_repeated(void **state)
{
    for (kind = kinds; kind < kinds + sizeof kinds / sizeof kinds[0]; kind++) {
        make_card();
        assert_int_equal(storage_card_mount(), STORAGE_OK);
        assert_true(write_file("/sd/folder/x", STORAGE_REPLACE, data, sizeof data));
        assert_int_equal(storage_card_unmount(), STORAGE_OK);
        ram_card_keep();
        int moved = STORAGE_GONE;
        unsigned twice = 0;
        for (unsigned trip = 1; moved != STORAGE_OK; trip++) {
            uint8_t now[sizeof data + 1];
            struct fat_check found;
            ram_card_restore();
            ram_card_insert(false);
            storage_card_unmount();
            assert_int_equal(storage_card_mount(), STORAGE_OK);
            ram_card.reads = ram_card.writes = 0;
            ram_card.gone_at = trip;
            moved = storage_rename("/sd/folder/x", "/sd/y");
            ram_card.gone_at = 0;
            ram_card_eject();
            storage_card_poll();
            ram_card_insert(false);
            storage_card_poll();
            if (stat_of("/sd/folder/x") == STORAGE_OK) {
                twice += stat_of("/sd/y") == STORAGE_OK;
                assert_int_equal(storage_rename("/sd/folder/x", "/sd/y"), STORAGE_OK);
            }
            assert_int_equal(stat_of("/sd/folder/x"), STORAGE_NOT_FOUND);
            assert_int_equal(contents("/sd/y", now, sizeof now), sizeof data);
            assert_memory_equal(now, data, sizeof data);
            assert_int_equal(storage_card_unmount(), STORAGE_OK);
            assert_true(fat_check(&found));
            assert_int_equal(found.shared + found.broken + found.entries + found.lost, 0);
        }
        assert_true(twice > 0);
    }
    ram_card_reset(0);
}

int main(void)
{
    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + 1);
    }
    for (unsigned i = 0; i < sizeof more; i++) {
        more[i] = (uint8_t)(i * 11 + 3);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whenever_the_card_goes_it_stays_sound),
        cmocka_unit_test(a_move_that_the_card_interrupted_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

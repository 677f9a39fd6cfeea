/* A card comes from anywhere: whatever it holds there are errors, but no crash, no loop without
 * end, and no write where nothing was asked for. */
#include "storage/card_disk.h"
#include "tests/powerloss/ram_card.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/storage_tools.h"

#define MIB   2048u /* blocks */
#define FIRST 64u   /* the partition's boot block */

static const struct kind {
    const char *name;
    uint32_t mib;
    enum storage_fat type;
} kinds[] = {
    {"FAT12", 2, STORAGE_FAT_BY_SIZE},
    {"FAT16", 16, STORAGE_FAT16},
    {"FAT32", 48, STORAGE_FAT32},
    {"exFAT", 8, STORAGE_EXFAT},
};

static uint32_t random_state = 1;
static uint32_t random_below(uint32_t end)
{
    return ram_chip_random(&random_state) % end;
}

static void make_card(const struct kind *kind)
{
    static uint8_t data[20000];
    char path[64];
    ram_chip_reset();
    assert_int_equal(storage_init(), STORAGE_FLASH_FORMATTED);
    ram_card_reset(kind->mib * MIB);
    ram_card_insert(false);
    assert_int_equal(storage_card_format(kind->type, NULL), STORAGE_OK);
    assert_int_equal(storage_card_mount(), STORAGE_OK);
    assert_int_equal(storage_mkdir("/sd/sub"), STORAGE_OK);
    assert_int_equal(storage_mkdir("/sd/sub/Another folder"), STORAGE_OK);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(path, sizeof path, "/sd/sub/A file with a number %u", i);
        put(path, data, i * 300);
    }
    put("/sd/big", data, sizeof data);
    put_text("/sd/sub/Another folder/f", "f");
    put_text("/sd/x", "x");
    assert_int_equal(storage_card_unmount(), STORAGE_OK);
    ram_card_keep();
}

/* No call takes more trips than it may, besides those for the data: card_disk.h. */
static void check_trips(void)
{
    assert_true(ram_card.largest_burst <= CARD_DISK_BUDGET + 1000);
    assert_false(storage_busy());
}

static void use_everything(void)
{
    static uint8_t data[5000];
    struct storage_file *file;
    struct storage_volume volume;
    ram_card.burst = ram_card.largest_burst = 0;
    for (unsigned i = 0; i < 20; i++) {
        storage_card_poll();
        ram_card.burst = 0;
    }
    walk("/sd", 0);
    ram_card.burst = 0;
    storage_volume("/sd", &volume);
    storage_mkdir("/sd/new");
    ram_card.burst = 0;
    storage_rename("/sd/sub/A file with a number 3", "/sd/new/moved");
    storage_rename("/sd/sub/Another folder", "/sd/new/folder");
    storage_remove("/sd/sub/A file with a number 7");
    storage_rmdir("/sd/sub/Another folder");
    ram_card.burst = 0;
    if (storage_open(&file, "/sd/big", STORAGE_READ | STORAGE_WRITE) == STORAGE_OK) {
        storage_seek(file, 15000, STORAGE_SEEK_SET);
        storage_write(file, data, sizeof data);
        ram_card.burst = 0;
        storage_seek(file, -1, STORAGE_SEEK_END);
        storage_read(file, data, 10);
        ram_card.burst = 0;
        storage_write(file, data, 2000);
        ram_card.burst = 0;
        storage_truncate(file, 1000);
        storage_close(file);
    }
    ram_card.burst = 0;
    if (storage_open(&file, "/sd/sub/A file with a number 9", STORAGE_REPLACE) == STORAGE_OK) {
        storage_write(file, data, sizeof data);
        storage_close(file);
    }
    storage_remove("/sd/big");
    ram_card.burst = 0;
    walk("/sd", 0);
}

/* Mount what is there, use it, and take it out. */
static bool try_card(void)
{
    ram_card_insert(false);
    ram_card.burst = ram_card.largest_burst = 0;
    storage_card_unmount();
    bool mounted = storage_card_mount() == STORAGE_OK;
    assert_int_equal(ram_card.writes, 0);
    if (mounted) {
        use_everything();
    }
    check_trips();
    storage_card_unmount();
    ram_card_eject();
    storage_card_poll();
    return mounted;
}

/* ---- damage at random, in the blocks that hold something */

static void put_number(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/* Give exFAT's sets of entries their sums, or FatFs looks no further. */
static void correct_sums(uint8_t *block)
{
    for (unsigned at = 0; at < 512; at += 32) {
        unsigned bytes = (block[at + 1] + 1u) * 32;
        uint16_t sum = 0;
        if (block[at] != 0x85 || at + bytes > 512) {
            continue;
        }
        for (unsigned i = 0; i < bytes; i++) {
            if (i != 2 && i != 3) {
                sum = (uint16_t)((sum & 1 ? 0x8000 : 0) + (sum >> 1) + block[at + i]);
            }
        }
        put_number(block + at + 2, sum, 2);
    }
}

static bool is_empty(const uint8_t *block)
{
    return block == NULL || (block[0] == 0 && memcmp(block, block + 1, 511) == 0);
}

static void damage_anywhere_is_survived(void **state)
{
    for (const struct kind *kind = kinds; kind < kinds + 4; kind++) {
        static uint32_t used[20000];
        unsigned count = 0, mounted = 0;
        make_card(kind);
        for (uint32_t block = 0; block < kind->mib * MIB && count < 20000; block++) {
            if (!is_empty(ram_card_peek(block))) {
                used[count++] = block;
            }
        }
        for (unsigned round = 0; round < 250; round++) {
            random_state = round + 1;
            ram_card_restore();
            for (unsigned hits = random_below(6) + 1; hits > 0; hits--) {
                uint8_t *block = ram_card_block(used[random_below(count)]);
                uint32_t at = random_below(512), length = random_below(round % 2 ? 4 : 200) + 1;
                for (uint32_t i = at; i < at + length && i < 512; i++) {
                    block[i] = round % 3 ? (uint8_t)random_below(256) : block[i] ^ 1;
                }
                correct_sums(block);
            }
            mounted += try_card();
        }
        assert_true(mounted > 100);
    }
    ram_card_reset(0);
}

/* What a boot block says decides where everything is. */
static void boot_blocks_that_lie_are_survived(void **state)
{
    static const uint64_t lies[] = {0,      1,          2,          0x7f,      0xff,
                                    0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
    for (const struct kind *kind = kinds; kind < kinds + 4; kind++) {
        make_card(kind);
        for (unsigned at = 0; at < 120; at++) {
            for (unsigned i = 0; i < sizeof lies / sizeof lies[0]; i++) {
                ram_card_restore();
                put_number(ram_card_block(FIRST) + at, lies[i], i < 5 ? 1 : i < 6 ? 2 : 4);
                ram_card_insert(false);
                ram_card.burst = ram_card.largest_burst = 0;
                storage_card_unmount();
                if (storage_card_mount() == STORAGE_OK && (at + i) % 8 == 0) {
                    use_everything();
                }
                check_trips();
                ram_card_eject();
                storage_card_poll();
            }
        }
    }
    ram_card_reset(0);
}

/* ---- damage on purpose */

static uint8_t *entry_of(const char *short_name, uint32_t blocks)
{
    for (uint32_t block = FIRST + 1; block < blocks; block++) {
        uint8_t *data = ram_card_peek(block);
        for (unsigned i = 0; data != NULL && i < 512; i += 32) {
            if (memcmp(data + i, short_name, 11) == 0) {
                return data + i;
            }
        }
    }
    return NULL;
}

static void chains_in_circles_end(void **state)
{
    const struct kind *kind = &kinds[1];
    make_card(kind);
    uint8_t *folder = entry_of("SUB        ", kind->mib * MIB);
    uint8_t *file = entry_of("BIG        ", kind->mib * MIB);
    assert_non_null(folder);
    assert_non_null(file);
    const uint8_t *boot = ram_card_block(FIRST);
    uint8_t *table = ram_card_block(FIRST + (boot[14] | (uint32_t)boot[15] << 8));
    uint32_t sub = folder[26] | (uint32_t)folder[27] << 8;
    uint32_t big = file[26] | (uint32_t)file[27] << 8;
    assert_true(sub < 256 && big + 1 < 256);
    put_number(table + 2 * sub, sub, 2);
    put_number(table + 2 * (big + 1), big, 2);
    put_number(file + 28, 15u << 20, 4); /* as large as the card could take */
    assert_true(try_card());

    /* Larger than the card: such a file is not opened. */
    ram_card_restore();
    put_number(entry_of("BIG        ", kind->mib * MIB) + 28, UINT32_MAX, 4);
    ram_card_insert(false);
    storage_card_poll();
    storage_card_mount();
    assert_int_equal(open_result("/sd/big", STORAGE_READ), STORAGE_IO);
    assert_int_equal(open_result("/sd/x", STORAGE_READ), STORAGE_OK);
    storage_card_unmount();
    ram_card_reset(0);
}

/* A name of a folder's entry may hold anything; what is listed can be opened, and stays in its
 * folder. */
static void names_that_no_path_has_are_not_listed(void **state)
{
    const struct kind *kind = &kinds[1];
    make_card(kind);
    uint8_t *entry = entry_of("X          ", kind->mib * MIB);
    static const char *const names[] = {"../EVIL    ", "A\nB        ", "A*         ",
                                        "\x01          "};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        memcpy(entry, names[i], 11);
        ram_card_insert(false);
        storage_card_poll();
        storage_card_mount();
        assert_string_equal(listing("/sd"), "big sub/");
        storage_card_unmount();
    }
    ram_card_reset(0);
}

static void a_bad_block_costs_what_lies_in_it(void **state)
{
    make_card(&kinds[1]);
    ram_card_insert(false);
    storage_card_poll();
    storage_card_mount();
    static uint8_t data[20000];
    struct storage_file *file;
    assert_int_equal(storage_open(&file, "/sd/big", STORAGE_READ), STORAGE_OK);
    ram_card.bad = true;
    const uint8_t *entry = entry_of("BIG        ", 16 * MIB);
    const uint8_t *boot = ram_card_block(FIRST);
    uint32_t table_blocks = boot[22] | (uint32_t)boot[23] << 8;
    uint32_t cluster = entry[26] | (uint32_t)entry[27] << 8;
    ram_card.bad_block = FIRST + 1 + table_blocks + 32 + (cluster - 2) * boot[13] + 3;
    assert_int_equal(storage_read(file, data, 1000), 1000);
    assert_int_equal(storage_read(file, data, sizeof data), STORAGE_IO);
    assert_int_equal(storage_close(file), STORAGE_OK);
    expect_text("/sd/x", "x");
    storage_card_unmount();
    ram_card_reset(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_anywhere_is_survived),
        cmocka_unit_test(boot_blocks_that_lie_are_survived),
        cmocka_unit_test(chains_in_circles_end),
        cmocka_unit_test(names_that_no_path_has_are_not_listed),
        cmocka_unit_test(a_bad_block_costs_what_lies_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

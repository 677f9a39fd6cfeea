/* What an FTP upload leaves in /flash (net/ftp/ftp_storage.h): when it is given up, when the flash
 * is full, and when the power goes at any moment of it.
 */
#include "net/ftp/ftp_storage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/flash_map.h"
#include "tests/powerloss/ram_card.h"
#include "tests/powerloss/ram_chip.h"

#define PIECE 4096u /* as FTP_BUFFER_SIZE */
#define NEW   300000u
#define OLD   150000u

static uint8_t old_data[OLD], new_data[NEW * 4], got[NEW * 4];

static int set_up(void **state)
{
    ram_chip_reset();
    for (uint32_t i = 0; i < sizeof new_data; i++) {
        new_data[i] = (uint8_t)(i * 7 + i / 251);
    }
    memset(old_data, 'o', sizeof old_data);
    return storage_init() == STORAGE_FLASH_FORMATTED ? 0 : -1;
}

static int tear_down(void **state)
{
    ram_chip_reset();
    return 0;
}

static struct ftp_file *open_store(const char *path, enum ftp_store how, uint64_t offset)
{
    struct ftp_file *file;
    assert_int_equal(ftp_storage_open_store(&file, path, how, offset), STORAGE_OK);
    return file;
}

/* The first error, or 0. */
static int send(struct ftp_file *file, const uint8_t *data, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += PIECE) {
        uint32_t part = size - at < PIECE ? size - at : PIECE;
        int32_t result = ftp_storage_write(file, data + at, part);
        if (result < 0) {
            return (int)result;
        }
        assert_int_equal(result, part);
    }
    return STORAGE_OK;
}

static void put(const char *path, const uint8_t *data, uint32_t size)
{
    struct ftp_file *file = open_store(path, FTP_STORE_WHOLE, 0);
    assert_int_equal(send(file, data, size), STORAGE_OK);
    assert_int_equal(ftp_storage_commit(file), STORAGE_OK);
}

/* Size of the file, -1: there is none. Its contents are in `got`. */
static int32_t get(const char *path)
{
    struct ftp_file *file;
    if (ftp_storage_open_read(&file, path, 0) != STORAGE_OK) {
        return -1;
    }
    int32_t size = ftp_storage_read(file, got, sizeof got);
    ftp_storage_abandon(file);
    return size;
}

static void assert_file(const char *path, const uint8_t *data, uint32_t size)
{
    assert_int_equal(get(path), size);
    assert_memory_equal(got, data, size);
}

/* ---- given up */

static void test_a_new_name_keeps_what_came(void **state)
{
    struct ftp_file *file = open_store("/flash/new", FTP_STORE_WHOLE, 0);
    assert_int_equal(send(file, new_data, 10 * PIECE), STORAGE_OK);
    ftp_storage_abandon(file);
    assert_file("/flash/new", new_data, 10 * PIECE);

    /* ... and the client goes on */
    file = open_store("/flash/new", FTP_STORE_FROM, 10 * PIECE);
    assert_int_equal(send(file, new_data + 10 * PIECE, 10 * PIECE), STORAGE_OK);
    ftp_storage_abandon(file);
    assert_file("/flash/new", new_data, 20 * PIECE);
    file = open_store("/flash/new", FTP_STORE_APPEND, 0);
    assert_int_equal(send(file, new_data + 20 * PIECE, 100), STORAGE_OK);
    assert_int_equal(ftp_storage_commit(file), STORAGE_OK);
    assert_file("/flash/new", new_data, 20 * PIECE + 100);
}

static void test_a_new_name_without_data_vanishes(void **state)
{
    for (int how = 0; how < 2; how++) {
        struct ftp_file *file =
            open_store("/flash/new", how ? FTP_STORE_APPEND : FTP_STORE_WHOLE, 0);
        ftp_storage_abandon(file);
        assert_int_equal(get("/flash/new"), -1);
    }
    struct ftp_file *file = open_store("/flash/new", FTP_STORE_WHOLE, 0);
    assert_int_equal(ftp_storage_commit(file), STORAGE_OK);
    assert_int_equal(get("/flash/new"), 0);
}

/* Another card takes the place of the one that the store began on. */
static void test_another_card_keeps_its_file(void **state)
{
    ram_card_reset(32768);
    ram_card_insert(false);
    assert_int_equal(storage_card_format(STORAGE_FAT_BY_SIZE, NULL), STORAGE_OK);
    assert_int_equal(storage_card_mount(), STORAGE_OK);
    put("/sd/f", old_data, OLD);
    ram_card_keep();
    enum { COMMIT, NOTHING_CAME, WRITE_FAILED, ENDS };
    for (int end = 0; end < ENDS; end++) {
        assert_int_equal(storage_remove("/sd/f"), STORAGE_OK);
        struct ftp_file *file = open_store("/sd/f", FTP_STORE_WHOLE, 0);
        ram_card_eject();
        storage_card_poll();
        ram_card_restore();
        ram_card_insert(false);
        storage_card_poll();
        if (end == WRITE_FAILED) {
            assert_int_equal(send(file, new_data, PIECE), STORAGE_GONE);
        }
        if (end == COMMIT) {
            assert_int_equal(ftp_storage_commit(file), STORAGE_GONE);
        } else {
            ftp_storage_abandon(file);
        }
        assert_file("/sd/f", old_data, OLD);
    }
    assert_int_equal(storage_card_unmount(), STORAGE_OK);
}

static void test_an_existing_file_stays_until_the_end(void **state)
{
    put("/flash/f", old_data, OLD);
    struct ftp_file *file = open_store("/flash/f", FTP_STORE_WHOLE, 0);
    assert_int_equal(send(file, new_data, NEW), STORAGE_OK);
    ftp_storage_abandon(file);
    assert_file("/flash/f", old_data, OLD);
    put("/flash/f", new_data, NEW);
    assert_file("/flash/f", new_data, NEW);
}

static void test_rest(void **state)
{
    struct ftp_file *file;
    put("/flash/f", old_data, OLD);
    assert_int_equal(ftp_storage_open_store(&file, "/flash/f", FTP_STORE_FROM, OLD + 1),
                     FTP_FILES_BEYOND);
    assert_int_equal(ftp_storage_open_store(&file, "/flash/new", FTP_STORE_FROM, 1),
                     FTP_FILES_BEYOND);
    assert_int_equal(ftp_storage_open_read(&file, "/flash/f", OLD + 1), FTP_FILES_BEYOND);
    assert_int_equal(ftp_storage_open_read(&file, "/flash/f", UINT64_MAX), FTP_FILES_BEYOND);

    /* Nothing comes: nothing changes. */
    ftp_storage_abandon(open_store("/flash/f", FTP_STORE_FROM, 1000));
    assert_file("/flash/f", old_data, OLD);

    /* Nothing behind the end of the upload stays, whether it comes to an end or not. */
    file = open_store("/flash/f", FTP_STORE_FROM, 100000);
    assert_int_equal(send(file, new_data, 10000), STORAGE_OK);
    ftp_storage_abandon(file);
    assert_int_equal(get("/flash/f"), 110000);
    assert_memory_equal(got, old_data, 100000);
    assert_memory_equal(got + 100000, new_data, 10000);
    file = open_store("/flash/f", FTP_STORE_FROM, 1000);
    assert_int_equal(send(file, new_data, 500), STORAGE_OK);
    assert_int_equal(ftp_storage_commit(file), STORAGE_OK);
    assert_int_equal(get("/flash/f"), 1500);
    file = open_store("/flash/f", FTP_STORE_FROM, 700);
    assert_int_equal(ftp_storage_commit(file), STORAGE_OK);
    assert_file("/flash/f", old_data, 700);

    assert_int_equal(ftp_storage_open_read(&file, "/flash/f", 699), STORAGE_OK);
    assert_int_equal(ftp_storage_read(file, got, sizeof got), 1);
    ftp_storage_abandon(file);
    assert_int_equal(ftp_storage_open_read(&file, "/flash/f", 700), STORAGE_OK);
    assert_int_equal(ftp_storage_read(file, got, sizeof got), 0);
    ftp_storage_abandon(file);
}

static void test_what_cannot_be_opened(void **state)
{
    static const enum ftp_store hows[] = {FTP_STORE_WHOLE, FTP_STORE_FROM, FTP_STORE_APPEND};
    struct ftp_file *file, *other;
    put("/flash/f", old_data, OLD);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t offset = hows[i] == FTP_STORE_FROM ? 1 : 0;
        assert_int_equal(ftp_storage_open_store(&file, "/flash/lib", hows[i], offset),
                         STORAGE_IS_DIR);
        assert_int_equal(ftp_storage_open_store(&file, "/flash/f/x", hows[i], offset),
                         STORAGE_NOT_DIR);
        assert_int_equal(ftp_storage_open_store(&file, "/", hows[i], offset), STORAGE_IS_DIR);
        assert_int_not_equal(ftp_storage_open_store(&file, "/flash/no/x", hows[i], offset),
                             STORAGE_OK);
        other = open_store("/flash/new", FTP_STORE_WHOLE, 0);
        assert_int_equal(ftp_storage_open_store(&file, "/flash/new", hows[i], 0), STORAGE_BUSY);
        ftp_storage_abandon(other);
    }
    /* However often that was, as many as there are sessions can be open. */
    ram_chip.fails = true;
    for (unsigned i = 0; i < FTP_STORAGE_FILES; i++) {
        assert_int_not_equal(ftp_storage_open_store(&file, "/flash/f", FTP_STORE_WHOLE, 0),
                             STORAGE_OK);
    }
    ram_chip.fails = false;
    struct ftp_file *all[FTP_STORAGE_FILES];
    for (unsigned i = 0; i < FTP_STORAGE_FILES; i++) {
        assert_int_equal(ftp_storage_open_read(&all[i], "/flash/f", 0), STORAGE_OK);
    }
    assert_int_equal(ftp_storage_open_read(&file, "/flash/f", 0), STORAGE_TOO_MANY);
    for (unsigned i = 0; i < FTP_STORAGE_FILES; i++) {
        ftp_storage_abandon(all[i]);
    }
    assert_int_equal(get("/flash/f"), OLD);
}

/* ---- full */

static void fill_up(uint32_t leave)
{
    struct storage_volume volume;
    char name[] = "/flash/filler 0";
    do {
        put(name, new_data, 200000);
        name[sizeof name - 2]++;
        assert_int_equal(storage_volume("/flash", &volume), STORAGE_OK);
    } while (volume.free_blocks * volume.block_size > leave);
}

static void test_what_does_not_fit(void **state)
{
    put("/flash/f", old_data, OLD);
    assert_true(ftp_storage_room("/flash/lib") > NEW);
    fill_up(250000);
    assert_true(ftp_storage_room("/flash") <= 250000);
    assert_int_equal(ftp_storage_room("/"), ftp_storage_room("/flash"));
    assert_true(ftp_storage_room("/sd") == UINT64_MAX);
    struct ftp_file *file = open_store("/flash/new", FTP_STORE_WHOLE, 0);
    assert_int_equal(send(file, new_data, NEW), STORAGE_FULL);
    ftp_storage_abandon(file);
    assert_int_equal(get("/flash/new"), -1);

    /* Both must fit: the old one is there until the new one is complete. */
    file = open_store("/flash/f", FTP_STORE_WHOLE, 0);
    assert_int_equal(send(file, new_data, NEW), FTP_FILES_BESIDE);
    ftp_storage_abandon(file);
    assert_file("/flash/f", old_data, OLD);

    /* What was there stays, and what was synced behind it. */
    file = open_store("/flash/f", FTP_STORE_APPEND, 0);
    assert_int_equal(send(file, new_data, NEW), STORAGE_FULL);
    ftp_storage_abandon(file);
    int32_t size = get("/flash/f");
    assert_true(size >= (int32_t)OLD && size < (int32_t)(OLD + NEW));
    assert_int_equal((uint32_t)(size - (int32_t)OLD) % FTP_STORAGE_SYNC_BYTES, 0);
    assert_memory_equal(got, old_data, OLD);
    assert_memory_equal(got + OLD, new_data, (uint32_t)size - OLD);
}

/* A full volume has no room for another name, either, and says so. */
static void test_no_room_for_a_name(void **state)
{
    char name[] = "/flash/000", beside[100];
    int result = STORAGE_OK;
    put("/flash/lib/kept", new_data, PIECE);
    fill_up(250000);
    struct ftp_file *file = open_store("/flash/rest", FTP_STORE_WHOLE, 0);
    while (ftp_storage_room("/flash") > 0) {
        assert_int_equal(send(file, new_data, PIECE), STORAGE_OK);
    }
    assert_int_equal(ftp_storage_commit(file), STORAGE_OK);
    for (int i = 0; i < 1000 && result == STORAGE_OK; i++) {
        name[7] = (char)('0' + i / 100);
        name[8] = (char)('0' + i / 10 % 10);
        name[9] = (char)('0' + i % 10);
        result = ftp_storage_open_store(&file, name, FTP_STORE_WHOLE, 0);
        result = result == STORAGE_OK ? ftp_storage_commit(file) : result;
    }
    assert_int_equal(result, STORAGE_FULL);
    assert_int_equal(storage_mkdir("/flash/lib/folder"), STORAGE_FULL);
    memset(beside, 'x', sizeof beside - 1);
    memcpy(beside, name, strlen(name));
    beside[sizeof beside - 1] = '\0';
    assert_int_equal(storage_rename("/flash/lib/kept", beside), STORAGE_FULL);

    /* ... and nothing comes of it later. */
    assert_int_equal(storage_remove("/flash/rest"), STORAGE_OK);
    put(name, old_data, PIECE);
    assert_file("/flash/lib/kept", new_data, PIECE);
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    assert_file("/flash/lib/kept", new_data, PIECE);
    assert_file(name, old_data, PIECE);
}

/* ---- power cuts */

static uint64_t commands_before;
static struct ftp_file *slow;
static uint32_t sent; /* bytes that were taken before the power went */

static void store_slowly(enum ftp_store how, uint64_t offset)
{
    slow = open_store("/flash/f", how, offset);
    for (sent = 0; sent < NEW; sent += PIECE) {
        uint32_t part = NEW - sent < PIECE ? NEW - sent : PIECE;
        assert_int_equal(ftp_storage_write(slow, new_data + sent, part), part);
    }
    assert_int_equal(ftp_storage_commit(slow), STORAGE_OK);
}

/* What is there after a power cut in a store behind the first `keep` bytes of an old file of
 * `size`.
 */
static void assert_what_is_left(uint32_t size, uint32_t keep)
{
    int32_t left = get("/flash/f");
    if (left < 0) {
        assert_true(size == 0 && sent == 0); /* not even the name was there */
        return;
    }
    bool is_old = size > 0 && (uint32_t)left == size && memcmp(got, old_data, size) == 0;
    if (is_old && sent < FTP_STORAGE_SYNC_BYTES) {
        return;
    }
    if (size == 0 && sent >= FTP_STORAGE_FIRST_BYTES) {
        struct storage_stat stat;
        assert_int_equal(storage_stat("/flash/f", &stat), STORAGE_OK);
        assert_true(stat.size >= FTP_STORAGE_FIRST_BYTES && stat.mtime > 0);
    }
    uint32_t came = (uint32_t)left - keep;
    assert_true((uint32_t)left >= keep && came <= NEW);
    assert_true(came + FTP_STORAGE_SYNC_BYTES >= sent);
    assert_memory_equal(got, old_data, keep);
    assert_memory_equal(got + keep, new_data, came);
}

/* Cut the power at many moments of it. */
static void cut_everywhere(enum ftp_store how, uint32_t size, uint32_t keep)
{
    uint64_t offset = how == FTP_STORE_FROM ? keep : 0;
    if (size > 0) {
        put("/flash/f", old_data, size);
    }
    commands_before = ram_chip.commands;
    ram_chip_mark();
    store_slowly(how, offset);
    volatile uint64_t count = ram_chip.commands - commands_before;
    for (volatile uint64_t cut = 1; cut < count; cut += 1 + count / 150) {
        ram_chip_wind_back();
        assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
        ram_chip_mark();
        ram_chip.cut_at = ram_chip.commands + cut;
        slow = NULL;
        sent = 0;
        if (setjmp(ram_chip.power_lost) == 0) {
            store_slowly(how, offset);
        }
        ram_chip.cut_at = 0;
        assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
        assert_what_is_left(size, keep);
        if (slow) {
            ftp_storage_abandon(slow); /* the RAM that the power cut has not taken */
        }
    }
    ram_chip_wind_back();
}

static void test_power_cut_in_a_new_file(void **state)
{
    cut_everywhere(FTP_STORE_WHOLE, 0, 0);
}

static void test_power_cut_after_rest(void **state)
{
    cut_everywhere(FTP_STORE_FROM, OLD, 100000);
}

static void test_power_cut_in_append(void **state)
{
    cut_everywhere(FTP_STORE_APPEND, OLD, OLD);
}

/* ---- wear */

static uint32_t erases, programmed;

static void count(const struct ram_chip_command *command)
{
    erases += command->erase ? 1 : 0;
    programmed += command->erase ? 0 : command->size;
}

/* Erased sectors and programmed bytes of a store of 1.2 MB. */
static void measure(const char *path)
{
    struct ftp_file *file = open_store(path, FTP_STORE_WHOLE, 0);
    erases = programmed = 0;
    ram_chip.watch = count;
    assert_int_equal(send(file, new_data, sizeof new_data), STORAGE_OK);
    assert_int_equal(ftp_storage_commit(file), STORAGE_OK);
    ram_chip.watch = NULL;
}

static void put_plainly(const char *path, uint32_t size)
{
    struct storage_file *file;
    assert_int_equal(storage_open(&file, path, STORAGE_WRITE | STORAGE_CREATE), STORAGE_OK);
    assert_int_equal(storage_write(file, new_data, size), size);
    assert_int_equal(storage_close(file), STORAGE_OK);
}

/* A small file costs no more than it must: one commit. */
static void test_wear_of_small_files(void **state)
{
    static const uint32_t sizes[] = {100, PIECE, FTP_STORAGE_FIRST_BYTES - 1};
    for (unsigned i = 0; i < 3; i++) {
        uint32_t erased[2], written[2];
        for (int by_ftp = 0; by_ftp < 2; by_ftp++) {
            ram_chip_mark();
            assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
            erases = programmed = 0;
            ram_chip.watch = count;
            if (by_ftp) {
                put("/flash/new", new_data, sizes[i]);
            } else {
                put_plainly("/flash/new", sizes[i]);
            }
            ram_chip.watch = NULL;
            erased[by_ftp] = erases;
            written[by_ftp] = programmed;
            ram_chip_wind_back();
        }
        assert_int_equal(erased[1], erased[0]);
        assert_int_equal(written[1], written[0]);
    }
}

static void test_wear_of_what_is_kept(void **state)
{
    put("/flash/old", old_data, 1);
    measure("/flash/old"); /* aside, never synced */
    uint32_t aside_erases = erases, aside_programmed = programmed;
    measure("/flash/new");
    print_message("aside: %u erases, %u bytes; in place: %u erases, %u bytes\n", aside_erases,
                  aside_programmed, erases, programmed);
    assert_true(erases < aside_erases + aside_erases / 10);
    assert_true(programmed < aside_programmed + aside_programmed / 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_name_keeps_what_came),
        TEST(test_a_new_name_without_data_vanishes),
        TEST(test_another_card_keeps_its_file),
        TEST(test_an_existing_file_stays_until_the_end),
        TEST(test_rest),
        TEST(test_what_cannot_be_opened),
        TEST(test_what_does_not_fit),
        TEST(test_no_room_for_a_name),
        TEST(test_power_cut_in_a_new_file),
        TEST(test_power_cut_after_rest),
        TEST(test_power_cut_in_append),
        TEST(test_wear_of_small_files),
        TEST(test_wear_of_what_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What an FTP upload leaves in /flash when the power is cut, and what it costs the chip
 * (net/ftp/ftp_storage.h). */
#include "tests/unit/ftp_stores.h"

#include "lib/flash_map.h"

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
        TEST(test_power_cut_in_a_new_file), TEST(test_power_cut_after_rest),
        TEST(test_power_cut_in_append),     TEST(test_wear_of_small_files),
        TEST(test_wear_of_what_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What an FTP upload leaves in /flash (net/ftp/ftp_storage.h): when it is given up, and when the
 * flash is full. */
#include "tests/unit/ftp_stores.h"

#include "tests/powerloss/ram_card.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

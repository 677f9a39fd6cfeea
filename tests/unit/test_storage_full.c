/* /flash with hardly any room: random changes, compared with a model in memory. Each of them is
 * done, or is STORAGE_FULL and has changed nothing: a name is as it was, and a file that was being
 * written is as its last sync (or its creation) left it. After a restart all is the same, and the
 * room that was used comes back. */
#include "tests/unit/storage_model.h"

#define ROUNDS  5
#define STEPS   400 /* of a round */
#define RESTART 50  /* steps between restarts */

static void open_one(struct handle *handle)
{
    static const unsigned modes[] = {
        STORAGE_WRITE | STORAGE_CREATE, STORAGE_WRITE | STORAGE_CREATE | STORAGE_APPEND,
        STORAGE_WRITE | STORAGE_CREATE | STORAGE_TRUNCATE, STORAGE_REPLACE, STORAGE_REPLACE};
    unsigned mode = modes[below(5)];
    struct model *file = below(12) == 0 ? NULL : some_file();
    char path[PATH_LENGTH];
    *handle = (struct handle){.target = file, .aside = mode == STORAGE_REPLACE};
    if (file == NULL) {
        did(storage_open_scratch(&handle->file));
        return;
    }
    file_path(path, file);
    if (!did(storage_open(&handle->file, path, mode))) {
        return;
    }
    if (mode != STORAGE_REPLACE && !file->exists) {
        *file = (struct model){.exists = true};
    }
    if (!(mode & (STORAGE_REPLACE | STORAGE_TRUNCATE))) {
        handle->now = *file;
    }
    handle->now.exists = true;
    if (mode == (STORAGE_WRITE | STORAGE_CREATE)) {
        int64_t at = below(handle->now.size + 1);
        assert_int_equal(storage_seek(handle->file, at, STORAGE_SEEK_SET), at);
    }
}

static void write_one(struct handle *handle)
{
    static uint8_t data[3000];
    uint32_t size = 1 + below(below(8) ? INLINE : sizeof data);
    if (handle->now.size + size > MOST) {
        return;
    }
    for (uint32_t i = 0; i < size; i++) {
        data[i] = (uint8_t)ram_chip_random(&seed);
    }
    int32_t result = storage_write(handle->file, data, size);
    if (!did(result > 0 ? STORAGE_OK : result)) {
        handle->failed = true;
        return;
    }
    assert_false(handle->failed);
    uint32_t end = (uint32_t)storage_tell(handle->file);
    memcpy(handle->now.data + end - size, data, size);
    handle->now.size = end > handle->now.size ? end : handle->now.size;
    assert_int_equal(storage_size(handle->file), handle->now.size);
}

static void sync_one(struct handle *handle)
{
    if (!did(storage_sync(handle->file))) {
        handle->failed = true;
    } else if (handle->target != NULL && !handle->aside) {
        *handle->target = handle->now;
    }
}

static void end_one(struct handle *handle)
{
    unsigned how = below(4);
    if (how == 0) {
        storage_abandon(handle->file);
    } else if (did(storage_close(handle->file))) {
        assert_false(handle->failed);
        if (handle->target != NULL) {
            *handle->target = handle->now;
        }
    }
    handle->file = NULL;
}

static void write_at_once(struct model *file)
{
    struct handle handle = {.target = file, .aside = true, .now.exists = true};
    char path[PATH_LENGTH];
    file_path(path, file);
    if (did(storage_open(&handle.file, path, STORAGE_REPLACE))) {
        write_one(&handle);
        if (did(storage_close(handle.file))) {
            *file = handle.now;
        }
    }
}

static void rename_file(void)
{
    struct model *from = some_file(), *to = some_file();
    char old[PATH_LENGTH], new[PATH_LENGTH];
    if (from == NULL || to == NULL || from == to || !from->exists) {
        return;
    }
    file_path(old, from);
    file_path(new, to);
    if (did(storage_rename(old, new))) {
        *to = *from;
        *from = (struct model){0};
    }
}

static void remove_file(void)
{
    struct model *file = some_file();
    char path[PATH_LENGTH];
    if (file == NULL || !file->exists) {
        return;
    }
    file_path(path, file);
    if (did(storage_remove(path))) {
        *file = (struct model){0};
    }
}

static void change_folder(void)
{
    unsigned from = 1 + below(FOLDERS - 1), to = 1 + below(FOLDERS - 1);
    char old[PATH_LENGTH];
    strcpy(old, folder_path(from));
    if (!folders[from]) {
        folders[from] = did(storage_mkdir(old));
    } else if (folder_is_idle(from) && folder_is_empty(from) && below(2)) {
        folders[from] = !did(storage_rmdir(old));
    } else if (folder_is_idle(from) && folder_is_idle(to) && from != to && folder_is_empty(to) &&
               did(storage_rename(old, folder_path(to)))) {
        memcpy(files[to], files[from], sizeof files[to]);
        memset(files[from], 0, sizeof files[from]);
        folders[from] = false;
        folders[to] = true;
    }
}

/* A listing that goes on while others change the folder. */
static void list_on(void)
{
    struct storage_entry entry;
    if (listed == NULL) {
        listed_folder = below(FOLDERS);
        if (folders[listed_folder]) {
            assert_int_equal(storage_opendir(&listed, folder_path(listed_folder)), STORAGE_OK);
        }
    } else if (storage_readdir(listed, &entry) == 0) {
        storage_closedir(listed);
        listed = NULL;
    }
}

static void step(void)
{
    struct handle *handle = &handles[below(HANDLES)];
    switch (below(20)) {
    case 0:
        remove_file();
        break;
    case 1:
        change_folder();
        break;
    case 2:
        list_on();
        break;
    case 3:
    case 4:
    case 5:
        rename_file();
        break;
    default:
        if (handle->file == NULL) {
            open_one(handle);
        } else if (below(3) == 0) {
            end_one(handle);
        } else if (below(4) == 0) {
            sync_one(handle);
        } else {
            write_one(handle);
        }
    }
}

static void restart(void)
{
    memset(handles, 0, sizeof handles);
    listed = NULL;
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    check_all();
}

/* All folders, and as many files as have room there. */
static void make_all(void)
{
    memset(files, 0, sizeof files);
    for (unsigned i = 0; i < FOLDERS; i++) {
        assert_int_equal(storage_mkdir(folder_path(i)), STORAGE_OK);
        folders[i] = true;
    }
    fill_up("/flash/more", 0);
    for (unsigned i = 0; i < FOLDERS; i++) {
        for (unsigned j = 0; j < NAMES; j++) {
            write_at_once(&files[i][j]);
        }
    }
}

static void a_full_volume_does_what_it_can_and_loses_nothing(void **state)
{
    ram_chip_reset();
    assert_int_equal(storage_init(), STORAGE_FLASH_FORMATTED);
    fill_up("/flash/filler", 60);
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        ram_chip_mark();
        assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
        uint32_t free = room();
        seed = i * 2654435761u;
        make_all();
        for (unsigned j = 1; j <= STEPS; j++) {
            step();
            if (j % RESTART == 0) {
                check_all();
                restart();
                assert_int_equal(storage_remove("/flash/more"), STORAGE_OK);
                fill_up("/flash/more", below(5));
            }
        }
        assert_int_equal(storage_remove("/flash/more"), STORAGE_OK);
        remove_all();
        assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
        assert_int_equal(room(), free);
        ram_chip_wind_back();
    }
    assert_int_equal(ram_chip.misuses, 0);
    assert_true(done > ROUNDS * STEPS / 2 && refused > ROUNDS * STEPS / 10); /* it was about both */
}

/* The folder would have to be split twice, and there is room for once. */
static void a_rename_that_half_fits_loses_nothing(void **state)
{
    static const uint8_t data[500];
    char path[PATH_LENGTH] = "/flash/top/";
    char *name = path + strlen(path);
    ram_chip_reset();
    assert_int_equal(storage_init(), STORAGE_FLASH_FORMATTED);
    assert_int_equal(storage_mkdir("/flash/top"), STORAGE_OK);
    put("/flash/lib/kept", data, 480);
    fill_up("/flash/filler", 12);
    fill_up("/flash/more", 0);
    for (unsigned i = 0; i < 11; i++) {
        unsigned length = i == 6 || i == 7 ? 201 : 2;
        memset(name, (char)('a' + i), length);
        name[length] = '\0';
        put(path, data, i < 6 ? 320 : i < 8 ? 490 : 1);
    }
    assert_int_equal(storage_remove("/flash/more"), STORAGE_OK);
    fill_up("/flash/more", 2);
    memset(name, 'h', 202);
    name[202] = '\0';
    assert_int_equal(storage_rename("/flash/lib/kept", path), STORAGE_FULL);
    assert_int_equal(stat_of("/flash/lib/kept"), STORAGE_OK);
    put("/flash/main.py", data, 1);
    assert_int_equal(storage_init(), STORAGE_FLASH_MOUNTED);
    assert_int_equal(stat_of("/flash/lib/kept"), STORAGE_OK);
    assert_int_equal(stat_of(path), STORAGE_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_volume_does_what_it_can_and_loses_nothing),
        cmocka_unit_test(a_rename_that_half_fits_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

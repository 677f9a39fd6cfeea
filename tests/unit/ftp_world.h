/* The world of an FTP session under test: files in memory, and the client of ftp_client.h. Included
 * by one test program each; what a program does not use is not warned about. */
#ifndef TESTS_UNIT_FTP_WORLD_H
#define TESTS_UNIT_FTP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hal/reset.h"
#include "tests/unit/ftp_client.h"

/* The firmware's own bugs end here. */
_Noreturn void hal_fault(const char *reason)
{
    fail_msg("hard fault: %s", reason);
    abort();
}

const char *storage_error_text(int error)
{
    static const char *const texts[] = {"ok",        "not found", "exists",    "not dir", "is dir",
                                        "not empty", "full",      "busy",      "denied",  "long",
                                        "invalid",   "too many",  "no volume", "cross",   "io"};
    return texts[-error];
}

/* ---- files: a few names in memory */

#define NODES     64
#define NODE_SIZE 20000u

struct node {
    char path[STORAGE_PATH_MAX]; /* "": free */
    struct storage_stat stat;
    uint8_t data[NODE_SIZE];
};

struct ftp_file {
    bool used, store;
    enum ftp_store how;
    char path[STORAGE_PATH_MAX];
    uint8_t data[NODE_SIZE];
    uint32_t size, position;
};

struct ftp_dir {
    bool used;
    char path[STORAGE_PATH_MAX];
    unsigned next;
};

static struct node nodes[NODES];
static struct ftp_file files[4];
static struct ftp_dir dirs[2];
static uint32_t room;  /* bytes that can be written before the volume is full */
static bool unaligned; /* a write other than the last was no full piece at a multiple of its size */
static int open_store_error; /* what the next open_store() returns */
static int commit_error;
static int write_error;   /* what write() returns, when it is not 0 */
static const char *words; /* what the files say */

static inline struct node *node_of(const char *path)
{
    for (unsigned i = 0; i < NODES; i++) {
        if (*path && strcmp(nodes[i].path, path) == 0) {
            return &nodes[i];
        }
    }
    return NULL;
}

static inline struct node *add_node(const char *path, bool is_dir, const void *data, uint32_t size)
{
    struct node *node = node_of(path);
    for (unsigned i = 0; !node && i < NODES; i++) {
        node = nodes[i].path[0] ? NULL : &nodes[i];
    }
    assert_non_null(node);
    strcpy(node->path, path);
    node->stat = (struct storage_stat){.is_dir = is_dir, .size = size, .mtime = 1440000000};
    memcpy(node->data, data, size);
    return node;
}

static inline int fake_stat(const char *path, struct storage_stat *stat)
{
    struct node *node = node_of(path);
    if (node) {
        *stat = node->stat;
    }
    return node ? STORAGE_OK : STORAGE_NOT_FOUND;
}

static inline struct ftp_file *take_file(const char *path, bool store)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (!files[i].used) {
            files[i].used = true;
            files[i].store = store;
            strcpy(files[i].path, path);
            files[i].size = files[i].position = 0;
            return &files[i];
        }
    }
    return NULL;
}

static inline int fake_open_read(struct ftp_file **file, const char *path, uint64_t offset)
{
    struct node *node = node_of(path);
    if (!node) {
        return STORAGE_NOT_FOUND;
    }
    if (node->stat.is_dir) {
        return STORAGE_IS_DIR;
    }
    if (offset > node->stat.size) {
        return FTP_FILES_BEYOND;
    }
    *file = take_file(path, false);
    if (!*file) {
        return STORAGE_TOO_MANY;
    }
    memcpy((*file)->data, node->data, node->stat.size);
    (*file)->size = node->stat.size;
    (*file)->position = (uint32_t)offset;
    return STORAGE_OK;
}

static inline int fake_open_store(struct ftp_file **file, const char *path, enum ftp_store how,
                                  uint64_t offset)
{
    struct node *node = node_of(path);
    if (open_store_error) {
        return open_store_error;
    }
    if (node && node->stat.is_dir) {
        return STORAGE_IS_DIR;
    }
    uint32_t size = node ? node->stat.size : 0;
    if (how == FTP_STORE_FROM && offset > size) {
        return FTP_FILES_BEYOND;
    }
    *file = take_file(path, true);
    if (!*file) {
        return STORAGE_TOO_MANY;
    }
    (*file)->how = how;
    if (how != FTP_STORE_WHOLE && node) {
        (*file)->size = how == FTP_STORE_FROM ? (uint32_t)offset : size;
        memcpy((*file)->data, node->data, (*file)->size);
    }
    return STORAGE_OK;
}

static inline int32_t fake_read(struct ftp_file *file, void *data, uint32_t size)
{
    assert_true(file->used && !file->store);
    if (size > file->size - file->position) {
        size = file->size - file->position;
    }
    memcpy(data, file->data + file->position, size);
    file->position += size;
    return (int32_t)size;
}

static inline int32_t fake_write(struct ftp_file *file, const void *data, uint32_t size)
{
    assert_true(file->used && file->store);
    assert_true(size > 0);
    if (write_error) {
        return write_error;
    }
    if (size > room || file->size + size > NODE_SIZE) {
        return STORAGE_FULL;
    }
    unaligned = unaligned || (file->how == FTP_STORE_WHOLE && file->size % FTP_BUFFER_SIZE != 0);
    room -= size;
    memcpy(file->data + file->size, data, size);
    file->size += size;
    return (int32_t)size;
}

static inline int fake_commit(struct ftp_file *file)
{
    assert_true(file->used && file->store);
    file->used = false;
    if (commit_error == 0) {
        add_node(file->path, false, file->data, file->size);
    }
    return commit_error;
}

static inline void fake_abandon(struct ftp_file *file)
{
    assert_true(file->used);
    file->used = false;
}

static inline int fake_remove(const char *path)
{
    struct node *node = node_of(path);
    if (!node) {
        return STORAGE_NOT_FOUND;
    }
    if (node->stat.is_dir) {
        return STORAGE_IS_DIR;
    }
    node->path[0] = '\0';
    return STORAGE_OK;
}

static inline int fake_mkdir(const char *path)
{
    if (strcmp(path, "/flash") == 0) {
        return STORAGE_DENIED;
    }
    if (node_of(path)) {
        return STORAGE_EXISTS;
    }
    add_node(path, true, "", 0);
    return STORAGE_OK;
}

static inline int fake_rmdir(const char *path)
{
    struct node *node = node_of(path);
    if (!node) {
        return STORAGE_NOT_FOUND;
    }
    if (!node->stat.is_dir) {
        return STORAGE_NOT_DIR;
    }
    if (strcmp(path, "/flash") == 0) {
        return STORAGE_DENIED;
    }
    node->path[0] = '\0';
    return STORAGE_OK;
}

static inline int fake_rename(const char *from, const char *to)
{
    struct node *node = node_of(from);
    struct node *old = node_of(to);
    if (!node) {
        return STORAGE_NOT_FOUND;
    }
    if (strncmp(to, "/sd", 3) == 0) {
        return STORAGE_CROSS;
    }
    if (old) {
        old->path[0] = '\0';
    }
    strcpy(node->path, to);
    return STORAGE_OK;
}

static inline int fake_set_mtime(const char *path, uint32_t mtime)
{
    struct node *node = node_of(path);
    if (!node) {
        return STORAGE_NOT_FOUND;
    }
    node->stat.mtime = mtime;
    return STORAGE_OK;
}

static inline int fake_opendir(struct ftp_dir **dir, const char *path)
{
    struct node *node = node_of(path);
    if (!node || !node->stat.is_dir) {
        return node ? STORAGE_NOT_DIR : STORAGE_NOT_FOUND;
    }
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        if (!dirs[i].used) {
            dirs[i] = (struct ftp_dir){.used = true};
            strcpy(dirs[i].path, strcmp(path, "/") == 0 ? "" : path);
            *dir = &dirs[i];
            return STORAGE_OK;
        }
    }
    return STORAGE_TOO_MANY;
}

static inline int fake_readdir(struct ftp_dir *dir, struct storage_entry *entry)
{
    size_t length = strlen(dir->path);
    while (dir->next < NODES) {
        struct node *node = &nodes[dir->next++];
        if (strncmp(node->path, dir->path, length) == 0 && node->path[length] == '/' &&
            node->path[length + 1] && !strchr(node->path + length + 1, '/')) {
            strcpy(entry->name, node->path + length + 1);
            entry->stat = node->stat;
            return 1;
        }
    }
    return 0;
}

static inline void fake_closedir(struct ftp_dir *dir)
{
    assert_true(dir->used);
    dir->used = false;
}

static inline uint64_t fake_room(const char *path)
{
    return room;
}

static inline const char *fake_words(void)
{
    return words;
}

static const struct ftp_files fake_files = {
    .stat = fake_stat,
    .open_read = fake_open_read,
    .open_store = fake_open_store,
    .read = fake_read,
    .write = fake_write,
    .commit = fake_commit,
    .abandon = fake_abandon,
    .remove = fake_remove,
    .mkdir = fake_mkdir,
    .rmdir = fake_rmdir,
    .rename = fake_rename,
    .set_mtime = fake_set_mtime,
    .opendir = fake_opendir,
    .readdir = fake_readdir,
    .closedir = fake_closedir,
    .room = fake_room,
    .words = fake_words,
};

static inline unsigned handles_in_use(void)
{
    unsigned count = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        count += files[i].used;
    }
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        count += dirs[i].used;
    }
    return count;
}

static char pattern[NODE_SIZE];

static inline int set_up(void **state)
{
    memset(nodes, 0, sizeof nodes);
    memset(files, 0, sizeof files);
    memset(dirs, 0, sizeof dirs);
    room = 1000000;
    unaligned = false;
    open_store_error = commit_error = write_error = 0;
    words = "";
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = (char)(i * 31 + i / 256);
    }
    add_node("/", true, "", 0);
    add_node("/flash", true, "", 0);
    add_node("/flash/lib", true, "", 0);
    add_node("/flash/main.py", false, "print(1)\n", 9);
    add_node("/flash/boot.py", false, "", 0);
    connect_control(&fake_files);
    return 0;
}

static inline int tear_down(void **state)
{
    ftp_session_lost(&session);
    assert_int_equal(handles_in_use(), 0);
    assert_false(data_connected || data_listens);
    return 0;
}

/* A store that is under way: 5000 bytes have come. */
static inline void start_store(const char *command)
{
    passive();
    ask_code(command, "150 ");
    assert_int_equal(upload_data(pattern, 5000), 5000);
}

/* ... is given up, and has changed nothing. */
static inline void assert_old_file(void)
{
    assert_false(data_connected);
    assert_int_equal(handles_in_use(), 0);
    assert_int_equal(node_of("/flash/main.py")->stat.size, 9);
    assert_memory_equal(node_of("/flash/main.py")->data, "print(1)\n", 9);
    assert_null(node_of("/flash/new"));
}

#define FTP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif

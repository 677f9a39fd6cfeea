/* What the tests of storage/ have in common. Included by one test program each; what a program does
 * not use is not warned about. */
#ifndef TESTS_UNIT_STORAGE_TOOLS_H
#define TESTS_UNIT_STORAGE_TOOLS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/storage.h"

static inline void put(const char *path, const void *data, uint32_t size)
{
    struct storage_file *file;
    assert_int_equal(storage_open(&file, path, STORAGE_REPLACE), STORAGE_OK);
    assert_int_equal(storage_write(file, data, size), size);
    assert_int_equal(storage_close(file), STORAGE_OK);
}

static inline void put_text(const char *path, const char *text)
{
    put(path, text, (uint32_t)strlen(text));
}

static inline void expect_text(const char *path, const char *text)
{
    static char data[65536];
    struct storage_file *file;
    assert_int_equal(storage_open(&file, path, STORAGE_READ), STORAGE_OK);
    int32_t size = storage_read(file, data, sizeof data);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, (size_t)size);
    assert_int_equal(storage_close(file), STORAGE_OK);
}

static inline int stat_of(const char *path)
{
    struct storage_stat stat;
    return storage_stat(path, &stat);
}

static inline uint32_t mtime_of(const char *path)
{
    struct storage_stat stat;
    assert_int_equal(storage_stat(path, &stat), STORAGE_OK);
    return stat.mtime;
}

static inline int open_result(const char *path, unsigned mode)
{
    struct storage_file *file;
    int result = storage_open(&file, path, mode);
    if (result == STORAGE_OK)
        storage_abandon(file);
    return result;
}

/* The names in a directory, sorted and joined by spaces; directories end in '/'. */
static inline const char *listing(const char *path)
{
    static char text[4096];
    char names[64][80];
    unsigned count = 0;
    struct storage_dir *dir;
    struct storage_entry entry;
    assert_int_equal(storage_opendir(&dir, path), STORAGE_OK);
    while (storage_readdir(dir, &entry) > 0)
        snprintf(names[count++], sizeof names[0], "%.70s%s", entry.name,
                 entry.stat.is_dir ? "/" : "");
    storage_closedir(dir);
    qsort(names, count, sizeof names[0], (int (*)(const void *, const void *))strcmp);
    text[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        assert_in_range(strlen(text) + strlen(names[i]) + 1, 0, sizeof text - 1);
        strcat(text, i ? " " : "");
        strcat(text, names[i]);
    }
    return text;
}

static inline void walk(const char *path, unsigned depth)
{
    static uint8_t data[3000];
    struct storage_dir *dir;
    struct storage_entry entry;
    unsigned count = 0;
    if (storage_opendir(&dir, path) != STORAGE_OK)
        return;
    while (count++ < 200 && storage_readdir(dir, &entry) > 0) {
        char name[STORAGE_PATH_MAX];
        struct storage_file *file;
        if (snprintf(name, sizeof name, "%s/%s", path, entry.name) >= (int)sizeof name) {
            continue;
        }
        if (entry.stat.is_dir && depth < 4)
            walk(name, depth + 1);
        else if (storage_open(&file, name, STORAGE_READ) == STORAGE_OK) {
            for (unsigned i = 0; i < 100 && storage_read(file, data, sizeof data) > 0; i++)
                ;
            storage_close(file);
        }
    }
    storage_closedir(dir);
}

#endif

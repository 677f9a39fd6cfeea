#include "tests/powerloss/tree.h"

#include "storage/storage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tree_entry *tree_find(struct tree *tree, const char *path)
{
    for (unsigned i = 0; i < tree->count; i++)
        if (strcmp(tree->entries[i].path, path) == 0)
            return &tree->entries[i];
    return NULL;
}

struct tree_entry *tree_put(struct tree *tree, const char *path)
{
    struct tree_entry *entry = tree_find(tree, path);
    if (entry)
        return entry;
    if (tree->count == TREE_ENTRIES || strlen(path) >= TREE_PATH)
        abort();
    entry = &tree->entries[tree->count++];
    memset(entry, 0, sizeof *entry);
    strcpy(entry->path, path);
    return entry;
}

void tree_remove(struct tree *tree, const char *path)
{
    struct tree_entry *entry = tree_find(tree, path);
    if (entry)
        *entry = tree->entries[--tree->count];
}

void tree_rename(struct tree *tree, const char *from, const char *to)
{
    if (strcmp(from, to) == 0)
        return;
    tree_remove(tree, to);
    size_t length = strlen(from);
    for (unsigned i = 0; i < tree->count; i++) {
        char *path = tree->entries[i].path;
        if (strncmp(path, from, length) != 0 || (path[length] != '\0' && path[length] != '/'))
            continue;
        char renamed[2 * TREE_PATH];
        snprintf(renamed, sizeof renamed, "%s%s", to, path + length);
        if (strlen(renamed) >= TREE_PATH)
            abort();
        strcpy(path, renamed);
    }
}

uint32_t tree_hash(uint32_t hash, const uint8_t *data, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 16777619u + 1;
    return hash;
}

static int read_file(struct tree_entry *entry)
{
    static uint8_t data[4096];
    struct storage_file *file;
    int32_t result = storage_open(&file, entry->path, STORAGE_READ);
    if (result < 0)
        return result;
    uint32_t size = 0;
    while ((result = storage_read(file, data, sizeof data)) > 0) {
        entry->hash = tree_hash(entry->hash, data, (uint32_t)result);
        size += (uint32_t)result;
    }
    storage_close(file);
    if (result == 0 && size != entry->size)
        return STORAGE_IO;
    return result;
}

static int read_dir(struct tree *tree, const char *path)
{
    struct storage_dir *dir;
    static struct storage_entry entry;
    int result = storage_opendir(&dir, path);
    while (result >= 0 && (result = storage_readdir(dir, &entry)) > 0) {
        char name[TREE_PATH + STORAGE_NAME_MAX + 2];
        snprintf(name, sizeof name, "%s/%s", path, entry.name);
        struct tree_entry *put = tree_put(tree, name);
        put->is_dir = entry.stat.is_dir;
        put->size = entry.stat.size;
        put->mtime = entry.stat.mtime;
        result = put->is_dir ? read_dir(tree, name) : read_file(put);
        if (result < 0)
            fprintf(stderr, "%s: %s\n", name, storage_error_text(result));
    }
    storage_closedir(dir);
    return result;
}

int tree_read(struct tree *tree)
{
    tree->count = 0;
    return read_dir(tree, "/flash");
}

static bool same_time(const struct tree_entry *read, const struct tree_entry *expected)
{
    return read->mtime == expected->mtime || (read->is_dir && read->mtime == 0);
}

static bool same_contents(const struct tree_entry *read, const struct tree_entry *expected)
{
    return read->is_dir == expected->is_dir && read->size == expected->size &&
           read->hash == expected->hash;
}

static bool equal(const struct tree *read, const struct tree *expected, bool times)
{
    if (read->count != expected->count)
        return false;
    for (unsigned i = 0; i < read->count; i++) {
        const struct tree_entry *entry = &read->entries[i];
        const struct tree_entry *other = tree_find((struct tree *)expected, entry->path);
        if (!other || !same_contents(entry, other) || (times && !same_time(entry, other)))
            return false;
    }
    return true;
}

bool tree_equal(const struct tree *read, const struct tree *expected)
{
    return equal(read, expected, true);
}

bool tree_equal_but_times(const struct tree *read, const struct tree *expected)
{
    return equal(read, expected, false);
}

static void explain_entry(const char *what, const struct tree_entry *entry)
{
    fprintf(stderr, "  %s %s: %s, %u bytes, hash %08x, mtime %u\n", what, entry->path,
            entry->is_dir ? "directory" : "file", entry->size, entry->hash, entry->mtime);
}

void tree_explain(const struct tree *read, const struct tree *expected)
{
    for (unsigned i = 0; i < read->count; i++)
        explain_entry("found   ", &read->entries[i]);
    for (unsigned i = 0; i < expected->count; i++)
        explain_entry("expected", &expected->entries[i]);
}

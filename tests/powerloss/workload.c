#include "tests/powerloss/workload.h"

#include "storage/storage.h"
#include "tests/powerloss/ram_chip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 65536u

static struct workload *recording;
static struct tree model;
static uint32_t seed;
static uint8_t contents[FILE_MAX]; /* that are being written */

static void *grow(void *array, unsigned count, size_t size)
{
    if (count & (count - 1))
        return array; /* grows by doubling, at powers of two */
    array = realloc(array, (count ? count * 2 : 1) * size);
    if (array == NULL)
        abort();
    return array;
}

static void record(const struct ram_chip_command *command)
{
    recording->commands =
        grow(recording->commands, recording->command_count, sizeof *recording->commands);
    struct workload_command *copy = &recording->commands[recording->command_count++];
    *copy = (struct workload_command){recording->steps, command->erase, command->address,
                                      command->size, NULL};
    if (!command->erase) {
        copy->data = malloc(command->size);
        if (copy->data == NULL)
            abort();
        memcpy(copy->data, command->data, command->size);
    }
}

static uint32_t blocks_used(void)
{
    struct storage_volume volume;
    if (storage_volume("/flash", &volume) != STORAGE_OK)
        abort();
    return volume.blocks - volume.free_blocks;
}

static void add_tree(unsigned index)
{
    recording->trees = grow(recording->trees, index, sizeof *recording->trees);
    recording->used = grow(recording->used, index, sizeof *recording->used);
    recording->formats = grow(recording->formats, index, sizeof *recording->formats);
    recording->trees[index] = model;
    recording->used[index] = blocks_used();
    recording->formats[index] = false;
}

/* A storage call is over, and the model has what it should have done. */
static void step(const char *what, int result)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s (seed %u, step %u)\n", what, storage_error_text(result), seed,
                recording->steps);
        exit(1);
    }
    recording->steps++;
    add_tree(recording->steps);
}

static void begin(struct workload *workload)
{
    *workload = (struct workload){0};
    recording = workload;
    if (tree_read(&model) < 0)
        abort();
    add_tree(0);
    ram_chip.watch = record;
}

static void end(void)
{
    ram_chip.watch = NULL;
}

static uint32_t now(void)
{
    return (uint32_t)(ram_chip.rtc_us / 1000000u);
}

static uint32_t random_below(uint32_t limit)
{
    return ram_chip_random(&seed) % limit;
}

static void fill(uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        contents[i] = (uint8_t)ram_chip_random(&seed);
}

/* What a sync or close must have made of the file. */
static void model_commit(const char *path, uint32_t size, uint32_t hash)
{
    struct tree_entry *entry = tree_put(&model, path);
    entry->is_dir = false;
    entry->size = size;
    entry->hash = hash;
    entry->mtime = now();
}

static void replace(const char *path, uint32_t size, bool abandon)
{
    struct storage_file *file;
    fill(size);
    step("open for replace", storage_open(&file, path, STORAGE_REPLACE));
    uint32_t half = size / 2;
    step("write", storage_write(file, contents, half));
    step("write", storage_write(file, contents + half, size - half));
    if (abandon) {
        storage_abandon(file);
        step("abandon", 0);
        return;
    }
    int result = storage_close(file);
    model_commit(path, size, tree_hash(0, contents, size));
    step("close", result);
}

static void append(const char *path, uint32_t size)
{
    struct storage_file *file;
    struct tree_entry *entry = tree_put(&model, path); /* made by the open, when it is new */
    uint32_t old_size = entry->size, hash = entry->hash;
    fill(size);
    step("open for append",
         storage_open(&file, path, STORAGE_WRITE | STORAGE_CREATE | STORAGE_APPEND));
    uint32_t half = size / 2;
    step("write", storage_write(file, contents, half));
    int result = storage_sync(file);
    hash = tree_hash(hash, contents, half);
    if (half > 0 || entry->mtime == 0)
        model_commit(path, old_size + half, hash);
    step("sync", result);
    step("write", storage_write(file, contents + half, size - half));
    result = storage_close(file);
    if (size - half > 0)
        model_commit(path, old_size + size, tree_hash(hash, contents + half, size - half));
    step("close", result);
}

static void rewrite(const char *path, uint32_t size, unsigned mode)
{
    struct storage_file *file;
    tree_put(&model, path);
    fill(size);
    step("open",
         storage_open(&file, path, STORAGE_WRITE | STORAGE_CREATE | STORAGE_TRUNCATE | mode));
    step("write", storage_write(file, contents, size));
    int result = storage_close(file);
    model_commit(path, size, tree_hash(0, contents, size));
    step("close", result);
}

static void leave_open(const char *path, uint32_t size)
{
    struct storage_file *file;
    tree_put(&model, path);
    fill(size);
    step("open", storage_open(&file, path, STORAGE_WRITE | STORAGE_CREATE));
    step("write", storage_write(file, contents, size));
    storage_abandon(file);
    step("abandon", 0);
}

static void make_dir(const char *path)
{
    int result = storage_mkdir(path);
    struct tree_entry *entry = tree_put(&model, path);
    entry->is_dir = true;
    entry->mtime = now();
    step("mkdir", result);
}

static void rename_to(const char *from, const char *to)
{
    int result = storage_rename(from, to);
    tree_rename(&model, from, to);
    step("rename", result);
}

static void remove_any(const char *path)
{
    bool is_dir = tree_find(&model, path)->is_dir;
    int result = is_dir ? storage_rmdir(path) : storage_remove(path);
    tree_remove(&model, path);
    step("remove", result);
}

static void touch(const char *path)
{
    int result = storage_set_mtime(path, 1234567890u);
    tree_find(&model, path)->mtime = 1234567890u;
    step("set_mtime", result);
}

static void format(void)
{
    recording->formats[recording->steps] = true;
    int result = storage_format_flash();
    if (tree_read(&model) < 0)
        abort();
    step("format", result);
}

void workload_run_script(struct workload *workload)
{
    seed = 1;
    begin(workload);
    replace("/flash/new.py", 100, false);
    replace("/flash/new.py", 5000, false);
    replace("/flash/new.py", 0, false);
    replace("/flash/boot.py", 40000, false);
    replace("/flash/boot.py", 300, true);
    replace("/flash/never.py", 9000, true);
    make_dir("/flash/lib/a");
    make_dir("/flash/lib/a/b");
    append("/flash/lib/a/log", 10);
    append("/flash/lib/a/log", 700);
    append("/flash/lib/a/log", 9000);
    append("/flash/lib/a/log", 1);
    rewrite("/flash/lib/a/log", 4096, 0);
    rewrite("/flash/lib/a/other", 0, 0);
    leave_open("/flash/lib/a/left", 6000);
    touch("/flash/lib/a/log");
    rename_to("/flash/lib/a/log", "/flash/lib/a/other"); /* over an existing one */
    rename_to("/flash/lib/a/other", "/flash/main.py");   /* into another directory, over one */
    rename_to("/flash/lib/a/b", "/flash/b");             /* a directory */
    make_dir("/flash/lib/c");
    rename_to("/flash/b", "/flash/lib/c"); /* over an empty directory */
    rename_to("/flash/lib/a", "/flash/a"); /* with a file in it */
    remove_any("/flash/a/left");
    remove_any("/flash/a");
    remove_any("/flash/lib/c");
    char name[TREE_PATH];
    for (int i = 0; i < 20; i++) { /* more than one metadata block holds */
        snprintf(name, sizeof name, "/flash/lib/a_rather_long_name_%d.py", i);
        replace(name, 400, false);
    }
    for (int i = 0; i < 20; i += 2) {
        snprintf(name, sizeof name, "/flash/lib/a_rather_long_name_%d.py", i);
        remove_any(name);
    }
    format();
    replace("/flash/after.py", 1000, false);
    end();
}

/* A name in one of three directories, short or long. */
static const char *random_name(void)
{
    static char name[2][TREE_PATH];
    static unsigned turn;
    static const char *const folders[] = {"/flash", "/flash/lib", "/flash/sys"};
    turn ^= 1;
    snprintf(name[turn], TREE_PATH, "%s/%s%u", folders[random_below(3)],
             random_below(2) ? "f" : "a_file_with_a_long_name_", random_below(4));
    return name[turn];
}

static uint32_t random_size(void)
{
    static const uint32_t sizes[] = {0, 1, 200, 512, 513, 4096, 4097, 12000, 40000};
    return sizes[random_below(sizeof sizes / sizeof sizes[0])];
}

void workload_run_random(struct workload *workload, uint32_t with_seed, unsigned calls)
{
    seed = with_seed * 2654435761u | 1;
    begin(workload);
    for (unsigned i = 0; i < calls; i++) {
        const char *name = random_name();
        const char *other = random_name();
        struct tree_entry *entry = tree_find(&model, name);
        struct tree_entry *target = tree_find(&model, other);
        switch (random_below(8)) {
        case 0:
        case 1:
            if (!entry || !entry->is_dir)
                replace(name, random_size(), random_below(5) == 0);
            break;
        case 2:
            if (!entry || (!entry->is_dir && entry->size < FILE_MAX))
                append(name, random_size());
            break;
        case 3:
            if (!entry || !entry->is_dir)
                rewrite(name, random_size(), random_below(2) ? STORAGE_READ : 0);
            break;
        case 4:
            if (!entry)
                make_dir(name);
            break;
        case 5:
            if (entry && (!target || target->is_dir == entry->is_dir))
                rename_to(name, other);
            break;
        case 6:
            if (entry)
                remove_any(name);
            break;
        case 7:
            if (entry)
                touch(name);
            break;
        }
    }
    end();
}

void workload_free(struct workload *workload)
{
    for (unsigned i = 0; i < workload->command_count; i++)
        free(workload->commands[i].data);
    free(workload->commands);
    free(workload->trees);
    free(workload->used);
    free(workload->formats);
}

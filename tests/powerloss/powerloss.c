/* Power is lost at every flash command of a workload, and inside of each; then the board starts
 * again. Every time /flash must hold what the model says: what the interrupted storage call found,
 * or what it had to leave, nothing between, nothing lost, nothing left over. */
#include "hal/flash.h"
#include "lib/flash_map.h"
#include "storage/flash_volume.h"
#include "storage/storage.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/powerloss/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAK_MAX                                                                                   \
    4 /* blocks: two metadata blocks may split earlier or later than without the cut               \
       */

static struct {
    const char *name; /* of the workload, for the message */
    unsigned command; /* that was cut */
    unsigned variant; /* 0: before it; others: inside of it */
    unsigned again;   /* the command of the recovery that was cut, too; 0: none */
} at;

static unsigned long cuts;

static _Noreturn void fail(const char *what, const struct tree *read, const struct tree *expected)
{
    fprintf(stderr, "powerloss: %s: workload %s, command %u, variant %u, second cut at %u\n", what,
            at.name, at.command, at.variant, at.again);
    if (read && expected)
        tree_explain(read, expected);
    exit(1);
}

static uint32_t blocks_used(void)
{
    struct storage_volume volume;
    if (storage_volume("/flash", &volume) != STORAGE_OK)
        fail("no volume", NULL, NULL);
    return volume.blocks - volume.free_blocks;
}

/* Nobody can see these through storage. */
static bool has_leftovers(void)
{
    lfs2_dir_t dir;
    struct lfs2_info info;
    bool found = false;
    if (lfs2_dir_open(&flash_volume, &dir, FLASH_VOLUME_UPLOADS) != LFS2_ERR_OK)
        return true;
    while (lfs2_dir_read(&flash_volume, &dir, &info) > 0)
        found |= info.type == LFS2_TYPE_REG;
    lfs2_dir_close(&flash_volume, &dir);
    return found;
}

/* The board works on: a file written after the cut is there after the next start, and so is the
 * rest. */
static void check_goes_on(struct tree *expected)
{
    static const uint8_t text[] = "after the cut";
    static struct tree read;
    struct storage_file *file;
    if (storage_open(&file, "/flash/after_cut", STORAGE_REPLACE) != STORAGE_OK ||
        storage_write(file, text, sizeof text) != sizeof text || storage_close(file) != STORAGE_OK)
        fail("cannot write after the cut", NULL, NULL);
    struct tree_entry *entry = tree_put(expected, "/flash/after_cut");
    entry->size = sizeof text;
    entry->hash = tree_hash(0, text, sizeof text);
    entry->mtime = (uint32_t)(ram_chip.rtc_us / 1000000u);
    if (storage_init() != STORAGE_FLASH_MOUNTED || tree_read(&read) < 0 ||
        !tree_equal(&read, expected))
        fail("lost after going on", &read, expected);
    if (ram_chip.misuses > 0)
        fail("a programmed page was programmed again", NULL, NULL);
}

static void check(const struct tree *before, const struct tree *after, uint32_t used, bool formats)
{
    static struct tree read;
    enum storage_flash_state state = storage_init();
    if (state == STORAGE_FLASH_DAMAGED && formats)
        return;
    if (state == STORAGE_FLASH_DAMAGED || (state == STORAGE_FLASH_FORMATTED && !formats))
        fail("not mounted", NULL, NULL);
    if (tree_read(&read) < 0)
        fail("cannot be read", NULL, NULL);
    /* The first-boot files may have been made again. */
    if (!tree_equal(&read, before) && !(formats && tree_equal_but_times(&read, after)) &&
        !tree_equal(&read, after))
        fail("neither the old nor the new state", &read, after);
    if (has_leftovers())
        fail("an upload was left over", NULL, NULL);
    if (blocks_used() > used + LEAK_MAX)
        fail("blocks are lost", NULL, NULL);
    check_goes_on(&read);
}

static const struct ram_chip_command *as_command(const struct workload_command *command)
{
    static struct ram_chip_command copy;
    copy =
        (struct ram_chip_command){command->erase, command->address, command->size, command->data};
    return &copy;
}

/* The recovery loses its power, too, in its command number `again`; false when it has not so many.
 */
static bool cut_recovery(unsigned again)
{
    bool cut = setjmp(ram_chip.power_lost) != 0;
    if (!cut) {
        ram_chip.cut_at = ram_chip.commands + again;
        storage_init();
    }
    ram_chip.cut_at = 0;
    return cut;
}

static void cut_in(const struct workload *workload, const struct workload_command *command,
                   bool nested)
{
    unsigned step = command->step;
    uint32_t used = workload->used[step] > workload->used[step + 1] ? workload->used[step]
                                                                    : workload->used[step + 1];
    for (at.again = 0;; at.again++) {
        ram_chip_mark();
        uint32_t random = (at.command * 31 + at.variant) * 2654435761u | 1;
        if (at.variant > 0)
            ram_chip_apply_torn(as_command(command), &random);
        bool more = at.again == 0 || cut_recovery(at.again);
        if (more) {
            check(&workload->trees[step], &workload->trees[step + 1], used,
                  workload->formats[step]);
            cuts++;
        }
        ram_chip_wind_back();
        if (!more || !nested)
            break;
    }
}

/* The chip is as it was when `workload` began; `variants` tears of each command. */
static void sweep(const struct workload *workload, unsigned variants, bool nested)
{
    for (unsigned i = 0; i < workload->command_count; i++) {
        const struct workload_command *command = &workload->commands[i];
        at.command = i;
        for (at.variant = 0; at.variant <= variants; at.variant++)
            cut_in(workload, command, nested);
        ram_chip_apply(as_command(command));
    }
}

static void run(const char *name, uint32_t seed, unsigned calls, unsigned variants, bool nested)
{
    struct workload workload;
    at.name = name;
    ram_chip_reset();
    if (storage_init() != STORAGE_FLASH_FORMATTED)
        fail("an erased chip is not formatted", NULL, NULL);
    ram_chip_mark();
    if (seed == 0)
        workload_run_script(&workload);
    else
        workload_run_random(&workload, seed, calls);
    if (ram_chip.misuses > 0)
        fail("a programmed page was programmed again", NULL, NULL);
    ram_chip_wind_back();
    sweep(&workload, variants, nested);
    workload_free(&workload);
}

/* ---- the first boot, cut again and again, comes up formatted in the end */

static void check_first_boot(void)
{
    static struct tree read;
    if (storage_init() == STORAGE_FLASH_DAMAGED || tree_read(&read) < 0)
        fail("the first boot was not finished", NULL, NULL);
    static const char *const folders[] = {"/flash/sys", "/flash/lib", "/flash/cert"};
    bool complete = read.count == 5;
    for (unsigned i = 0; i < 3 && complete; i++)
        complete = tree_find(&read, folders[i]) && tree_find(&read, folders[i])->is_dir;
    if (!complete || !tree_find(&read, "/flash/boot.py") ||
        tree_find(&read, "/flash/boot.py")->size != 84 || !tree_find(&read, "/flash/main.py") ||
        tree_find(&read, "/flash/main.py")->size != 33)
        fail("the first boot was not finished", &read, &read);
    check_goes_on(&read);
    cuts++;
}

static void run_first_boot(unsigned rounds)
{
    at.name = "first boot";
    for (unsigned round = 1; round <= rounds; round++) {
        bool cut = true;
        for (at.command = 1; cut; at.command++) {
            ram_chip_reset();
            at.variant = round;
            /* The same start is cut `round` times, each time a little earlier or later. */
            for (at.again = 0; cut && at.again < round; at.again++)
                cut = cut_recovery(at.command + at.again * (round % 3));
            check_first_boot();
        }
    }
}

int main(int argc, char **argv)
{
    bool is_long = argc == 2 && strcmp(argv[1], "--long") == 0;
    if (argc > 1 && !is_long) {
        fprintf(stderr, "usage: powerloss [--long]\n");
        return 2;
    }
    run_first_boot(is_long ? 12 : 4);
    run("script", 0, 0, is_long ? 8 : 2, is_long);
    for (uint32_t seed = 1; seed <= (is_long ? 20 : 2); seed++) {
        char name[32];
        snprintf(name, sizeof name, "random %u", seed);
        run(name, seed, is_long ? 150 : 60, is_long ? 4 : 1, is_long && seed <= 8);
    }
    printf("powerloss: %lu cuts\n", cuts);
    return 0;
}

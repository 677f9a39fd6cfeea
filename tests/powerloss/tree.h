/* What /flash should contain, and what it does. */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include <stdbool.h>
#include <stdint.h>

#define TREE_ENTRIES 64
#define TREE_PATH    64

struct tree_entry {
    char path[TREE_PATH]; /* "/flash/..." */
    bool is_dir;
    uint32_t size;
    uint32_t hash; /* of the contents */
    uint32_t mtime;
};

struct tree {
    unsigned count;
    struct tree_entry entries[TREE_ENTRIES];
};

struct tree_entry *tree_find(struct tree *tree, const char *path);
/* Find or add. */
struct tree_entry *tree_put(struct tree *tree, const char *path);
void tree_remove(struct tree *tree, const char *path);
/* Rename an entry and what lies below; what `to` was is gone. */
void tree_rename(struct tree *tree, const char *from, const char *to);

uint32_t tree_hash(uint32_t hash, const uint8_t *data, uint32_t size); /* begin with 0 */

/* Read all of /flash through storage. 0, or the first error (with a line on stderr). */
int tree_read(struct tree *tree);

/* True when equal. A directory may be without its mtime: that is written by a second commit. */
bool tree_equal(const struct tree *read, const struct tree *expected);
bool tree_equal_but_times(const struct tree *read, const struct tree *expected);

/* List both on stderr. */
void tree_explain(const struct tree *read, const struct tree *expected);

#endif

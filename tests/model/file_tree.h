/* A model of /flash: what its files and folders are, and which names can be what. It is written
 * from docs/spec.md and knows nothing of storage/. */
#ifndef TESTS_MODEL_FILE_TREE_H
#define TESTS_MODEL_FILE_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/storage.h"

#define TREE_NODES 160

struct tree_node {
    char path[2 * STORAGE_PATH_MAX]; /* "": free */
    bool is_dir;
    bool dated; /* mtime is known: it was set, and nothing was written since */
    uint32_t mtime;
    uint32_t size;
    uint8_t *data;
};

struct tree {
    struct tree_node nodes[TREE_NODES];
};

/* Why something cannot be: the three kinds that FTP tells apart. */
enum verdict {
    FINE,
    MISSING,    /* there is no such name, or no such folder for it */
    WRONG,      /* a folder where there must be a file, and the like */
    UNNAMEABLE, /* no name for anything of the user's */
};

/* A new board's. */
void tree_init(struct tree *tree);
void tree_free(struct tree *tree);

struct tree_node *tree_find(struct tree *tree, const char *path);
/* FINE: it is there, `*node`. */
enum verdict tree_look(struct tree *tree, const char *path, struct tree_node **node);
/* Whether a file or folder can be made there, or is there and can be changed. */
enum verdict tree_can_change(struct tree *tree, const char *path);

/* `data` is copied. Makes the file if there is none. */
struct tree_node *tree_put(struct tree *tree, const char *path, const void *data, uint32_t size);
void tree_append(struct tree_node *node, uint32_t offset, const void *data, uint32_t size);
enum verdict tree_mkdir(struct tree *tree, const char *path);
enum verdict tree_remove(struct tree *tree, const char *path, bool is_dir);
enum verdict tree_rename(struct tree *tree, const char *from, const char *to);

/* UTF-8 without control characters. */
bool tree_is_text(const char *path);
/* Whether `path` is `ancestor` or below it. */
bool tree_is_below(const char *path, const char *ancestor);
/* The name in the folder, if `path` is directly in it; else NULL. */
const char *tree_child_of(const char *path, const char *folder);

#endif

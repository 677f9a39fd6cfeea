#include "tests/model/file_tree.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* ---- names */

/* By the C library in a UTF-8 locale. */
bool tree_is_text(const char *path)
{
    mbstate_t state = {0};
    for (size_t left = strlen(path); left > 0;) {
        wchar_t c;
        size_t size = mbrtowc(&c, path, left, &state);
        if (size == 0 || size > left || c < 0x20 || (c >= 0x7f && c <= 0x9f)) {
            return false;
        }
        path += size;
        left -= size;
    }
    return true;
}

static bool fits(const char *path)
{
    if (strlen(path) >= STORAGE_PATH_MAX) {
        return false;
    }
    for (const char *at = path; at; at = strchr(at + 1, '/')) {
        if (strcspn(at + 1, "/") > STORAGE_NAME_MAX) {
            return false;
        }
    }
    return true;
}

bool tree_is_below(const char *path, const char *ancestor)
{
    size_t length = strlen(ancestor);
    return strncmp(path, ancestor, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

const char *tree_child_of(const char *path, const char *folder)
{
    size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    if (strncmp(path, folder, length) != 0 || path[length] != '/' || path[length + 1] == '\0' ||
        strchr(path + length + 1, '/')) {
        return NULL;
    }
    return path + length + 1;
}

static bool is_reserved(const char *path)
{
    static const char *const reserved[] = {"/flash/sys/mcuimg.bin", "/flash/cert/ca.pem",
                                           "/flash/cert/cert.pem", "/flash/cert/private.key",
                                           "/flash/.uploads"};
    for (unsigned i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (tree_is_below(path, reserved[i])) {
            return true;
        }
    }
    return false;
}

/* ---- nodes */

struct tree_node *tree_find(struct tree *tree, const char *path)
{
    for (unsigned i = 0; i < TREE_NODES; i++) {
        if (*path && strcmp(tree->nodes[i].path, path) == 0) {
            return &tree->nodes[i];
        }
    }
    return NULL;
}

static struct tree_node *add(struct tree *tree, const char *path, bool is_dir)
{
    for (unsigned i = 0; i < TREE_NODES; i++) {
        struct tree_node *node = &tree->nodes[i];
        if (!node->path[0]) {
            *node = (struct tree_node){.is_dir = is_dir};
            strcpy(node->path, path);
            return node;
        }
    }
    abort(); /* the test makes too many */
}

static void drop(struct tree_node *node)
{
    free(node->data);
    *node = (struct tree_node){0};
}

void tree_init(struct tree *tree)
{
    static const char *const folders[] = {"/", "/flash", "/flash/sys", "/flash/lib", "/flash/cert"};
    memset(tree, 0, sizeof *tree);
    for (unsigned i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        add(tree, folders[i], true);
    }
}

void tree_free(struct tree *tree)
{
    for (unsigned i = 0; i < TREE_NODES; i++) {
        drop(&tree->nodes[i]);
    }
}

/* ---- questions */

/* Of the folder in which `path` is. */
static enum verdict look_above(struct tree *tree, const char *path)
{
    char above[2 * STORAGE_PATH_MAX];
    strcpy(above, path);
    for (char *slash = strchr(above + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const struct tree_node *node = tree_find(tree, above);
        *slash = '/';
        if (!node || !node->is_dir) {
            return node ? WRONG : MISSING;
        }
    }
    return FINE;
}

enum verdict tree_look(struct tree *tree, const char *path, struct tree_node **node)
{
    if (!tree_is_text(path) || !fits(path) || is_reserved(path)) {
        return UNNAMEABLE;
    }
    enum verdict verdict = look_above(tree, path);
    *node = verdict == FINE ? tree_find(tree, path) : NULL;
    return verdict == FINE && !*node ? MISSING : verdict;
}

/* In "/" there is what is mounted. */
static enum verdict can_be_changed(const char *path)
{
    if (!tree_is_text(path) || !fits(path) || is_reserved(path) || strcmp(path, "/flash") == 0 ||
        !strchr(path + 1, '/')) {
        return UNNAMEABLE;
    }
    return tree_is_below(path, "/flash") ? FINE : MISSING;
}

enum verdict tree_can_change(struct tree *tree, const char *path)
{
    enum verdict verdict = can_be_changed(path);
    return verdict == FINE ? look_above(tree, path) : verdict;
}

/* ---- changes */

void tree_append(struct tree_node *node, uint32_t offset, const void *data, uint32_t size)
{
    node->data = realloc(node->data, offset + size + 1);
    if (!node->data) {
        abort();
    }
    memcpy(node->data + offset, data, size);
    node->size = offset + size;
    node->dated = false;
}

struct tree_node *tree_put(struct tree *tree, const char *path, const void *data, uint32_t size)
{
    struct tree_node *node = tree_find(tree, path);
    node = node ? node : add(tree, path, false);
    tree_append(node, 0, data, size);
    return node;
}

enum verdict tree_mkdir(struct tree *tree, const char *path)
{
    enum verdict verdict = tree_can_change(tree, path);
    if (verdict == FINE && tree_find(tree, path)) {
        verdict = WRONG;
    }
    if (verdict == FINE) {
        add(tree, path, true);
    }
    return verdict;
}

static bool is_empty(struct tree *tree, const char *path)
{
    for (unsigned i = 0; i < TREE_NODES; i++) {
        if (tree_child_of(tree->nodes[i].path, path)) {
            return false;
        }
    }
    return true;
}

enum verdict tree_remove(struct tree *tree, const char *path, bool is_dir)
{
    struct tree_node *node = NULL;
    enum verdict verdict = tree_can_change(tree, path);
    if (verdict == FINE) {
        verdict = tree_look(tree, path, &node);
    }
    if (verdict == FINE && (node->is_dir != is_dir || !is_empty(tree, path))) {
        verdict = WRONG;
    }
    if (verdict == FINE) {
        drop(node);
    }
    return verdict;
}

/* A folder that would become that of the reserved names may not have such names. */
static bool brings_reserved(struct tree *tree, const char *from, const char *to)
{
    for (unsigned i = 0; i < TREE_NODES; i++) {
        const char *name = tree_child_of(tree->nodes[i].path, from);
        char path[2 * STORAGE_PATH_MAX];
        if (name) {
            strcpy(path, to);
            strcat(strcat(path, "/"), name);
            if (is_reserved(path)) {
                return true;
            }
        }
    }
    return false;
}

static enum verdict check_rename(struct tree *tree, const char *from, const char *to)
{
    struct tree_node *old, *new = NULL;
    enum verdict verdict = can_be_changed(from);
    if (verdict == FINE) {
        verdict = can_be_changed(to);
    }
    if (verdict == FINE) {
        verdict = tree_look(tree, from, &old);
    }
    if (verdict != FINE) {
        return verdict;
    }
    if (old->is_dir && strcmp(from, to) != 0 && tree_is_below(to, from)) {
        return UNNAMEABLE;
    }
    verdict = look_above(tree, to);
    if (verdict == WRONG) {
        return WRONG;
    }
    new = tree_find(tree, to);
    if (new &&new->is_dir != old->is_dir) {
        return WRONG;
    }
    if (old->is_dir && brings_reserved(tree, from, to)) {
        return UNNAMEABLE;
    }
    return verdict == FINE && new &&new != old && !is_empty(tree, to) ? WRONG : verdict;
}

enum verdict tree_rename(struct tree *tree, const char *from, const char *to)
{
    char was[2 * STORAGE_PATH_MAX], is[2 * STORAGE_PATH_MAX], rest[2 * STORAGE_PATH_MAX];
    enum verdict verdict = check_rename(tree, from, to);
    if (verdict != FINE || strcmp(from, to) == 0) {
        return verdict;
    }
    strcpy(was, from); /* they may be of a node */
    strcpy(is, to);
    struct tree_node *gone = tree_find(tree, is);
    if (gone) {
        drop(gone);
    }
    for (unsigned i = 0; i < TREE_NODES; i++) {
        struct tree_node *node = &tree->nodes[i];
        if (node->path[0] && tree_is_below(node->path, was)) {
            strcpy(rest, node->path + strlen(was));
            strcat(strcpy(node->path, is), rest);
        }
    }
    return FINE;
}

/* Facts and listings. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/model/ftp_model.h"

void model_stamp(char text[16], uint32_t seconds)
{
    time_t time = seconds;
    struct tm tm;
    strftime(text, 16, "%Y%m%d%H%M%S", gmtime_r(&time, &tm));
}

static const char *permissions(const char *path, bool is_dir)
{
    if (!is_dir) {
        return "adfrw";
    }
    if (strcmp(path, "/flash/sys") == 0) {
        return "celp"; /* it stays, and only a firmware can be made in it */
    }
    return strcmp(path, "/") == 0 ? "el" : strchr(path + 1, '/') ? "cdeflmp" : "celmp";
}

void model_facts(const struct model *model, char text[3][MODEL_LINE], const char *path,
                 const struct model_stat *stat)
{
    char stamp[16];
    model_stamp(stamp, stat->mtime);
    text[0][0] = text[1][0] = '\0';
    if (model->facts & MODEL_FACT_TYPE) {
        sprintf(text[0], " type=%s;", stat->is_dir ? "dir" : "file");
    }
    if (model->facts & MODEL_FACT_SIZE && !stat->is_dir) {
        sprintf(text[0] + strlen(text[0]), "size=%u;", stat->size);
    }
    if (model->facts & MODEL_FACT_MODIFY && stat->dated && stat->mtime != 0) {
        sprintf(text[0] + strlen(text[0]), "modify=%s;", stamp);
    }
    if (model->facts & MODEL_FACT_PERM) {
        sprintf(text[1], "perm=%s;", permissions(path, stat->is_dir));
    }
    if (model->facts & MODEL_FACT_MODE) {
        strcat(text[1], stat->is_dir ? "UNIX.mode=0755;" : "UNIX.mode=0644;");
    }
    sprintf(text[2], " %s\r\n", path);
}

/* ---- listings */

static const char *skip_options(const char *argument)
{
    while (*argument == '-') {
        argument += strcspn(argument, " ");
        argument += strspn(argument, " ");
    }
    return argument;
}

static void enter(struct listing *listing, const char *prefix, const char *name, const char *type,
                  const char *path, const struct tree_node *node)
{
    struct listed *listed = &listing->entries[listing->count++];
    *listed = (struct listed){.type = type,
                              .perm = permissions(path, node->is_dir),
                              .dated = node->dated,
                              .size = node->size,
                              .mtime = node->mtime};
    sprintf(listed->name, "%s%s", prefix, name);
}

static void enter_all(struct model *model, struct listing *listing, const char *folder,
                      const char *prefix, const char *pattern)
{
    for (unsigned i = 0; i < TREE_NODES; i++) {
        const struct tree_node *node = &model->tree.nodes[i];
        const char *name = tree_child_of(node->path, folder);
        if (name && (!pattern || fnmatch(pattern, name, FNM_PERIOD | FNM_NOESCAPE) == 0)) {
            enter(listing, prefix, name, node->is_dir ? "dir" : "file", node->path, node);
        }
    }
}

static void enter_here_and_above(struct model *model, struct listing *listing, const char *path)
{
    char above[MODEL_LINE];
    enter(listing, "", ".", "cdir", path, tree_find(&model->tree, path));
    if (strcmp(path, "/") != 0) {
        strcpy(above, path);
        *strrchr(above, '/') = '\0';
        const char *folder = above[0] ? above : "/";
        enter(listing, "", "..", "pdir", folder, tree_find(&model->tree, folder));
    }
}

struct listing *model_list(struct model *model, const char *argument, enum listing_kind kind,
                           bool *is_file)
{
    char path[MODEL_LINE], prefix[MODEL_LINE];
    struct tree_node *node = NULL;
    struct listing *listing = calloc(1, sizeof *listing);
    if (!listing) {
        abort();
    }
    argument = kind == LISTING_FACTS ? argument : skip_options(argument);
    listing->kind = kind;
    listing->facts = model->facts;
    *is_file = false;
    enum verdict verdict = model_resolve(model, argument, path);
    if (verdict == FINE) {
        verdict = tree_look(&model->tree, path, &node);
    }
    const char *base = strrchr(argument, '/') ? strrchr(argument, '/') + 1 : argument;
    sprintf(prefix, "%.*s", (int)(base - argument), argument);
    bool names = kind == LISTING_NAMES;
    if (verdict == FINE && node->is_dir) {
        if (kind == LISTING_FACTS) {
            enter_here_and_above(model, listing, path);
        }
        bool bare = !*argument || strcmp(argument, ".") == 0;
        sprintf(prefix, "%s%s", bare ? "" : argument, !bare && *base ? "/" : "");
        enter_all(model, listing, path, names ? prefix : "", NULL);
        return listing;
    }
    if (verdict == FINE && kind != LISTING_FACTS) {
        *is_file = true;
        enter(listing, "", argument, "file", path, node);
        return listing;
    }
    if (verdict == MISSING && kind != LISTING_FACTS && strpbrk(base, "*?") &&
        model_resolve(model, prefix, path) == FINE &&
        tree_look(&model->tree, path, &node) == FINE && node->is_dir) {
        enter_all(model, listing, path, names ? prefix : "", base);
        return listing;
    }
    *is_file = verdict == FINE || verdict == WRONG;
    free(listing);
    return NULL;
}

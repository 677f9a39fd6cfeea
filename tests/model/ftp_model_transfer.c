/* Transfers: their beginning, and what they leave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/ftp_model.h"

void model_finish(struct model *model)
{
    model->transfer = MODEL_IDLE;
    model->data = MODEL_NONE;
    free(model->listing);
    model->listing = NULL;
}

/* The first `size` bytes of the upload are in the file. */
void model_keep(struct model *model, uint32_t size)
{
    int stream = model_stream(model->path);
    if (stream >= 0) {
        model->hidden[stream] = size;
    } else if (model->aside || model->is_new) {
        tree_put(&model->tree, model->path, model->upload, size);
    } else {
        tree_append(tree_find(&model->tree, model->path), model->offset, model->upload, size);
    }
}

/* What an interrupted upload leaves. */
void model_give_up(struct model *model)
{
    uint32_t kept = model->uploaded / MODEL_PIECE * MODEL_PIECE;
    if (model->transfer == MODEL_STORES && !model->aside && kept > 0) {
        model_keep(model, kept);
    }
    model_finish(model);
}

static void begin(struct model *model, enum model_transfer transfer)
{
    if (model->data == MODEL_ACTIVE && model->connect_fails) {
        model_expect(model, 425);
        model_finish(model);
        return;
    }
    if (model->data == MODEL_ACTIVE) {
        model->data = MODEL_AWAITED;
    }
    model->transfer = transfer;
    model->data_ended = false;
    model->uploaded = 0;
    struct expected *expected = model_expect(model, 150);
    if (transfer == MODEL_STORES && model->unique) {
        sprintf(expected->text[0], "150 FILE: %s\r\n", model->path);
    }
}

static void refuse(struct model *model, unsigned code)
{
    free(model->listing);
    model->listing = NULL;
    model->data = MODEL_NONE;
    model_expect(model, code);
}

/* Puts a time stamp behind a name that is taken. WRONG: there are too many of them. */
static enum verdict make_unique(struct model *model, char *path)
{
    struct tree_node *node;
    size_t length = strlen(path);
    for (uint32_t i = 0;; i++) {
        bool taken = tree_look(&model->tree, path, &node) == FINE || model_stream(path) >= 0;
        if (!taken) {
            return FINE;
        }
        if (length + 15 >= STORAGE_PATH_MAX) {
            return UNNAMEABLE;
        }
        if (i == 7) {
            return WRONG;
        }
        path[length] = '.';
        model_stamp(path + length + 1, model->now + i);
    }
}

static void store(struct model *model, const char *argument, bool appends, uint64_t offset)
{
    char *path = model->path;
    struct tree_node *node = NULL;
    if (model_is_folders_name(argument) || model_resolve(model, argument, path) != FINE) {
        refuse(model, 553);
        return;
    }
    enum verdict verdict = model->unique ? make_unique(model, path) : FINE;
    if (verdict != FINE) {
        refuse(model, verdict == UNNAMEABLE ? 553 : 550);
        return;
    }
    strcpy(model->stored, path);
    bool whole = !appends && offset == 0;
    model->offset = (uint32_t)offset;
    if (model_stream(path) >= 0) {
        model->aside = true;
        model->is_new = false;
        if (whole) {
            begin(model, MODEL_STORES);
        } else {
            refuse(model, 553);
        }
        return;
    }
    verdict = tree_look(&model->tree, path, &node);
    if (verdict == UNNAMEABLE || strncmp(path, "/flash/sys/", 11) == 0) {
        refuse(model, 553);
    } else if (verdict == WRONG || (verdict == FINE && node->is_dir)) {
        refuse(model, 550);
    } else if (!appends && !whole && (!node || offset > node->size)) {
        refuse(model, 554);
    } else if (verdict == MISSING && tree_can_change(&model->tree, path) != FINE) {
        refuse(model, tree_can_change(&model->tree, path) == UNNAMEABLE ? 553 : 550);
    } else {
        model->aside = whole && node;
        model->is_new = !node;
        model->offset = node && appends ? node->size : (uint32_t)offset;
        begin(model, MODEL_STORES);
    }
}

static void retrieve(struct model *model, const char *argument, uint64_t offset)
{
    struct tree_node *node = NULL;
    if (model_resolve(model, argument, model->path) != FINE ||
        tree_look(&model->tree, model->path, &node) != FINE || node->is_dir) {
        refuse(model, 550);
    } else if (offset > node->size) {
        refuse(model, 554);
    } else {
        model->offset = (uint32_t)offset;
        begin(model, MODEL_RETRIEVES);
    }
}

bool model_transfer_run(struct model *model, const char *verb, const char *argument)
{
    static const char *const verbs[] = {"RETR", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD"};
    static const enum listing_kind kinds[] = {LISTING_LONG, LISTING_NAMES, LISTING_FACTS};
    struct model_stat stat;
    unsigned which = 0;
    while (which < 7 && strcmp(verbs[which], verb) != 0) {
        which++;
    }
    if (which == 7) {
        return false;
    }
    uint64_t offset = model->restart;
    model->restart = 0;
    if (which == 2 && offset > 0 &&
        (model_stat(model, argument, model->path, &stat) != FINE || stat.size != offset)) {
        model_expect(model, 503);
        return true;
    }
    model->stored_is_known = model->stored_is_known && (which == 0 || which > 3);
    bool stores = which >= 1 && which <= 3;
    if (model->data == MODEL_NONE || (model->ended && stores)) {
        model_expect(model, 425);
    } else if (which == 0) {
        retrieve(model, argument, offset);
    } else if (which < 4) {
        model->unique = which == 3;
        store(model, which == 3 && !*argument ? "upload" : argument, which == 2, offset);
    } else {
        bool is_file;
        model->listing = model_list(model, argument, kinds[which - 4], &is_file);
        if (model->listing) {
            begin(model, MODEL_LISTS);
        } else {
            refuse(model, is_file && which == 6 ? 501 : 550);
        }
    }
    return true;
}

void model_data_connected(struct model *model)
{
    model->data = MODEL_OPEN;
}

void model_data_came(struct model *model, const void *data, uint32_t size)
{
    if (model->uploaded + size > MODEL_UPLOAD) {
        abort();
    }
    memcpy(model->upload + model->uploaded, data, size);
    model->uploaded += size;
}

void model_data_ended(struct model *model)
{
    model->data_ended = true;
}

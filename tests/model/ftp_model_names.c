/* The commands about names, and those without one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "tests/model/ftp_model.h"

int model_stream(const char *path)
{
    static const char *const streams[] = {"/flash/cert/ca.pem", "/flash/cert/cert.pem",
                                          "/flash/cert/private.key", "/flash/sys/mcuimg.bin"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(path, streams[i]) == 0) {
            return i;
        }
    }
    return -1;
}

bool model_word_is(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

enum verdict model_resolve(const struct model *model, const char *name, char path[MODEL_LINE])
{
    strcpy(path, name[0] == '/' || strcmp(model->directory, "/") == 0 ? "" : model->directory);
    if (!tree_is_text(name)) {
        return UNNAMEABLE;
    }
    while (*name) {
        size_t size = strcspn(name, "/");
        if (size == 2 && strncmp(name, "..", 2) == 0) {
            if (strrchr(path, '/')) {
                *strrchr(path, '/') = '\0';
            }
        } else if (size > 0 && !(size == 1 && *name == '.')) {
            if (size > STORAGE_NAME_MAX || strlen(path) + 1 + size >= STORAGE_PATH_MAX) {
                return UNNAMEABLE;
            }
            strcat(path, "/");
            strncat(path, name, size);
        }
        name += size + (name[size] == '/');
    }
    if (!*path) {
        strcpy(path, "/");
    }
    return FINE;
}

bool model_is_folders_name(const char *name)
{
    const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    return !*base || strcmp(base, ".") == 0;
}

enum verdict model_stat(struct model *model, const char *name, char path[MODEL_LINE],
                        struct model_stat *stat)
{
    struct tree_node *node = NULL;
    enum verdict verdict = model_resolve(model, name, path);
    if (verdict == FINE && model_stream(path) >= 0 && model->stored_is_known &&
        strcmp(path, model->stored) == 0) {
        *stat = (struct model_stat){
            .dated = true, .size = model->stored_size, .mtime = model->stored_mtime};
        return FINE;
    }
    if (verdict == FINE) {
        verdict = tree_look(&model->tree, path, &node);
    }
    if (verdict == FINE) {
        *stat = (struct model_stat){
            .is_dir = node->is_dir, .dated = node->dated, .size = node->size, .mtime = node->mtime};
    }
    return verdict;
}

/* ---- times */

/* "STAMP name": the name, or NULL. The date is left to the C library. */
static const char *stamped(const char *argument, uint32_t *seconds)
{
    struct tm tm = {0};
    size_t digits = strspn(argument, "0123456789");
    const char *rest = argument + digits;
    if ((digits != 14 && digits != 12) ||
        sscanf(argument, "%4d%2d%2d%2d%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min) != 5) {
        return NULL;
    }
    tm.tm_sec = digits == 14 ? atoi((const char[]){argument[12], argument[13], 0}) : 0;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    struct tm normal = tm;
    time_t time = timegm(&normal);
    if (normal.tm_mday != tm.tm_mday && tm.tm_sec != 60) {
        return NULL; /* there is no such day */
    }
    if (tm.tm_mon > 11 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60 || time < 0 ||
        time > UINT32_MAX) {
        return NULL;
    }
    if (*rest == '.' && strspn(rest + 1, "0123456789")) {
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    *seconds = (uint32_t)time;
    return rest[0] == ' ' && rest[1] ? rest + 1 : NULL;
}

static enum verdict set_time(struct model *model, const char *name, uint32_t seconds,
                             char path[MODEL_LINE])
{
    struct model_stat stat;
    enum verdict verdict = model_stat(model, name, path, &stat);
    if (verdict == FINE && model_stream(path) >= 0) {
        model->stored_mtime = seconds;
        return FINE;
    }
    if (verdict == FINE) {
        verdict = tree_can_change(&model->tree, path);
    }
    if (verdict == FINE) {
        struct tree_node *node = tree_find(&model->tree, path);
        node->dated = true;
        node->mtime = seconds;
    }
    return verdict;
}

static void reply_set(struct model *model, const char *fact, const char *name, uint32_t seconds)
{
    char path[MODEL_LINE], stamp[16];
    if (set_time(model, name, seconds, path) != FINE) {
        model_expect(model, 550);
        return;
    }
    model_stamp(stamp, seconds);
    sprintf(model_expect(model, 213)->text[0], "213 %s%s; %s\r\n", fact, stamp, path);
}

static void mdtm(struct model *model, const char *argument)
{
    char path[MODEL_LINE];
    struct model_stat stat;
    uint32_t seconds;
    const char *name = stamped(argument, &seconds);
    enum verdict verdict = model_stat(model, argument, path, &stat);
    if (name && verdict != FINE) {
        reply_set(model, "ModifyTime=", name, seconds);
    } else if (verdict != FINE || stat.is_dir) {
        model_expect(model, 550);
    } else {
        struct expected *expected = model_expect(model, 213);
        if (stat.dated) {
            model_stamp(expected->text[0], stat.mtime);
        }
    }
}

static void site(struct model *model, const char *argument)
{
    char path[MODEL_LINE], name[MODEL_LINE];
    struct model_stat stat;
    uint32_t seconds;
    size_t length = strcspn(argument, " ");
    const char *rest = argument + length + (argument[length] == ' ');
    if (model_word_is(argument, length, "HELP")) {
        model_expect(model, 214);
    } else if (model_word_is(argument, length, "CHMOD")) {
        int end = 0;
        bool named = sscanf(rest, "%*4[0-7] %n", &end) == 0 && end > 0 && rest[end - 1] == ' ';
        const char *space = named ? strchr(rest, ' ') : NULL;
        model_expect(model, !space || !space[1]                                 ? 501
                            : model_stat(model, space + 1, path, &stat) == FINE ? 200
                                                                                : 550);
    } else if (model_word_is(argument, length, "UTIME")) {
        /* The long form: name and three times of 14 digits. */
        static const char tail[] = " 20010101000000 20020202020202 20030303030303 UTC";
        const char *end = strstr(rest, tail);
        if (end && end > rest && end[sizeof tail - 1] == '\0') {
            sprintf(name, "%.*s", (int)(end - rest), rest);
            seconds = 1012615322;
        } else if (stamped(rest, &seconds)) {
            strcpy(name, stamped(rest, &seconds));
        } else {
            model_expect(model, 501);
            return;
        }
        model_expect(model, set_time(model, name, seconds, path) == FINE ? 200 : 550);
    } else {
        model_expect(model, 504);
    }
}

/* ---- the others */

static void stat_command(struct model *model, const char *argument)
{
    bool is_file;
    struct listing *listing = model_list(model, argument, LISTING_LONG, &is_file);
    struct expected *expected = model_expect(model, !listing ? 550 : is_file ? 213 : 212);
    expected->listing = listing;
}

static void reply_path(struct model *model, const char *path)
{
    char *at = model_expect(model, 257)->text[0];
    at += sprintf(at, "257 \"");
    for (; *path; path++) {
        at += sprintf(at, *path == '"' ? "\"\"" : "%c", *path);
    }
    strcpy(at, "\" ");
}

static void cwd(struct model *model, const char *argument)
{
    char path[MODEL_LINE];
    struct model_stat stat;
    if (model_stat(model, argument, path, &stat) == FINE && stat.is_dir) {
        strcpy(model->directory, path);
        model_expect(model, 250);
    } else {
        model_expect(model, 550);
    }
}

static void mkd(struct model *model, const char *argument)
{
    char path[MODEL_LINE];
    enum verdict verdict = model_resolve(model, argument, path);
    if (verdict == FINE && strncmp(path, "/flash/sys/", 11) == 0) {
        verdict = UNNAMEABLE; /* firmware goes there, and nothing else */
    }
    if (verdict == FINE) {
        verdict = tree_mkdir(&model->tree, path);
    }
    if (verdict == FINE) {
        reply_path(model, path);
    } else {
        model_expect(model, verdict == UNNAMEABLE ? 553 : 550);
    }
}

static void remove_command(struct model *model, const char *argument, bool is_dir)
{
    char path[MODEL_LINE];
    enum verdict verdict = model_resolve(model, argument, path);
    int stream = verdict == FINE ? model_stream(path) : -1;
    if (stream >= 0 && stream < MODEL_HIDDEN && !is_dir) {
        verdict = model->hidden[stream] > 0 ? FINE : MISSING;
        model->hidden[stream] = 0;
    } else if (verdict == FINE && is_dir && strcmp(path, "/flash/sys") == 0) {
        verdict = WRONG;
    } else if (verdict == FINE) {
        verdict = tree_remove(&model->tree, path, is_dir);
    }
    model->stored_is_known = model->stored_is_known && verdict != FINE;
    model_expect(model, verdict == FINE ? 250 : 550);
}

static void rnfr(struct model *model, const char *argument)
{
    struct tree_node *node;
    char path[MODEL_LINE];
    bool fine = model_resolve(model, argument, path) == FINE &&
                tree_look(&model->tree, path, &node) == FINE;
    strcpy(model->rename_from, fine ? path : "");
    model_expect(model, fine ? 350 : 550);
}

static void rnto(struct model *model, const char *argument)
{
    char path[MODEL_LINE];
    if (!model->rename_from[0]) {
        model_expect(model, 503);
        return;
    }
    const struct tree_node *from = tree_find(&model->tree, model->rename_from);
    enum verdict verdict = model_resolve(model, argument, path);
    if (verdict == FINE && from && !from->is_dir && model_is_folders_name(argument)) {
        verdict = UNNAMEABLE;
    }
    if (verdict == FINE && (tree_is_below(path, "/flash/sys") || model_stream(path) >= 0 ||
                            strcmp(model->rename_from, "/flash/sys") == 0)) {
        verdict = UNNAMEABLE;
    }
    if (verdict == FINE) {
        verdict = tree_rename(&model->tree, model->rename_from, path);
    }
    model_expect(model, verdict == FINE ? 250 : verdict == UNNAMEABLE ? 553 : 550);
}

static void size_command(struct model *model, const char *argument)
{
    char path[MODEL_LINE];
    struct model_stat stat;
    if (model_stat(model, argument, path, &stat) == FINE && !stat.is_dir) {
        sprintf(model_expect(model, 213)->text[0], "213 %u\r\n", stat.size);
    } else {
        model_expect(model, 550);
    }
}

static void mlst(struct model *model, const char *argument)
{
    char path[MODEL_LINE];
    struct model_stat stat;
    if (model_stat(model, argument, path, &stat) == FINE) {
        model_facts(model, model_expect(model, 250)->text, path, &stat);
    } else {
        model_expect(model, 550);
    }
}

static bool is_one_of(const char *argument, const char *words)
{
    char word[MODEL_LINE + 4];
    sprintf(word, "[%s]", argument);
    return strcasestr(words, word) != NULL;
}

bool model_names_run(struct model *model, const char *verb, const char *argument)
{
    uint32_t seconds;
    if (verb[0] == 'X') {
        verb = strcmp(verb, "XCUP") == 0 ? "CDUP" : verb + 1;
    }
    if (strcmp(verb, "PWD") == 0) {
        reply_path(model, model->directory);
    } else if (strcmp(verb, "CWD") == 0) {
        cwd(model, argument);
    } else if (strcmp(verb, "CDUP") == 0) {
        cwd(model, "..");
    } else if (strcmp(verb, "MKD") == 0) {
        mkd(model, argument);
    } else if (strcmp(verb, "RMD") == 0) {
        remove_command(model, argument, true);
    } else if (strcmp(verb, "DELE") == 0) {
        remove_command(model, argument, false);
    } else if (strcmp(verb, "RNFR") == 0) {
        rnfr(model, argument);
    } else if (strcmp(verb, "RNTO") == 0) {
        rnto(model, argument);
    } else if (strcmp(verb, "SIZE") == 0) {
        size_command(model, argument);
    } else if (strcmp(verb, "MLST") == 0) {
        mlst(model, argument);
    } else if (strcmp(verb, "MDTM") == 0) {
        mdtm(model, argument);
    } else if (strcmp(verb, "MFMT") == 0) {
        const char *name = stamped(argument, &seconds);
        if (name) {
            reply_set(model, "Modify=", name, seconds);
        } else {
            model_expect(model, 501);
        }
    } else if (strcmp(verb, "SITE") == 0) {
        site(model, argument);
    } else if (strcmp(verb, "STAT") == 0) {
        stat_command(model, argument);
    } else if (strcmp(verb, "TYPE") == 0) {
        model_expect(model, is_one_of(argument, "[A][I][L 8][A N]") ? 200 : 504);
    } else if (strcmp(verb, "MODE") == 0) {
        model_expect(model, is_one_of(argument, "[S]") ? 200 : 504);
    } else if (strcmp(verb, "STRU") == 0) {
        model_expect(model, is_one_of(argument, "[F]") ? 200 : 504);
    } else if (strcmp(verb, "ALLO") == 0) {
        bool good = is_one_of(argument, "[5][5 R 6]");
        model_expect(model, good ? 202 : strcmp(argument, "5 5") == 0 ? 501 : 552);
    } else {
        return false;
    }
    return true;
}

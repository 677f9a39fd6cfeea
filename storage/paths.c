#include "storage/internal.h"

#include <string.h>

#include "lib/utf8.h"

const struct volume *const volumes[] = {&flash_files, &card_files, NULL};

int path_check_name(const struct volume *volume, const char *name, size_t *length)
{
    size_t at = 0;
    while (name[at] != '/' && name[at] != '\0') {
        /* A NUL ends the look at the bytes: it is part of no longer character. */
        size_t size = utf8_printable((const uint8_t *)name + at, 4);
        if (size == 0) {
            return STORAGE_INVALID;
        }
        at += size;
    }
    *length = at;
    if (at == 0 || (at == 1 && name[0] == '.') || (at == 2 && name[0] == '.' && name[1] == '.')) {
        return STORAGE_INVALID;
    }
    return volume != NULL ? volume->check_name(name, at) : STORAGE_OK;
}

/* Every component of `text`, by the rules of `volume`. */
static int check(const struct volume *volume, const char *text)
{
    for (const char *at = text; *at == '/';) {
        size_t length;
        int result = path_check_name(volume, at + 1, &length);
        if (result != STORAGE_OK) {
            return result;
        }
        at += 1 + length;
    }
    return STORAGE_OK;
}

/* The next character of well-formed UTF-8. */
static uint32_t next_character(const char **text)
{
    const uint8_t *at = (const uint8_t *)*text;
    unsigned length = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    uint32_t character = length == 1 ? at[0] : at[0] & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) {
        character = character << 6 | (at[i] & 0x3fu);
    }
    *text += length;
    return character;
}

static bool same(const struct volume *volume, uint32_t a, uint32_t b)
{
    return a == b || (volume->fold != NULL && volume->fold(a) == volume->fold(b));
}

bool path_is_below(const struct volume *volume, const char *key, const char *ancestor)
{
    if (strcmp(ancestor, "/") == 0) {
        return true;
    }
    while (*ancestor != '\0') {
        if (*key == '\0' || !same(volume, next_character(&key), next_character(&ancestor))) {
            return false;
        }
    }
    return *key == '\0' || *key == '/';
}

bool path_is_same(const struct volume *volume, const char *key, const char *other)
{
    return path_is_below(volume, key, other) && path_is_below(volume, other, key);
}

bool path_is_reserved(const struct volume *volume, const char *inner)
{
    for (unsigned i = 0; volume->reserved != NULL && volume->reserved[i] != NULL; i++) {
        if (path_is_below(volume, inner, volume->reserved[i])) {
            return true;
        }
    }
    return false;
}

const char *path_reserved_in(const struct volume *volume, const char *inner, unsigned index)
{
    for (unsigned i = 0; volume->reserved != NULL && volume->reserved[i] != NULL; i++) {
        const char *name = volume->reserved[i];
        const char *last = strrchr(name, '/');
        size_t directory = (size_t)(last - name);
        if (strlen(inner) == directory && strncmp(inner, name, directory) == 0 && index-- == 0) {
            return last;
        }
    }
    return NULL;
}

void path_of_entry(char full[PATH_OF_ENTRY_MAX], const char *inner, const char *name)
{
    size_t length = strcmp(inner, "/") == 0 ? 0 : strlen(inner);
    memcpy(full, inner, length);
    full[length] = '/';
    strcpy(full + length + 1, name);
}

/* The volume whose name `text` begins with, NULL: none. `*inner` is what follows the name. */
static const struct volume *volume_of(const char *text, const char **inner)
{
    for (unsigned i = 0; volumes[i] != NULL; i++) {
        size_t length = strlen(volumes[i]->name);
        if (strncmp(text + 1, volumes[i]->name, length) == 0 &&
            (text[1 + length] == '/' || text[1 + length] == '\0')) {
            *inner = text + 1 + length;
            return volumes[i];
        }
    }
    return NULL;
}

int path_resolve(struct path *path, const char *text)
{
    if (memchr(text, '\0', STORAGE_PATH_MAX) == NULL) {
        return STORAGE_NAME_TOO_LONG;
    }
    if (text[0] != '/') {
        return STORAGE_INVALID;
    }
    path->kind = PATH_ROOT;
    path->volume = NULL;
    path->inner = "/";
    strcpy(path->key, "/");
    if (text[1] == '\0') {
        return STORAGE_OK;
    }
    const char *inner = NULL;
    path->volume = volume_of(text, &inner);
    int state = path->volume != NULL ? path->volume->state() : STORAGE_NOT_FOUND;
    /* What is not there has no rules of its own for names. */
    int result = state == STORAGE_OK ? check(path->volume, inner) : check(NULL, text);
    if (result != STORAGE_OK || state != STORAGE_OK) {
        return result != STORAGE_OK ? result : state;
    }
    path->kind = PATH_MOUNT;
    if (inner[0] == '\0') {
        return STORAGE_OK;
    }
    path->kind = PATH_INSIDE;
    path->inner = inner;
    strcpy(path->key, inner);
    if (path->volume->true_path != NULL) {
        result = path->volume->true_path(path->key);
    }
    return result == STORAGE_OK && path_is_reserved(path->volume, inner) ? STORAGE_DENIED : result;
}

int path_resolve_change(struct path *path, const char *text)
{
    int result = path_resolve(path, text);
    if (result == STORAGE_OK && path->kind != PATH_INSIDE) {
        return STORAGE_DENIED;
    }
    return result == STORAGE_OK ? path->volume->changeable() : result;
}

int path_resolve_new(struct path *path, const char *text)
{
    int result = path_resolve_change(path, text);
    return result == STORAGE_NOT_FOUND && strchr(text + 1, '/') == NULL ? STORAGE_DENIED : result;
}

#include "storage/internal.h"

#include <string.h>

#include "lib/utf8.h"

#define MOUNT "/flash"

/* Names that belong to updates and to the hidden store, and the place for uploads. */
static const char *const reserved[] = {
    "/sys/mcuimg.bin", "/cert/ca.pem", "/cert/cert.pem", "/cert/private.key", FLASH_VOLUME_UPLOADS,
};
#define RESERVED_COUNT (sizeof reserved / sizeof reserved[0])

/* Check one component, which ends at '/' or NUL; its length goes to `*length`. */
static int check_component(const char *name, size_t *length)
{
    size_t at = 0;
    while (name[at] != '/' && name[at] != '\0') {
        /* A NUL ends the look at the bytes: it is part of no longer character. */
        size_t size = utf8_printable((const uint8_t *)name + at, 4);
        if (size == 0)
            return STORAGE_INVALID;
        at += size;
    }
    *length = at;
    if (at == 0 || (at == 1 && name[0] == '.') || (at == 2 && name[0] == '.' && name[1] == '.'))
        return STORAGE_INVALID;
    return at <= STORAGE_NAME_MAX ? STORAGE_OK : STORAGE_NAME_TOO_LONG;
}

static int check(const char *text)
{
    if (memchr(text, '\0', STORAGE_PATH_MAX) == NULL)
        return STORAGE_NAME_TOO_LONG;
    if (text[0] != '/')
        return STORAGE_INVALID;
    if (text[1] == '\0')
        return STORAGE_OK;
    for (const char *at = text; *at == '/';) {
        size_t length;
        int result = check_component(at + 1, &length);
        if (result != STORAGE_OK)
            return result;
        at += 1 + length;
    }
    return STORAGE_OK;
}

bool path_is_below(const char *inner, const char *ancestor)
{
    size_t length = strlen(ancestor);
    return strncmp(inner, ancestor, length) == 0 && (inner[length] == '\0' || inner[length] == '/');
}

bool path_is_reserved(const char *inner)
{
    for (unsigned i = 0; i < RESERVED_COUNT; i++)
        if (path_is_below(inner, reserved[i]))
            return true;
    return false;
}

const char *path_reserved_in(const char *inner, unsigned index)
{
    for (unsigned i = 0; i < RESERVED_COUNT; i++) {
        const char *last = strrchr(reserved[i], '/');
        size_t directory = (size_t)(last - reserved[i]);
        if (strlen(inner) == directory && strncmp(inner, reserved[i], directory) == 0 &&
            index-- == 0)
            return last;
    }
    return NULL;
}

int path_resolve(struct path *path, const char *text)
{
    int result = check(text);
    if (result != STORAGE_OK)
        return result;
    path->inner = "/";
    if (text[1] == '\0') {
        path->kind = PATH_ROOT;
        return STORAGE_OK;
    }
    if (!path_is_below(text, MOUNT))
        return STORAGE_NOT_FOUND;
    if (!flash_volume_usable())
        return STORAGE_NO_VOLUME;
    const char *inner = text + strlen(MOUNT);
    if (inner[0] == '\0') {
        path->kind = PATH_MOUNT;
        return STORAGE_OK;
    }
    path->kind = PATH_INSIDE;
    path->inner = inner;
    return path_is_reserved(inner) ? STORAGE_DENIED : STORAGE_OK;
}

int path_resolve_change(struct path *path, const char *text)
{
    int result = path_resolve(path, text);
    if (result == STORAGE_NOT_FOUND && strchr(text + 1, '/') == NULL)
        return STORAGE_DENIED;
    if (result == STORAGE_OK && path->kind != PATH_INSIDE)
        return STORAGE_DENIED;
    return result;
}

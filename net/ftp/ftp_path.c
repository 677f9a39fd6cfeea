#include "net/ftp/ftp_path.h"

#include <string.h>

#include "lib/utf8.h"

int ftp_path_resolve(char path[STORAGE_PATH_MAX], const char *directory, const char *name)
{
    /* `length` bytes of `path` are done: "" stands for "/" until the end. */
    size_t length = 0;
    if (name[0] != '/' && strcmp(directory, "/") != 0) {
        length = strlen(directory);
        memcpy(path, directory, length);
    }

    while (*name) {
        size_t part = strcspn(name, "/");
        for (size_t i = 0, size; i < part; i += size) {
            size = utf8_printable((const uint8_t *)name + i, part - i);
            if (size == 0) {
                return FTP_FILES_NO_TEXT;
            }
        }
        if (part == 2 && name[0] == '.' && name[1] == '.') {
            while (length > 0 && path[--length] != '/') {
            }
        } else if (part > 0 && !(part == 1 && name[0] == '.')) {
            if (part > STORAGE_NAME_MAX || length + 1 + part >= STORAGE_PATH_MAX) {
                return STORAGE_NAME_TOO_LONG;
            }
            path[length++] = '/';
            memcpy(path + length, name, part);
            length += part;
        }
        name += part;
        name += *name == '/' ? 1 : 0;
    }

    if (length == 0) {
        path[length++] = '/';
    }
    path[length] = '\0';
    return STORAGE_OK;
}

const char *ftp_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool ftp_path_is_folder(const char *name)
{
    const char *base = ftp_path_base(name);
    return *base == '\0' || strcmp(base, ".") == 0;
}

#include "board/air/place_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/text.h"

/* The place of all who do not name one. A runtime directory that the environment names is used only
 * if it is this user's: `su` may have left another one's name there. */
static void default_path(char *path, size_t size)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct stat stat;
    if (runtime != NULL && runtime[0] == '/' && strlen(runtime) < size / 2 &&
        fstatat(AT_FDCWD, runtime, &stat, 0) == 0 && stat.st_uid == geteuid()) {
        snprintf(path, size, "%s/wipy-air", runtime);
    } else {
        snprintf(path, size, "/tmp/wipy-air-%u", (unsigned)geteuid());
    }
}

/* The path that is still the folder's when the process works in another one. */
static int absolute(char *absolute_path, size_t size, const char *path)
{
    char here[PATH_MAX] = "";
    if (path[0] != '/' && getcwd(here, sizeof here) == NULL) {
        return -errno;
    }
    const char *slash = path[0] != '/' ? "/" : "";
    int length = snprintf(absolute_path, size, "%s%s%s", here, slash, path);
    return length < (int)size ? 0 : -ENAMETOOLONG;
}

/* Open the folder, if it can be trusted. -errno; -EPERM: it cannot. */
static int open_folder(const struct air_place *place)
{
    struct stat stat;
    int fd = open(place->path,
                  O_RDONLY | O_DIRECTORY | O_CLOEXEC | (place->is_default ? O_NOFOLLOW : 0));
    if (fd < 0 || fstat(fd, &stat) < 0) {
        return -errno;
    }
    if (stat.st_uid != place->owner || (stat.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        close(fd);
        return -EPERM;
    }
    /* Those who tidy /tmp leave what is locked alone. */
    flock(fd, LOCK_SH | LOCK_NB);
    return fd;
}

int air_place_open(struct air_place *place, const char *path, char *error, size_t error_size)
{
    int result = 0;
    place->owner = geteuid();
    place->is_default = path == NULL; /* anybody can make a link in /tmp */
    if (path == NULL) {
        default_path(place->path, sizeof place->path);
    } else {
        result = absolute(place->path, sizeof place->path, path);
    }
    if (result < 0) {
        return text_fail(error, error_size, "the air %s: %s", path, strerror(-result));
    }
    if (mkdir(place->path, 0700) < 0 && errno != EEXIST) {
        return text_fail(error, error_size, "cannot make the folder of the air, %s: %s",
                         place->path, strerror(errno));
    }
    place->dir_fd = open_folder(place);
    if (place->dir_fd == -EPERM) {
        return text_fail(error, error_size,
                         "the folder of the air, %s, must be yours, and writable by nobody else",
                         place->path);
    }
    if (place->dir_fd < 0) {
        return text_fail(error, error_size, "cannot use the folder of the air, %s: %s", place->path,
                         strerror(-place->dir_fd));
    }
    return 0;
}

void place_renew(const struct air_place *place)
{
    struct stat stat;
    if (fstat(place->dir_fd, &stat) < 0 || stat.st_nlink > 0) {
        return;
    }
    (void)mkdir(place->path, 0700); /* those who may not find the one that a board makes */
    int fd = open_folder(place);
    if (fd >= 0) {
        dup3(fd, place->dir_fd, O_CLOEXEC);
        close(fd);
    }
}

void air_place_close(struct air_place *place)
{
    close(place->dir_fd);
    place->dir_fd = -1;
}

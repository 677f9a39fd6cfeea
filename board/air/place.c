#include "board/air/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "board/air/beacon_text.h"
#include "board/air/place_folder.h"

#define ENTRIES_MAX 4096 /* of the directory that a scan looks at */
#define BACKLOG     64
#define TRIES       20 /* for what another process holds only for a moment */
#define LOCK_TRIES  1000
#define PAUSE_US    1000

/* ---- files */

static void file_name(char name[24], const uint8_t bssid[6], const char *suffix)
{
    snprintf(name, 24, "%02x%02x%02x%02x%02x%02x%s", bssid[0], bssid[1], bssid[2], bssid[3],
             bssid[4], bssid[5], suffix);
}

static bool is_named(int fd, int dir, const char *name)
{
    struct stat mine, named;
    return fstat(fd, &mine) == 0 && fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

/* Open and lock the file of this name: who has it may rename or remove it. -errno; EWOULDBLOCK:
 * somebody else has it, and not just for a moment, if `tries` are more than one. */
static int take(int dir, const char *name, int flags, int tries)
{
    for (int i = 0; i < tries; i++) {
        int fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0) {
            return -errno;
        }
        bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (locked && is_named(fd, dir, name)) {
            return fd;
        }
        close(fd);
        if (!locked && i + 1 < tries) {
            usleep(PAUSE_US);
        }
    }
    return -EWOULDBLOCK;
}

static bool write_whole(int fd, const char *text)
{
    size_t size = strlen(text);
    return ftruncate(fd, 0) == 0 && pwrite(fd, text, size, 0) == (ssize_t)size;
}

/* Read a file that is open. Its size, or -errno. */
static int read_whole(int fd, char *text, size_t text_size)
{
    struct stat stat;
    if (fstat(fd, &stat) < 0) {
        return -errno;
    }
    if (!S_ISREG(stat.st_mode)) {
        return -EISDIR;
    }
    if (stat.st_size >= (off_t)text_size) {
        return -EFBIG;
    }
    ssize_t size = pread(fd, text, text_size - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    return size < 0 ? -errno : (int)size;
}

int air_place_read(const struct air_place *place, const char *name, char *text, size_t text_size)
{
    int fd = openat(place->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return -errno;
    }
    int size = read_whole(fd, text, text_size);
    close(fd);
    return size;
}

int air_place_write(const struct air_place *place, const char *name, const char *text)
{
    char aside[64];
    snprintf(aside, sizeof aside, "%s.new", name);
    int fd = take(place->dir_fd, aside, O_RDWR | O_CREAT, TRIES);
    if (fd < 0) {
        return fd;
    }
    int result = 0;
    if (!write_whole(fd, text) || renameat(place->dir_fd, aside, place->dir_fd, name) < 0) {
        result = -errno;
        unlinkat(place->dir_fd, aside, 0);
    }
    close(fd);
    return result;
}

static void lock_name(char lock[64], const char *name)
{
    snprintf(lock, 64, "%s.lock", name);
}

int air_place_lock(const struct air_place *place, const char *name)
{
    char lock[64];
    lock_name(lock, name);
    return take(place->dir_fd, lock, O_RDWR | O_CREAT, LOCK_TRIES);
}

void air_place_unlock(const struct air_place *place, const char *name, int lock)
{
    char file[64];
    lock_name(file, name);
    unlinkat(place->dir_fd, file, 0);
    close(lock);
}

/* ---- beacons */

/* Remove what a killed access point has left. Nobody makes a new beacon of that name before the old
 * one is gone, and its socket goes first. */
static int remove_stale(int dir, const uint8_t bssid[6], int tries)
{
    char name[24], socket_name[24];
    file_name(name, bssid, ".ap");
    file_name(socket_name, bssid, ".sock");
    int fd = take(dir, name, O_RDONLY, tries);
    if (fd < 0) {
        return fd == -ENOENT ? 0 : fd;
    }
    unlinkat(dir, socket_name, 0);
    unlinkat(dir, name, 0);
    close(fd);
    return 0;
}

static bool find(const struct air_place *place, const uint8_t bssid[6], struct air_network *network)
{
    char name[24], text[BEACON_MAX];
    file_name(name, bssid, ".ap");
    int fd = openat(place->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    bool stale = flock(fd, LOCK_SH | LOCK_NB) == 0;
    bool good = !stale && read_whole(fd, text, sizeof text) > 0;
    close(fd);
    if (stale) {
        remove_stale(place->dir_fd, bssid, 1); /* if not now, the next one will */
    }
    if (!good || !beacon_parse(text, network)) {
        return false;
    }
    memcpy(network->bssid, bssid, sizeof network->bssid);
    return true;
}

bool air_place_find(const struct air_place *place, const uint8_t bssid[6],
                    struct air_network *network)
{
    place_renew(place);
    return find(place, bssid, network);
}

/* "d4f5135e0001.ap" */
static bool parse_name(const char *name, uint8_t bssid[6])
{
    char canonical[24];
    if (sscanf(name, "%2hhx%2hhx%2hhx%2hhx%2hhx%2hhx.ap", &bssid[0], &bssid[1], &bssid[2],
               &bssid[3], &bssid[4], &bssid[5]) != 6) {
        return false;
    }
    file_name(canonical, bssid, ".ap");
    return strcmp(name, canonical) == 0;
}

static int by_bssid(const void *a, const void *b)
{
    const struct air_network *one = a, *other = b;
    return memcmp(one->bssid, other->bssid, sizeof one->bssid);
}

int air_place_scan(const struct air_place *place, struct air_network *networks, int max)
{
    place_renew(place);
    int fd = openat(place->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (folder == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return 0;
    }
    int count = 0;
    struct dirent *entry;
    for (int i = 0; i < ENTRIES_MAX && count < max && (entry = readdir(folder)) != NULL; i++) {
        uint8_t bssid[6];
        if (parse_name(entry->d_name, bssid) && find(place, bssid, &networks[count])) {
            count++;
        }
    }
    closedir(folder);
    qsort(networks, (size_t)count, sizeof networks[0], by_bssid);
    return count;
}

int air_place_watch(const struct air_place *place)
{
    char path[40];
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    snprintf(path, sizeof path, "/proc/self/fd/%d", place->dir_fd);
    if (fd >= 0 && inotify_add_watch(fd, path, IN_MOVED_TO | IN_DELETE) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void air_place_changed(int watch_fd)
{
    char events[4096];
    for (int i = 0; i < TRIES && read(watch_fd, events, sizeof events) > 0; i++) {
    }
}

/* ---- sockets */

/* The name of a Unix socket is at most 107 bytes long, a folder's name can be longer. */
static struct sockaddr_un address_of(const struct air_place *place, const uint8_t bssid[6])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[24];
    file_name(name, bssid, ".sock");
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", place->dir_fd, name);
    return address;
}

int air_connect(const struct air_place *place, const uint8_t bssid[6])
{
    struct sockaddr_un address = address_of(place, bssid);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int reason = errno;
        if (fd >= 0) {
            close(fd);
        }
        return -reason;
    }
    return fd;
}

/* Listen, in the place of a socket that a killed access point has left. -errno. */
static int make_socket(const struct air_place *place, const uint8_t bssid[6])
{
    struct sockaddr_un address = address_of(place, bssid);
    char name[24];
    file_name(name, bssid, ".sock");
    unlinkat(place->dir_fd, name, 0);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || fchmod(fd, 0600) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0) {
        int reason = errno;
        if (fd >= 0) {
            close(fd);
        }
        return -reason;
    }
    return fd;
}

/* Whoever has the file BSSID.new is the only one that starts an access point of that name; its lock
 * then is the beacon's. */
int air_beacon_start(struct air_beacon *beacon, const struct air_place *place,
                     const struct air_network *network)
{
    int dir = place->dir_fd;
    char aside[24], text[BEACON_MAX];
    file_name(beacon->name, network->bssid, ".ap");
    file_name(aside, network->bssid, ".new");
    beacon->file_fd = beacon->listen_fd = -1;
    place_renew(place);
    int fd = take(dir, aside, O_RDWR | O_CREAT, TRIES);
    if (fd < 0) {
        return fd == -EWOULDBLOCK ? -EADDRINUSE : fd;
    }
    int result = remove_stale(dir, network->bssid, TRIES);
    if (result == 0) {
        result = beacon->listen_fd = make_socket(place, network->bssid);
    }
    beacon_write(text, network);
    if (result >= 0 && (!write_whole(fd, text) || renameat(dir, aside, dir, beacon->name) < 0)) {
        result = -errno;
        close(beacon->listen_fd);
    }
    if (result < 0) {
        unlinkat(dir, aside, 0);
        close(fd);
        beacon->listen_fd = -1;
        return result == -EWOULDBLOCK ? -EADDRINUSE : result;
    }
    beacon->file_fd = fd;
    return 0;
}

bool air_beacon_is_there(const struct air_beacon *beacon, const struct air_place *place)
{
    return beacon->file_fd >= 0 && is_named(beacon->file_fd, place->dir_fd, beacon->name);
}

void air_beacon_stop(struct air_beacon *beacon, const struct air_place *place)
{
    if (beacon->file_fd < 0) {
        return;
    }
    char name[24];
    snprintf(name, sizeof name, "%.12s.sock", beacon->name);
    if (air_beacon_is_there(beacon, place)) {
        unlinkat(place->dir_fd, name, 0);
        unlinkat(place->dir_fd, beacon->name, 0);
    }
    close(beacon->listen_fd);
    close(beacon->file_fd);
    beacon->file_fd = beacon->listen_fd = -1;
}

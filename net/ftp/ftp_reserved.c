#include "net/ftp/ftp_reserved.h"

#include <stdbool.h>
#include <string.h>

#include "net/ftp/ftp_storage.h"
#include "update/hidden.h"
#include "update/update.h"

#define CARD_TIMES_BEGIN 315532800u /* 1980, in UTC seconds since 1970: FAT has none before */

/* The streams, one upload of each at a time: the address of its name is the handle of its upload.
 */
enum { FIRMWARE = HIDDEN_FILES, STREAMS };
static const char *const names[STREAMS] = {
    [HIDDEN_CA] = "/flash/cert/ca.pem",
    [HIDDEN_CERTIFICATE] = "/flash/cert/cert.pem",
    [HIDDEN_PRIVATE_KEY] = "/flash/cert/private.key",
    [FIRMWARE] = FTP_RESERVED_FOLDER "/mcuimg.bin",
};
static char handles[STREAMS]; /* their addresses */
#define NO_STREAM (-1)

static const char *said = "";

static int say(int result, const char *text)
{
    said = text;
    return result;
}

static const char *words(void)
{
    return said;
}

/* ---- names */

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_volume(const char *path)
{
    return strcmp(path, "/flash") == 0 || strcmp(path, "/sd") == 0;
}

/* The result of storage about a path: with more words, where its state is the reason. */
static int about(const char *path, int result)
{
    switch (result) {
    case STORAGE_DENIED:
        if (strcmp(path, "/") == 0 || is_volume(path)) {
            return say(FTP_FILES_REFUSED, is_volume(path) ? "that is the volume itself"
                                                          : "that is the folder of the volumes");
        }
        return result;
    case STORAGE_BUSY:
        return say(FTP_FILES_LATER, storage_error_about(result, path));
    case STORAGE_NO_VOLUME:
        return say(FTP_FILES_MISSING, storage_error_about(result, path));
    default:
        return result;
    }
}

/* The same of a path that is to be made. */
static int about_new(const char *path, int result)
{
    bool on_card = is_below(path, "/sd");
    bool outside = !on_card && !is_below(path, "/flash");
    if (outside && result == STORAGE_DENIED) {
        return say(FTP_FILES_REFUSED, "files and folders go to /flash or /sd");
    }
    if (result == STORAGE_NOT_FOUND) {
        return say(FTP_FILES_MISSING, outside
                                          ? "no such folder: files and folders go to /flash or /sd"
                                          : "no such folder");
    }
    if (result == STORAGE_CROSS) {
        return say(FTP_FILES_REFUSED,
                   "the new name is on another volume: download and upload it, or copy it in "
                   "Python");
    }
    if (on_card && result == STORAGE_INVALID) {
        return say(FTP_FILES_REFUSED,
                   "names on a card have none of \" * : < > ? \\ |, and no dot or "
                   "space at their end");
    }
    return about(path, result);
}

static int stream_of(const char *path)
{
    for (int i = 0; i < STREAMS; i++) {
        if (strcmp(path, names[i]) == 0) {
            return i;
        }
    }
    return NO_STREAM;
}

/* Everything but a store: STORAGE_OK when the name is an ordinary one. */
static int check_name(const char *path)
{
    int stream = stream_of(path);
    if (stream == NO_STREAM) {
        return say(STORAGE_OK, "");
    }
    return say(FTP_FILES_REFUSED,
               stream == FIRMWARE
                   ? "mcuimg.bin is firmware on its way, not a file: it can only be stored"
                   : "it is hidden: it can be stored and removed, nothing else");
}

/* A name that is to be given. In the folder for firmware there is one way and one name: what
 * clients store under another name first, or in other letters, would lie there as a file of no use.
 */
static int check_new_name(const char *path)
{
    int result = check_name(path);
    if (result == STORAGE_OK && is_below(path, FTP_RESERVED_FOLDER) &&
        strcmp(path, FTP_RESERVED_FOLDER) != 0) {
        return say(FTP_FILES_REFUSED, "wrong name: only mcuimg.bin is taken in /flash/sys, under "
                                      "its final name and in lower case");
    }
    return result;
}

/* A name that is to be taken away or replaced. */
static int check_folder(const char *path)
{
    if (strcmp(path, FTP_RESERVED_FOLDER) == 0) {
        return say(FTP_FILES_REFUSED, "the folder stays: new firmware comes through it");
    }
    return say(STORAGE_OK, "");
}

/* Whether streams have their names in this folder. */
static bool holds_streams(const char *folder)
{
    bool any = false;
    for (int i = 0; i < STREAMS; i++) {
        any = any || (is_below(names[i], folder) && stream_of(folder) == NO_STREAM);
    }
    return any;
}

/* ---- streams */

static int stream_behind(const struct ftp_file *file)
{
    for (int i = 0; i < STREAMS; i++) {
        if ((const char *)file == &handles[i]) {
            return i;
        }
    }
    return NO_STREAM;
}

static int stream_result(int stream, int result)
{
    if (stream != FIRMWARE) {
        return result == STORAGE_FULL
                   ? say(FTP_FILES_TOO_LARGE, "larger than the 8160 bytes of a hidden file")
                   : say(result, "");
    }
    said = update_words();
    switch (result) {
    case UPDATE_BUSY:
        return FTP_FILES_LATER;
    case UPDATE_REFUSED:
        return FTP_FILES_REFUSED;
    case UPDATE_TOO_LARGE:
        return FTP_FILES_TOO_LARGE;
    case UPDATE_FAILED:
        return FTP_FILES_FAILED;
    default:
        return result;
    }
}
_Static_assert(HIDDEN_SIZE_MAX == 8160, "the words above");

static int open_store(struct ftp_file **file, const char *path, enum ftp_store how, uint64_t offset)
{
    int stream = stream_of(path);
    if (stream == NO_STREAM) {
        int result = check_new_name(path);
        return about_new(
            path, result == STORAGE_OK ? ftp_storage_open_store(file, path, how, offset) : result);
    }
    if (how != FTP_STORE_WHOLE) {
        return say(FTP_FILES_REFUSED, "it is taken as a whole only: send it with STOR, from its "
                                      "beginning");
    }
    int result = stream == FIRMWARE ? update_begin() : hidden_begin((enum hidden_file)stream);
    result = stream_result(stream, result);
    *file = (struct ftp_file *)&handles[stream];
    return result;
}

static int32_t write_file(struct ftp_file *file, const void *data, uint32_t size)
{
    int stream = stream_behind(file);
    if (stream == NO_STREAM) {
        return ftp_storage_write(file, data, size);
    }
    int32_t result = stream == FIRMWARE ? update_write(data, size) : hidden_write(data, size);
    return stream_result(stream, (int)result);
}

static int commit(struct ftp_file *file)
{
    int stream = stream_behind(file);
    if (stream == NO_STREAM) {
        return say(ftp_storage_commit(file), "");
    }
    int result = stream == FIRMWARE ? update_commit() : hidden_commit();
    result = stream_result(stream, result);
    return result == STORAGE_OK && stream != FIRMWARE
               ? say(result, "stored where only the firmware reads it")
               : result;
}

static void abandon(struct ftp_file *file)
{
    int stream = stream_behind(file);
    if (stream == NO_STREAM) {
        ftp_storage_abandon(file);
    } else if (stream == FIRMWARE) {
        update_abandon();
    } else {
        hidden_abandon();
    }
}

/* ---- the rest is storage's, if the name is */

static int stat_name(const char *path, struct storage_stat *stat)
{
    int result = check_name(path);
    return about(path, result == STORAGE_OK ? storage_stat(path, stat) : result);
}

static int set_mtime(const char *path, uint32_t mtime)
{
    struct storage_stat stat;
    int result = stat_name(path, &stat);
    if (result == STORAGE_OK && is_below(path, "/sd") && mtime < CARD_TIMES_BEGIN) {
        return say(FTP_FILES_REFUSED, "times on a card begin with 1980");
    }
    return about(path, result == STORAGE_OK ? storage_set_mtime(path, mtime) : result);
}

static int open_read(struct ftp_file **file, const char *path, uint64_t offset)
{
    int result = check_name(path);
    return about(path, result == STORAGE_OK ? ftp_storage_open_read(file, path, offset) : result);
}

static int remove_name(const char *path)
{
    int stream = stream_of(path);
    if (stream != NO_STREAM && stream != FIRMWARE) {
        return stream_result(stream, hidden_remove((enum hidden_file)stream));
    }
    int result = check_name(path);
    return about(path, result == STORAGE_OK ? storage_remove(path) : result);
}

static int make_dir(const char *path)
{
    int result = check_new_name(path);
    return about_new(path, result == STORAGE_OK ? storage_mkdir(path) : result);
}

static int remove_dir(const char *path)
{
    int result = check_name(path);
    if (result == STORAGE_OK) {
        result = check_folder(path);
    }
    return about(path, result == STORAGE_OK ? storage_rmdir(path) : result);
}

static int rename_name(const char *from, const char *to)
{
    struct storage_stat stat;
    int result = check_name(from);
    if (result == STORAGE_OK) {
        result = check_folder(from);
    }
    if (result == STORAGE_OK) {
        result = check_folder(to);
    }
    if (result == STORAGE_OK) {
        result = check_new_name(to);
    }
    if (result == STORAGE_OK) {
        result = storage_rename(from, to);
    }
    if (result == STORAGE_INVALID && is_below(to, from)) {
        return say(FTP_FILES_REFUSED, "a folder cannot go into itself");
    }
    if (result == STORAGE_NOT_FOUND && storage_stat(from, &stat) == STORAGE_NOT_FOUND) {
        return result; /* what is missing is no folder of the new name */
    }
    if (!is_below(from, "/flash") || is_volume(from)) {
        result = about(from, result);
    }
    if (result == STORAGE_DENIED && holds_streams(to)) {
        return say(FTP_FILES_REFUSED, "a file in it has a name that is hidden there: rename or "
                                      "remove that one first");
    }
    return about_new(to, result);
}

static int open_dir(struct ftp_dir **dir, const char *path)
{
    int result = check_name(path);
    return about(path, result == STORAGE_OK ? ftp_storage_opendir(dir, path) : result);
}

const struct ftp_files ftp_reserved = {
    .stat = stat_name,
    .open_read = open_read,
    .open_store = open_store,
    .read = ftp_storage_read,
    .write = write_file,
    .commit = commit,
    .abandon = abandon,
    .remove = remove_name,
    .mkdir = make_dir,
    .rmdir = remove_dir,
    .rename = rename_name,
    .set_mtime = set_mtime,
    .opendir = open_dir,
    .readdir = ftp_storage_readdir,
    .closedir = ftp_storage_closedir,
    .room = ftp_storage_room,
    .words = words,
};

#include "net/ftp/ftp_reserved.h"

#include <stdbool.h>
#include <string.h>

#include "net/ftp/ftp_storage.h"
#include "update/hidden.h"
#include "update/update.h"

#define SYS_FOLDER "/flash/sys/"
#define FIRMWARE   SYS_FOLDER "mcuimg.bin"

static const char *const hidden_names[HIDDEN_FILES] = {
    [HIDDEN_CA] = "/flash/cert/ca.pem",
    [HIDDEN_CERTIFICATE] = "/flash/cert/cert.pem",
    [HIDDEN_PRIVATE_KEY] = "/flash/cert/private.key",
};

/* Handles of the streams: there is one upload of each kind at a time. */
static char firmware_stream, hidden_stream;

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

static bool is_firmware(const char *path)
{
    return strcmp(path, FIRMWARE) == 0;
}

static bool is_hidden(const char *path, enum hidden_file *file)
{
    for (int i = 0; i < HIDDEN_FILES; i++) {
        if (strcmp(path, hidden_names[i]) == 0) {
            *file = (enum hidden_file)i;
            return true;
        }
    }
    return false;
}

/* Everything but a store: STORAGE_OK when the name is an ordinary one. */
static int check_name(const char *path)
{
    enum hidden_file file;
    if (is_firmware(path)) {
        return say(FTP_FILES_REFUSED, "mcuimg.bin is firmware on its way, not a file: it can only "
                                      "be stored");
    }
    if (is_hidden(path, &file)) {
        return say(FTP_FILES_REFUSED, "it is hidden: it can be stored and removed, nothing else");
    }
    return say(STORAGE_OK, "");
}

/* A name that is to be given. In the folder for firmware there is one way and one name: what
 * clients store under another name first, or in other letters, would lie there as a file of no use.
 */
static int check_new_name(const char *path)
{
    int result = check_name(path);
    if (result == STORAGE_OK && strncmp(path, SYS_FOLDER, strlen(SYS_FOLDER)) == 0) {
        return say(FTP_FILES_REFUSED, "wrong name: only mcuimg.bin is taken in /flash/sys, under "
                                      "its final name and in lower case");
    }
    return result;
}

/* ---- stores */

static int update_result(int result)
{
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

static int hidden_result(int result)
{
    if (result == STORAGE_FULL) {
        return say(FTP_FILES_TOO_LARGE, "larger than the 8160 bytes of a hidden file");
    }
    return say(result, "");
}
_Static_assert(HIDDEN_SIZE_MAX == 8160, "the words above");

static int open_store(struct ftp_file **file, const char *path)
{
    enum hidden_file hidden;
    if (is_firmware(path)) {
        *file = (struct ftp_file *)&firmware_stream;
        return update_result(update_begin());
    }
    if (is_hidden(path, &hidden)) {
        *file = (struct ftp_file *)&hidden_stream;
        return hidden_result(hidden_begin(hidden));
    }
    int result = check_new_name(path);
    return result == STORAGE_OK ? ftp_storage.open_store(file, path) : result;
}

static bool is_stream(const struct ftp_file *file, const char *stream)
{
    return (const char *)file == stream;
}

static int32_t write_file(struct ftp_file *file, const void *data, uint32_t size)
{
    if (is_stream(file, &firmware_stream)) {
        return update_result((int)update_write(data, size));
    }
    if (is_stream(file, &hidden_stream)) {
        return hidden_result((int)hidden_write(data, size));
    }
    return ftp_storage.write(file, data, size);
}

static int commit(struct ftp_file *file)
{
    if (is_stream(file, &firmware_stream)) {
        return update_result(update_commit());
    }
    if (is_stream(file, &hidden_stream)) {
        int result = hidden_result(hidden_commit());
        return result == STORAGE_OK ? say(result, "stored where only the firmware reads it")
                                    : result;
    }
    return say(ftp_storage.commit(file), "");
}

static void abandon(struct ftp_file *file)
{
    if (is_stream(file, &firmware_stream)) {
        update_abandon();
    } else if (is_stream(file, &hidden_stream)) {
        hidden_abandon();
    } else {
        ftp_storage.abandon(file);
    }
}

/* ---- the rest is storage's, if the name is */

static int stat_name(const char *path, struct storage_stat *stat)
{
    int result = check_name(path);
    return result == STORAGE_OK ? ftp_storage.stat(path, stat) : result;
}

static int open_read(struct ftp_file **file, const char *path, uint32_t offset)
{
    int result = check_name(path);
    return result == STORAGE_OK ? ftp_storage.open_read(file, path, offset) : result;
}

static int32_t read_file(struct ftp_file *file, void *data, uint32_t size)
{
    return ftp_storage.read(file, data, size);
}

static int remove_name(const char *path)
{
    enum hidden_file hidden;
    if (is_hidden(path, &hidden)) {
        return hidden_result(hidden_remove(hidden));
    }
    int result = check_name(path);
    return result == STORAGE_OK ? ftp_storage.remove(path) : result;
}

static int make_dir(const char *path)
{
    int result = check_new_name(path);
    return result == STORAGE_OK ? ftp_storage.mkdir(path) : result;
}

static int remove_dir(const char *path)
{
    int result = check_name(path);
    return result == STORAGE_OK ? ftp_storage.rmdir(path) : result;
}

static int rename_name(const char *from, const char *to)
{
    int result = check_name(from);
    if (result == STORAGE_OK) {
        result = check_new_name(to);
    }
    return result == STORAGE_OK ? ftp_storage.rename(from, to) : result;
}

static int open_dir(struct ftp_dir **dir, const char *path)
{
    int result = check_name(path);
    return result == STORAGE_OK ? ftp_storage.opendir(dir, path) : result;
}

static int read_dir(struct ftp_dir *dir, struct storage_entry *entry)
{
    return ftp_storage.readdir(dir, entry);
}

static void close_dir(struct ftp_dir *dir)
{
    ftp_storage.closedir(dir);
}

const struct ftp_files ftp_reserved = {
    .stat = stat_name,
    .open_read = open_read,
    .open_store = open_store,
    .read = read_file,
    .write = write_file,
    .commit = commit,
    .abandon = abandon,
    .remove = remove_name,
    .mkdir = make_dir,
    .rmdir = remove_dir,
    .rename = rename_name,
    .opendir = open_dir,
    .readdir = read_dir,
    .closedir = close_dir,
    .words = words,
};

/* Transfers of listings: what LIST and NLST name, and the lines. */
#include <string.h>

#include "net/ftp/ftp_internal.h"
#include "net/ftp/ftp_list.h"
#include "net/ftp/ftp_path.h"

/* Entries that one call looks at: bounds it when a pattern matches none. */
#define LIST_ENTRIES 64

/* Set prefix and pattern of a listing: `prefix` is the first `length` bytes of `argument`. */
static void set_names(struct ftp_session *session, const char *argument, size_t length,
                      const char *pattern)
{
    char *end = session->list_prefix + length;
    memcpy(session->list_prefix, argument, length);
    if (length > 0 && end[-1] != '/') {
        *end++ = '/';
    }
    *end++ = '\0';
    strcpy(end, pattern);
    session->list_pattern = end;
}

void ftp_transfer_list(struct ftp_session *session, const char *argument, bool names)
{
    const struct ftp_files *files = session->config.files;
    char path[STORAGE_PATH_MAX];
    struct storage_stat stat;
    if (!ftp_transfer_can_begin(session)) {
        return;
    }
    argument = ftp_list_skip_options(argument);
    session->list_names = names;
    session->buffer_end = 0;
    session->source_ended = false;

    int result = strlen(argument) > STORAGE_PATH_MAX - 3
                     ? STORAGE_NAME_TOO_LONG
                     : ftp_path_resolve(path, session->directory, argument);
    if (result == STORAGE_OK) {
        result = files->stat(path, &stat);
    }
    if (result == STORAGE_OK && !stat.is_dir) {
        char *line = (char *)session->buffer;
        session->buffer_end = names ? ftp_list_name(line, "", argument)
                                    : ftp_list_line(line, "", argument, &stat, session->now.utc_s);
        session->source_ended = true;
    } else if (result == STORAGE_OK) {
        set_names(session, argument, strlen(argument), "");
        result = files->opendir(&session->dir, path);
    } else if (result == STORAGE_NOT_FOUND && ftp_list_is_pattern(ftp_path_base(argument))) {
        const char *pattern = ftp_path_base(argument);
        set_names(session, argument, (size_t)(pattern - argument), pattern);
        result = ftp_path_resolve(path, session->directory, session->list_prefix);
        if (result == STORAGE_OK) {
            result = files->opendir(&session->dir, path);
        }
    }
    if (result != STORAGE_OK) {
        session->dir = NULL;
        ftp_transfer_refuse(session, result, FTP_EXISTING, "Not listed");
        return;
    }
    ftp_transfer_start(session, FTP_TRANSFER_LIST);
}

int ftp_listing_fill(struct ftp_session *session)
{
    struct storage_entry entry;
    for (unsigned i = 0; i < LIST_ENTRIES; i++) {
        if (FTP_BUFFER_SIZE - session->buffer_end < FTP_LIST_LINE_MAX) {
            break;
        }
        int result = session->config.files->readdir(session->dir, &entry);
        if (result < 0) {
            return result;
        }
        if (result == 0) {
            session->source_ended = true;
            break;
        }
        if (*session->list_pattern && !ftp_list_match(session->list_pattern, entry.name)) {
            continue;
        }
        char *line = (char *)session->buffer + session->buffer_end;
        session->buffer_end +=
            session->list_names
                ? ftp_list_name(line, session->list_prefix, entry.name)
                : ftp_list_line(line, "", entry.name, &entry.stat, session->now.utc_s);
    }
    return 0;
}

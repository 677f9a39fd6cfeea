/* Listings: what LIST, NLST, MLSD and STAT name, and the lines. */
#include <string.h>

#include "net/ftp/ftp_internal.h"
#include "net/ftp/ftp_list.h"
#include "net/ftp/ftp_path.h"

/* Entries that one call looks at: bounds it when a pattern matches none. */
#define LIST_ENTRIES 64

static enum ftp_place place_of(const struct ftp_session *session, const char *name)
{
    bool fixed = session->list_fixed && strcmp(name, session->list_fixed) == 0;
    return fixed ? FTP_PLACE_FIXED : session->list_place;
}

static void put_line(struct ftp_session *session, struct text *out, const char *name,
                     const struct storage_stat *stat)
{
    switch (session->listing) {
    case FTP_LISTING_NAMES:
        ftp_list_name(out, session->list_prefix, name);
        break;
    case FTP_LISTING_FACTS:
        ftp_facts_put(out, session->facts, stat->is_dir ? "dir" : "file", place_of(session, name),
                      stat);
        ftp_list_name(out, "", name);
        break;
    default:
        ftp_list_line(out, name, stat, session->now.utc_s);
        break;
    }
}

/* Lines of the open directory, as long as there is room for one more and `room` bytes behind it. */
static int put_lines(struct ftp_session *session, struct text *out, size_t room)
{
    struct storage_entry entry;
    for (unsigned i = 0; i < LIST_ENTRIES && !session->source_ended; i++) {
        if (out->size - out->length < FTP_LIST_LINE_MAX + room) {
            break;
        }
        int result = session->config.files->readdir(session->dir, &entry);
        if (result < 0) {
            return result;
        }
        session->source_ended = result == 0;
        if (result > 0 &&
            (*session->list_pattern == '\0' || ftp_list_match(session->list_pattern, entry.name))) {
            put_line(session, out, entry.name, &entry.stat);
        }
    }
    return STORAGE_OK;
}

int ftp_listing_fill(struct ftp_session *session)
{
    struct text out = {.data = (char *)session->buffer, .size = FTP_BUFFER_SIZE};
    int result = put_lines(session, &out, 0);
    session->buffer_end = out.length;
    return result;
}

/* Set prefix and pattern of a listing: `prefix` is the first `length` bytes of `argument`. */
static void set_names(struct ftp_session *session, const char *argument, size_t length,
                      const char *pattern)
{
    if (length == 1 && argument[0] == '.') {
        length = 0; /* people type `nlst .` to name a file for the list, and mean bare names */
    }
    char *end = session->list_prefix + length;
    memcpy(session->list_prefix, argument, length);
    if (length > 0 && end[-1] != '/') {
        *end++ = '/';
    }
    *end++ = '\0';
    strcpy(end, pattern);
    session->list_pattern = end;
}

/* A name that gave `error`: it may have '*' or '?' in its last component. */
static int open_pattern(struct ftp_session *session, const char *argument, int error)
{
    char path[STORAGE_PATH_MAX];
    const char *pattern = ftp_path_base(argument);
    if (!ftp_list_is_pattern(pattern)) {
        return error;
    }
    set_names(session, argument, (size_t)(pattern - argument), pattern);
    int result = ftp_path_resolve(path, session->directory, session->list_prefix);
    return result == STORAGE_OK ? session->config.files->opendir(&session->dir, path) : result;
}

/* The first lines of MLSD: the directory itself, and the one above it. */
static void put_here_and_above(struct ftp_session *session, struct text *out, const char *path)
{
    const struct ftp_files *files = session->config.files;
    char above[STORAGE_PATH_MAX];
    struct storage_stat stat;
    if (files->stat(path, &stat) == STORAGE_OK) {
        ftp_facts_put(out, session->facts, "cdir", ftp_place(path), &stat);
        ftp_list_name(out, "", ".");
    }
    if (ftp_place(path) != FTP_PLACE_ROOT && ftp_path_resolve(above, path, "..") == STORAGE_OK &&
        files->stat(above, &stat) == STORAGE_OK) {
        ftp_facts_put(out, session->facts, "pdir", ftp_place(above), &stat);
        ftp_list_name(out, "", "..");
    }
}

/* Find what the argument names: session->dir is open, or `*is_file`, and its line is in the
 * buffer. An error of the files interface, or 0. */
static int open_listing(struct ftp_session *session, const char *argument, bool *is_file)
{
    const struct ftp_files *files = session->config.files;
    char path[STORAGE_PATH_MAX];
    struct text out = {.data = (char *)session->buffer, .size = FTP_BUFFER_SIZE};
    session->buffer_end = 0;
    session->source_ended = false;
    *is_file = false;
    if (strlen(argument) > STORAGE_PATH_MAX - 3) {
        return STORAGE_NAME_TOO_LONG;
    }
    set_names(session, argument, strlen(argument), "");
    int result = ftp_path_resolve(path, session->directory, argument);
    if (result == STORAGE_OK) {
        result = files->opendir(&session->dir, path);
        session->list_place =
            ftp_place(path) == FTP_PLACE_ROOT ? FTP_PLACE_VOLUME : FTP_PLACE_INSIDE;
        session->list_fixed = ftp_place_fixed_in(path);
    }
    if (result == STORAGE_OK && session->listing == FTP_LISTING_FACTS) {
        put_here_and_above(session, &out, path);
        session->buffer_end = out.length;
    } else if (result == STORAGE_NOT_DIR && session->listing != FTP_LISTING_FACTS) {
        struct storage_stat stat;
        result = files->stat(path, &stat);
        if (result == STORAGE_OK) {
            *is_file = true;
            session->list_prefix[0] = '\0';
            put_line(session, &out, argument, &stat);
            session->source_ended = true;
            session->buffer_end = out.length;
        }
    } else if ((result == STORAGE_NOT_FOUND || result == STORAGE_INVALID) &&
               session->listing != FTP_LISTING_FACTS) {
        /* FAT calls patterns invalid. */
        result = open_pattern(session, argument, result);
    }
    if (result != STORAGE_OK || *is_file) {
        session->dir = NULL;
    }
    return result;
}

/* ---- on a data connection */

static void begin(struct ftp_session *session, const char *argument, enum ftp_listing listing)
{
    bool is_file;
    session->restart = 0;
    if (!ftp_transfer_can_begin(session)) {
        return;
    }
    session->listing = listing;
    int result = open_listing(session, argument, &is_file);
    if (result != STORAGE_OK) {
        ftp_transfer_refuse(session, result, listing == FTP_LISTING_FACTS ? FTP_MLSD : FTP_EXISTING,
                            "Not listed");
    } else {
        ftp_transfer_start(session, FTP_TRANSFER_LIST);
    }
}

void ftp_listing_list(struct ftp_session *session, const char *argument)
{
    begin(session, ftp_list_skip_options(argument), FTP_LISTING_LONG);
}

void ftp_listing_nlst(struct ftp_session *session, const char *argument)
{
    begin(session, ftp_list_skip_options(argument), FTP_LISTING_NAMES);
}

void ftp_listing_mlsd(struct ftp_session *session, const char *argument)
{
    begin(session, argument, FTP_LISTING_FACTS);
}

/* ---- on the control connection */

/* The code of the present listing: RFC 959 section 5.4. */
#define STAT_FILE      213u
#define STAT_DIRECTORY 212u

void ftp_listing_stat(struct ftp_session *session, const char *argument)
{
    bool is_file;
    argument = ftp_list_skip_options(argument);
    session->listing = FTP_LISTING_LONG;
    int result = open_listing(session, argument, &is_file);
    if (result != STORAGE_OK) {
        ftp_reply_error(session, result, FTP_EXISTING, "Not listed");
        return;
    }
    text_number(&session->output, is_file ? STAT_FILE : STAT_DIRECTORY, 0, ' ');
    text_string(&session->output, "-Status:\r\n");
    if (is_file) {
        session->buffer[session->buffer_end] = '\0';
        text_string(&session->output, (const char *)session->buffer);
        ftp_reply(session, STAT_FILE, "End");
    } else {
        ftp_enter(session, FTP_TELLING);
    }
}

void ftp_listing_tell(struct ftp_session *session)
{
    int result = put_lines(session, &session->output, FTP_REPLY_ROOM - FTP_LIST_LINE_MAX);
    if (result < 0) {
        ftp_transfer_finish(session, false);
        ftp_reply_error(session, result, FTP_EXISTING, "The listing breaks off");
    } else if (session->source_ended) {
        ftp_transfer_finish(session, false);
        ftp_reply(session, STAT_DIRECTORY, "End");
    }
}

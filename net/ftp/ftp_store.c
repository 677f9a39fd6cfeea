/* Transfers of data that comes: STOR, STOU and APPE. */
#include <string.h>

#include "net/ftp/ftp_internal.h"
#include "net/ftp/ftp_path.h"
#include "net/ftp/ftp_time.h"
#include "net/ftp/ftp_words.h"

#define UNIQUE_TRIES 8
#define UNIQUE_STAMP 15u /* bytes of ".YYYYMMDDhhmmss" */

/* If there is a file of the name session->stored, put a time stamp behind it. */
static int make_unique(struct ftp_session *session)
{
    struct text name = {.data = session->stored, .size = STORAGE_PATH_MAX - 1};
    struct storage_stat stat;
    size_t length = strlen(session->stored);
    for (uint32_t i = 0; i < UNIQUE_TRIES; i++) {
        int result = session->config.files->stat(session->stored, &stat);
        if (result != STORAGE_OK && result != FTP_FILES_REFUSED) {
            return STORAGE_OK; /* it is free, or no name at all: the store will tell */
        }
        if (length + UNIQUE_STAMP > name.size) {
            return STORAGE_NAME_TOO_LONG;
        }
        name.length = length;
        text_char(&name, '.');
        ftp_time_put(&name, session->now.utc_s + i);
        session->stored[name.length] = '\0';
    }
    return STORAGE_EXISTS;
}

static void store(struct ftp_session *session, const char *argument, enum ftp_store how,
                  bool unique)
{
    uint64_t offset = session->restart;
    session->restart = 0;
    session->stored_is_known = false;
    if (!ftp_transfer_can_begin(session)) {
        return;
    }
    if (session->ended) {
        /* The probe of its end would be answered by a client that is no longer there, too. */
        ftp_reply(session, 425, "The control connection is closing.");
        return;
    }
    if (how == FTP_STORE_WHOLE && offset > 0) {
        how = FTP_STORE_FROM;
    }
    int result = ftp_path_is_folder(argument)
                     ? FTP_FILES_FOLDER
                     : ftp_path_resolve(session->stored, session->directory, argument);
    session->unique = unique;
    if (result == STORAGE_OK && unique) {
        result = make_unique(session);
    }
    if (result == STORAGE_OK) {
        result = session->config.files->open_store(&session->file, session->stored, how,
                                                   how == FTP_STORE_FROM ? offset : 0);
    }
    if (result != STORAGE_OK) {
        session->file = NULL;
        ftp_transfer_refuse(session, result, FTP_NAMING, "Not stored");
        return;
    }
    session->buffer_end = 0;
    ftp_transfer_start(session, FTP_TRANSFER_STORE);
}

void ftp_store_stor(struct ftp_session *session, const char *argument)
{
    store(session, argument, FTP_STORE_WHOLE, false);
}

/* RFC 959 has no name, clients send one. */
void ftp_store_stou(struct ftp_session *session, const char *argument)
{
    store(session, *argument ? argument : "upload", FTP_STORE_WHOLE, true);
}

void ftp_store_reply_unique(struct ftp_session *session, unsigned code)
{
    ftp_reply_begin(session, code);
    text_string(&session->output, "FILE: ");
    text_string(&session->output, session->stored);
    ftp_reply_end(session);
}

/* What APPE does is go to the end: REST before it is of no use, and of no harm if it says the same.
 */
void ftp_store_appe(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    struct storage_stat stat;
    if (session->restart > 0 && (ftp_names_stat(session, argument, path, &stat) != STORAGE_OK ||
                                 stat.size != session->restart)) {
        session->restart = 0;
        ftp_reply(session, 503, "REST goes with RETR and STOR: APPE begins at the end.");
        return;
    }
    store(session, argument, FTP_STORE_APPEND, false);
}

bool ftp_session_takes_data(const struct ftp_session *session)
{
    return session->state == FTP_RECEIVING || session->state == FTP_DRAINING ||
           session->state == FTP_SENDING || session->state == FTP_DELIVERING;
}

void ftp_store_probe(struct ftp_session *session)
{
    session->probed_link_us = session->now.link_us;
    session->config.transport->probe(session->config.context);
}

void ftp_store_end_drain(struct ftp_session *session, bool reset)
{
    ftp_transfer_finish(session, reset);
    ftp_reply_because(session, ftp_files_reply(session->failure, FTP_NAMING), "Not stored",
                      session->failure_words);
}

/* The store has failed. Others may use the files while the rest of the data comes: keep the words.
 */
static void begin_drain(struct ftp_session *session)
{
    struct text words = {.data = session->failure_words, .size = FTP_WORDS_MAX - 1};
    text_string(&words, ftp_files_reason(session->config.files, session->failure));
    words.data[words.length] = '\0';
    ftp_transfer_close_sources(session);
    session->moved = 0;
    ftp_enter(session, FTP_DRAINING);
}

/* Write what the buffer holds. */
static int write_out(struct ftp_session *session)
{
    int32_t result = STORAGE_OK;
    if (session->buffer_end > 0) {
        result = session->config.files->write(session->file, session->buffer,
                                              (uint32_t)session->buffer_end);
        session->buffer_end = 0;
    }
    return result < 0 ? (int)result : STORAGE_OK;
}

size_t ftp_session_data_in(struct ftp_session *session, const uint8_t *data, size_t size)
{
    if (session->state == FTP_DRAINING) {
        /* No new life for the time limit: it holds from the failure on. */
        session->moved += size;
        if (session->moved >= FTP_DRAIN_BYTES) {
            ftp_store_end_drain(session, true);
        }
        return size;
    }
    if (session->state != FTP_RECEIVING) {
        return size; /* nobody has anything to tell us while we send */
    }
    size_t taken = FTP_BUFFER_SIZE - session->buffer_end;
    if (taken > size) {
        taken = size;
    }
    memcpy(session->buffer + session->buffer_end, data, taken);
    session->buffer_end += taken;
    session->moved += taken;
    session->since_link_us = session->now.link_us;
    if (session->buffer_end == FTP_BUFFER_SIZE) {
        session->failure = write_out(session);
        if (session->failure != STORAGE_OK) {
            begin_drain(session);
        }
    }
    return taken;
}

void ftp_session_data_in_end(struct ftp_session *session)
{
    if (session->state == FTP_RECEIVING) {
        ftp_enter(session, FTP_COMMITTING);
        ftp_store_probe(session);
    } else if (session->state == FTP_DRAINING) {
        ftp_store_end_drain(session, false);
    }
}

/* 226 with what the files have to say, as a sentence. */
static void reply_stored(struct ftp_session *session)
{
    const char *words = session->config.files->words();
    if (session->unique) {
        ftp_store_reply_unique(session, 226);
        return;
    }
    if (*words == '\0') {
        ftp_reply(session, 226, "Stored.");
        return;
    }
    ftp_reply_begin(session, 226);
    text_char(&session->output, ftp_words_upper(*words));
    text_string(&session->output, words + 1);
    text_char(&session->output, '.');
    ftp_reply_end(session);
}

void ftp_session_alive(struct ftp_session *session)
{
    if (session->state != FTP_COMMITTING) {
        return;
    }
    int result = write_out(session);
    if (result == STORAGE_OK) {
        result = session->config.files->commit(session->file);
        session->file = NULL; /* gone either way */
    }
    ftp_transfer_finish(session, false);
    if (result == STORAGE_OK) {
        session->stored_is_known = true;
        session->stored_stat =
            (struct storage_stat){.size = session->moved, .mtime = session->now.utc_s};
        reply_stored(session);
    } else {
        ftp_reply_error(session, result, FTP_NAMING, "Not stored");
    }
}

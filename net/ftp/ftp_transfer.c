#include <string.h>

#include "net/ftp/ftp_internal.h"
#include "net/ftp/ftp_path.h"

static void close_sources(struct ftp_session *session)
{
    if (session->file) {
        session->config.files->abandon(session->file);
        session->file = NULL;
    }
    if (session->dir) {
        session->config.files->closedir(session->dir);
        session->dir = NULL;
    }
}

static void close_data(struct ftp_session *session, bool reset)
{
    session->config.transport->close(session->config.context, reset);
    session->data_state = FTP_DATA_NONE;
}

/* The transfer is over; the caller replies. */
static void finish(struct ftp_session *session, bool reset)
{
    close_sources(session);
    close_data(session, reset);
    ftp_enter(session, FTP_READY);
}

void ftp_transfer_abort(struct ftp_session *session)
{
    finish(session, true);
}

static void fail(struct ftp_session *session, unsigned code, const char *text)
{
    finish(session, true);
    ftp_reply(session, code, text);
}

/* ---- the beginning */

/* The data connection is there: go. */
static void flow(struct ftp_session *session)
{
    ftp_enter(session, session->transfer == FTP_TRANSFER_STORE ? FTP_RECEIVING : FTP_SENDING);
}

void ftp_transfer_start(struct ftp_session *session, enum ftp_transfer transfer)
{
    session->transfer = transfer;
    session->buffer_begin = 0;
    ftp_reply(session, 150,
              transfer == FTP_TRANSFER_STORE ? "Send the data." : "Here is the data.");
    ftp_enter(session, FTP_OPENING);
    if (session->data_state == FTP_DATA_OPEN) {
        flow(session);
    }
}

void ftp_transfer_refuse(struct ftp_session *session, int error, enum ftp_purpose purpose,
                         const char *text)
{
    close_data(session, false);
    ftp_reply_error(session, error, purpose, text);
}

bool ftp_transfer_can_begin(struct ftp_session *session)
{
    if (session->data_state == FTP_DATA_NONE) {
        ftp_reply(session, 425, "No data connection: use PASV or EPSV first.");
        return false;
    }
    if (session->ended) {
        ftp_reply(session, 425, "The control connection is closing.");
        return false;
    }
    return true;
}

void ftp_transfer_retrieve(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    if (!ftp_transfer_can_begin(session)) {
        return;
    }
    int result = ftp_path_resolve(path, session->directory, argument);
    if (result == STORAGE_OK) {
        result = session->config.files->open_read(&session->file, path, 0);
    }
    if (result != STORAGE_OK) {
        session->file = NULL;
        ftp_transfer_refuse(session, result, FTP_EXISTING, "Not sent");
        return;
    }
    session->buffer_end = 0;
    session->source_ended = false;
    ftp_transfer_start(session, FTP_TRANSFER_SEND);
}

void ftp_transfer_store(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    if (!ftp_transfer_can_begin(session)) {
        return;
    }
    int result = ftp_path_resolve(path, session->directory, argument);
    if (result == STORAGE_OK) {
        result = session->config.files->open_store(&session->file, path);
    }
    if (result != STORAGE_OK) {
        session->file = NULL;
        ftp_transfer_refuse(session, result, FTP_NAMING, "Not stored");
        return;
    }
    session->buffer_end = 0;
    ftp_transfer_start(session, FTP_TRANSFER_STORE);
}

void ftp_session_data_opened(struct ftp_session *session)
{
    session->data_state = FTP_DATA_OPEN;
    if (session->state == FTP_OPENING) {
        flow(session);
    }
}

/* ---- sending */

/* Returns an error of the files interface, or 0. */
static int fill_from_file(struct ftp_session *session)
{
    int32_t count = session->config.files->read(session->file, session->buffer, FTP_BUFFER_SIZE);
    if (count < 0) {
        return (int)count;
    }
    session->buffer_end = (size_t)count;
    session->source_ended = count == 0;
    return 0;
}

size_t ftp_session_data_out(struct ftp_session *session, const uint8_t **data)
{
    *data = NULL;
    if (session->state != FTP_SENDING) {
        return 0;
    }
    if (session->buffer_begin == session->buffer_end && !session->source_ended) {
        session->buffer_begin = 0;
        session->buffer_end = 0;
        int result = session->dir ? ftp_listing_fill(session) : fill_from_file(session);
        if (result < 0) {
            finish(session, true);
            ftp_reply_error(session, result, FTP_EXISTING, "The transfer broke off");
            return 0;
        }
    }
    if (session->buffer_begin == session->buffer_end && session->source_ended) {
        /* Nobody has to wait for this file until the last byte has arrived. */
        close_sources(session);
        session->config.transport->finish(session->config.context);
        ftp_enter(session, FTP_DELIVERING);
        return 0;
    }
    *data = session->buffer + session->buffer_begin;
    return session->buffer_end - session->buffer_begin;
}

void ftp_session_data_out_taken(struct ftp_session *session, size_t size)
{
    session->buffer_begin += size;
    session->since_link_us = session->now.link_us;
}

void ftp_session_data_delivered(struct ftp_session *session, bool all)
{
    if (session->state != FTP_SENDING && session->state != FTP_DELIVERING) {
        return;
    }
    session->since_link_us = session->now.link_us;
    if (session->state == FTP_DELIVERING && all) {
        finish(session, false);
        ftp_reply(session, 226, "Done.");
    }
}

/* ---- receiving */

bool ftp_session_takes_data(const struct ftp_session *session)
{
    return session->state == FTP_RECEIVING || session->state == FTP_DRAINING ||
           session->state == FTP_SENDING || session->state == FTP_DELIVERING;
}

static void probe(struct ftp_session *session)
{
    session->probed_link_us = session->now.link_us;
    session->config.transport->probe(session->config.context);
}

static void end_drain(struct ftp_session *session, bool reset)
{
    finish(session, reset);
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
    close_sources(session);
    session->drained = 0;
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
        session->drained += (uint32_t)size;
        if (session->drained >= FTP_DRAIN_BYTES) {
            end_drain(session, true);
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
        probe(session);
    } else if (session->state == FTP_DRAINING) {
        end_drain(session, false);
    }
}

/* 226 with what the files have to say, as a sentence. */
static void reply_stored(struct ftp_session *session)
{
    const char *words = session->config.files->words();
    if (*words == '\0') {
        ftp_reply(session, 226, "Stored.");
        return;
    }
    ftp_reply_begin(session, 226);
    text_char(&session->output,
              *words >= 'a' && *words <= 'z' ? (char)(*words - 'a' + 'A') : *words);
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
    finish(session, false);
    if (result == STORAGE_OK) {
        reply_stored(session);
    } else {
        ftp_reply_error(session, result, FTP_NAMING, "Not stored");
    }
}

/* ---- the unhappy ends */

void ftp_session_data_lost(struct ftp_session *session)
{
    if (session->state == FTP_DRAINING) {
        end_drain(session, true);
    } else if (ftp_is_busy(session)) {
        fail(session, 426, "The data connection broke; the transfer is given up.");
    } else {
        close_data(session, true);
    }
}

void ftp_transfer_poll(struct ftp_session *session)
{
    uint64_t passed_us = session->now.link_us - session->since_link_us;
    if (session->state == FTP_COMMITTING &&
        session->now.link_us - session->probed_link_us >= FTP_PROBE_US) {
        probe(session);
    }
    switch (session->state) {
    case FTP_DRAINING:
        if (passed_us >= FTP_DRAIN_US) {
            end_drain(session, true);
        }
        break;
    case FTP_OPENING:
        if (passed_us >= FTP_DATA_TIMEOUT_US) {
            fail(session, 425, "No data connection came.");
        }
        break;
    default:
        if (passed_us >= FTP_DATA_TIMEOUT_US) {
            fail(session, 426, "No progress; the transfer is given up.");
        }
        break;
    }
}

/* Transfers of data: their beginning and their ends, and sending. */
#include "net/ftp/ftp_internal.h"
#include "net/ftp/ftp_path.h"

void ftp_transfer_close_sources(struct ftp_session *session)
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

void ftp_transfer_close_data(struct ftp_session *session, bool reset)
{
    session->config.transport->close(session->config.context, reset);
    session->data_state = FTP_DATA_NONE;
}

void ftp_transfer_finish(struct ftp_session *session, bool reset)
{
    ftp_transfer_close_sources(session);
    if (session->state != FTP_TELLING) {
        ftp_transfer_close_data(session, reset);
    }
    ftp_enter(session, FTP_READY);
}

static void fail(struct ftp_session *session, unsigned code, const char *text)
{
    ftp_transfer_finish(session, true);
    ftp_reply(session, code, text);
}

void ftp_transfer_abort(struct ftp_session *session)
{
    fail(session, 426, "The transfer is given up.");
    session->aborted = true;
}

/* ---- the beginning */

/* The data connection is there: go. */
static void flow(struct ftp_session *session)
{
    ftp_enter(session, session->transfer == FTP_TRANSFER_STORE ? FTP_RECEIVING : FTP_SENDING);
}

static void reply_begun(struct ftp_session *session)
{
    if (session->transfer != FTP_TRANSFER_STORE) {
        ftp_reply(session, 150, "Here is the data.");
    } else if (!session->unique) {
        ftp_reply(session, 150, "Send the data.");
    } else {
        ftp_store_reply_unique(session, 150);
    }
}

void ftp_transfer_start(struct ftp_session *session, enum ftp_transfer transfer)
{
    session->transfer = transfer;
    session->buffer_begin = 0;
    session->moved = 0;
    if (session->data_state == FTP_DATA_ACTIVE) {
        if (!session->config.transport->connect(session->config.context, session->active_port)) {
            ftp_transfer_close_sources(session);
            ftp_transfer_close_data(session, true);
            ftp_reply(session, 425, "No data connection can be opened; try PASV.");
            return;
        }
        session->data_state = FTP_DATA_AWAITED;
    }
    reply_begun(session);
    ftp_enter(session, FTP_OPENING);
    if (session->data_state == FTP_DATA_OPEN) {
        flow(session);
    }
}

void ftp_transfer_refuse(struct ftp_session *session, int error, enum ftp_purpose purpose,
                         const char *text)
{
    ftp_transfer_close_data(session, false);
    ftp_reply_error(session, error, purpose, text);
}

bool ftp_transfer_can_begin(struct ftp_session *session)
{
    if (session->data_state == FTP_DATA_NONE) {
        ftp_reply(session, 425, "No data connection: use PASV, EPSV, PORT or EPRT first.");
        return false;
    }
    return true;
}

void ftp_transfer_retrieve(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    uint64_t offset = session->restart;
    session->restart = 0;
    if (!ftp_transfer_can_begin(session)) {
        return;
    }
    int result = ftp_path_resolve(path, session->directory, argument);
    if (result == STORAGE_OK) {
        result = session->config.files->open_read(&session->file, path, offset);
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
            ftp_transfer_finish(session, true);
            ftp_reply_error(session, result, FTP_EXISTING, "The transfer broke off");
            return 0;
        }
    }
    if (session->buffer_begin == session->buffer_end && session->source_ended) {
        /* Nobody has to wait for this file until the last byte has arrived. */
        ftp_transfer_close_sources(session);
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
    session->moved += size;
    session->since_link_us = session->now.link_us;
}

void ftp_session_data_delivered(struct ftp_session *session, bool all)
{
    if (session->state != FTP_SENDING && session->state != FTP_DELIVERING) {
        return;
    }
    session->since_link_us = session->now.link_us;
    if (session->state == FTP_DELIVERING && all) {
        ftp_transfer_finish(session, false);
        ftp_reply(session, 226, "Done.");
    }
}

/* ---- the unhappy ends */

void ftp_session_data_lost(struct ftp_session *session)
{
    if (session->state == FTP_DRAINING) {
        ftp_store_end_drain(session, true);
    } else if (session->state == FTP_OPENING) {
        fail(session, 425, "The data connection cannot be opened.");
    } else if (session->state == FTP_TELLING) {
        ftp_transfer_close_data(session, true);
    } else if (ftp_is_busy(session)) {
        fail(session, 426, "The data connection broke; the transfer is given up.");
    } else {
        ftp_transfer_close_data(session, true);
    }
}

void ftp_transfer_poll(struct ftp_session *session)
{
    uint64_t passed_us = session->now.link_us - session->since_link_us;
    if (session->state == FTP_COMMITTING &&
        session->now.link_us - session->probed_link_us >= FTP_PROBE_US) {
        ftp_store_probe(session);
    }
    switch (session->state) {
    case FTP_DRAINING:
        if (passed_us >= FTP_DRAIN_US) {
            ftp_store_end_drain(session, true);
        }
        break;
    case FTP_TELLING:
        if (passed_us >= FTP_DATA_TIMEOUT_US) {
            ftp_session_lost(session); /* it does not read */
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

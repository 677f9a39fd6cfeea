#include "net/ftp/ftp_session.h"

#include <string.h>

#include "hal/reset.h"
#include "net/ftp/ftp_internal.h"

#define BIT(state) (1u << (state))
#define END        (BIT(FTP_CLOSING) | BIT(FTP_CLOSED))

/* The states that may follow each state. */
static const uint16_t followers[FTP_STATES] = {
    [FTP_USER] = BIT(FTP_PASSWORD) | END,
    [FTP_PASSWORD] = BIT(FTP_USER) | BIT(FTP_REFUSING) | BIT(FTP_READY) | END,
    [FTP_REFUSING] = BIT(FTP_USER) | END,
    [FTP_READY] = BIT(FTP_USER) | BIT(FTP_OPENING) | BIT(FTP_TELLING) | END,
    [FTP_OPENING] = BIT(FTP_SENDING) | BIT(FTP_RECEIVING) | BIT(FTP_READY),
    [FTP_SENDING] = BIT(FTP_DELIVERING) | BIT(FTP_READY),
    [FTP_DELIVERING] = BIT(FTP_READY),
    [FTP_RECEIVING] = BIT(FTP_COMMITTING) | BIT(FTP_DRAINING) | BIT(FTP_READY),
    [FTP_COMMITTING] = BIT(FTP_READY),
    [FTP_DRAINING] = BIT(FTP_READY),
    [FTP_TELLING] = BIT(FTP_READY),
    [FTP_CLOSING] = BIT(FTP_CLOSED),
    [FTP_CLOSED] = 0,
};

void ftp_enter(struct ftp_session *session, enum ftp_state state)
{
    if (!(followers[session->state] & BIT(state))) {
        hal_fault("ftp: a transition that is not allowed");
    }
    session->state = state;
    session->since_link_us = session->now.link_us;
    session->since_board_us = session->now.board_us;
}

bool ftp_is_busy(const struct ftp_session *session)
{
    return session->state >= FTP_OPENING && session->state <= FTP_TELLING;
}

/* ---- replies */

void ftp_reply_begin(struct ftp_session *session, unsigned code)
{
    text_number(&session->output, code, 3, '0');
    text_char(&session->output, ' ');
}

void ftp_reply_end(struct ftp_session *session)
{
    text_string(&session->output, "\r\n");
}

void ftp_reply_syntax(struct ftp_session *session, const char *command, const char *syntax)
{
    text_string(&session->output, command);
    text_string(&session->output, *syntax ? " " : "");
    text_string(&session->output, syntax);
    ftp_reply_end(session);
}

void ftp_reply(struct ftp_session *session, unsigned code, const char *text)
{
    ftp_reply_begin(session, code);
    text_string(&session->output, text);
    ftp_reply_end(session);
}

void ftp_reply_because(struct ftp_session *session, unsigned code, const char *text,
                       const char *reason)
{
    ftp_reply_begin(session, code);
    text_string(&session->output, text);
    text_string(&session->output, ": ");
    text_string(&session->output, reason);
    text_char(&session->output, '.');
    ftp_reply_end(session);
}

void ftp_reply_error(struct ftp_session *session, int error, enum ftp_purpose purpose,
                     const char *text)
{
    ftp_reply_because(session, ftp_files_reply(error, purpose), text,
                      ftp_files_reason(session->config.files, error));
}

void ftp_put_address(struct text *out, const uint8_t address[4], char separator)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0) {
            text_char(out, separator);
        }
        text_number(out, address[i], 0, ' ');
    }
}

void ftp_bye(struct ftp_session *session, unsigned code, const char *text)
{
    ftp_reply(session, code, text);
    ftp_transfer_close_data(session, false);
    ftp_enter(session, FTP_CLOSING);
}

size_t ftp_session_output(struct ftp_session *session, const uint8_t **data)
{
    if (session->state == FTP_TELLING) {
        ftp_listing_tell(session);
    }
    *data = (const uint8_t *)session->output_data;
    return session->output.length;
}

void ftp_session_output_taken(struct ftp_session *session, size_t size)
{
    if (size > 0 && session->state == FTP_TELLING) {
        session->since_link_us = session->now.link_us;
    }
    session->output.length -= size;
    memmove(session->output_data, session->output_data + size, session->output.length);
}

/* ---- life */

void ftp_session_init(struct ftp_session *session, const struct ftp_session_config *config,
                      const struct ftp_now *now)
{
    memset(session, 0, sizeof *session);
    session->config = *config;
    session->now = *now;
    session->born_link_us = now->link_us;
    session->since_link_us = now->link_us;
    session->since_board_us = now->board_us;
    session->state = FTP_USER;
    session->facts = FTP_FACTS_ALL;
    strcpy(session->directory, "/");
    ftp_command_init(&session->command);
    session->output = (struct text){.data = session->output_data, .size = FTP_OUTPUT_SIZE};
    ftp_reply(session, 220, "WiPy FTP server ready.");
}

bool ftp_session_is_over(const struct ftp_session *session)
{
    return session->state == FTP_CLOSED ||
           (session->state == FTP_CLOSING && session->output.length == 0);
}

bool ftp_session_is_logged_in(const struct ftp_session *session)
{
    return session->state == FTP_READY || ftp_is_busy(session);
}

bool ftp_session_has_failed(const struct ftp_session *session)
{
    return session->state == FTP_REFUSING || session->tries > 0;
}

void ftp_session_evict(struct ftp_session *session)
{
    if (session->state < FTP_CLOSING) {
        ftp_bye(session, 421,
                "Too many connections, and this one has not logged in: connect again.");
    }
}

void ftp_session_lost(struct ftp_session *session)
{
    if (session->state == FTP_CLOSED) {
        return;
    }
    if (ftp_is_busy(session)) {
        ftp_transfer_finish(session, true);
    }
    session->config.transport->close(session->config.context, true);
    ftp_enter(session, FTP_CLOSED);
}

void ftp_session_input_end(struct ftp_session *session, bool all_taken)
{
    session->ended = true;
    bool fetches = ftp_is_busy(session) && session->transfer != FTP_TRANSFER_STORE;
    if (session->state == FTP_TELLING || session->state == FTP_REFUSING || fetches) {
        return; /* that answer is still given */
    }
    if (ftp_is_busy(session)) {
        ftp_transfer_finish(session, true);
    }
    if (all_taken && !session->held && session->ahead_size == 0 && session->state < FTP_CLOSING) {
        session->config.transport->close(session->config.context, true);
        ftp_enter(session, FTP_CLOSING);
    }
}

/* ---- commands */

/* Run the line that is held, if it can be now. */
static void run_held(struct ftp_session *session)
{
    if (FTP_OUTPUT_SIZE - session->output.length < FTP_REPLY_ROOM) {
        return;
    }
    if (session->state == FTP_REFUSING || session->state == FTP_TELLING) {
        return;
    }
    if (ftp_is_busy(session) && (session->line_long || !ftp_verbs_urgent(session))) {
        return;
    }
    session->held = false;
    session->since_board_us = session->now.board_us;
    if (session->line_long) {
        /* Whatever it was, RNTO or RETR behind it is not what RNFR or REST was for. */
        session->rename_from[0] = '\0';
        session->restart = 0;
        ftp_reply(session, 500, "The command line is too long.");
    } else {
        ftp_verbs_run(session);
    }
}

/* Keep what there is room for. */
static size_t keep_ahead(struct ftp_session *session, const uint8_t *data, size_t size)
{
    size_t taken = FTP_AHEAD_SIZE - session->ahead_size;
    if (taken > size) {
        taken = size;
    }
    if (taken > 0) {
        memcpy(session->ahead + session->ahead_size, data, taken);
        session->ahead_size += taken;
    }
    return taken;
}

static void take_line(struct ftp_session *session)
{
    enum ftp_command_event event;
    size_t taken = ftp_command_feed(&session->command, session->ahead, session->ahead_size, &event);
    session->ahead_size -= taken;
    memmove(session->ahead, session->ahead + taken, session->ahead_size);
    session->held = event != FTP_COMMAND_NONE;
    session->line_long = event == FTP_COMMAND_TOO_LONG;
}

static bool abort_is_ahead(const struct ftp_session *session)
{
    struct ftp_command command;
    enum ftp_command_event event;
    ftp_command_init(&command);
    for (size_t at = 0; at < session->ahead_size;) {
        at += ftp_command_feed(&command, session->ahead + at, session->ahead_size - at, &event);
        if (event == FTP_COMMAND_LINE && strcmp(command.verb, "ABOR") == 0 &&
            *command.argument == '\0') {
            return true;
        }
    }
    return false;
}

size_t ftp_session_input(struct ftp_session *session, const uint8_t *data, size_t size)
{
    if (session->state >= FTP_CLOSING) {
        return size;
    }
    bool waited = session->held;
    size_t taken = keep_ahead(session, data, size);
    if (!waited) {
        take_line(session);
    }
    if (session->held) {
        run_held(session);
    }
    size_t more = size > taken ? keep_ahead(session, data + taken, size - taken) : 0;
    /* The same bytes are looked at once for each command that waits before them. */
    if (session->held && (!waited || taken + more > 0) && ftp_is_busy(session) &&
        session->state != FTP_TELLING && abort_is_ahead(session)) {
        ftp_transfer_abort(session);
        run_held(session);
    }
    return taken + more;
}

bool ftp_session_goes_on(const struct ftp_session *session)
{
    return session->state < FTP_CLOSING && !session->held && session->ahead_size > 0;
}

/* ---- time */

static bool link_passed(const struct ftp_session *session, uint64_t since_us, uint64_t limit_us)
{
    return session->now.link_us - since_us >= limit_us;
}

void ftp_session_poll(struct ftp_session *session, const struct ftp_now *now)
{
    session->now = *now;
    switch (session->state) {
    case FTP_USER:
    case FTP_PASSWORD:
    case FTP_REFUSING:
        ftp_login_poll(session);
        break;
    case FTP_READY:
        if (now->board_us - session->since_board_us >= session->config.idle_us) {
            ftp_bye(session, 421, "Idle for too long.");
        }
        break;
    case FTP_CLOSING:
        if (link_passed(session, session->since_link_us, FTP_CLOSING_US)) {
            ftp_enter(session, FTP_CLOSED);
        }
        break;
    case FTP_CLOSED:
        break;
    default:
        ftp_transfer_poll(session);
        break;
    }
}

void ftp_session_deadline(const struct ftp_session *session, struct loop_deadline *deadline)
{
    uint64_t link_us = session->since_link_us;
    switch (session->state) {
    case FTP_USER:
    case FTP_PASSWORD:
        link_us = session->born_link_us + FTP_LOGIN_US;
        break;
    case FTP_REFUSING:
        link_us = session->refuse_link_us;
        break;
    case FTP_READY:
        if (session->since_board_us + session->config.idle_us < deadline->board_us) {
            deadline->board_us = session->since_board_us + session->config.idle_us;
        }
        return;
    case FTP_COMMITTING:
        link_us = session->probed_link_us + FTP_PROBE_US;
        break;
    case FTP_DRAINING:
        link_us += FTP_DRAIN_US;
        break;
    case FTP_CLOSING:
        link_us += FTP_CLOSING_US;
        break;
    default:
        link_us += FTP_DATA_TIMEOUT_US;
        break;
    }
    if (link_us < deadline->link_us) {
        deadline->link_us = link_us;
    }
}

/* The commands about how to transfer: representation, where to go on, the data connection. */
#include <string.h>

#include "net/ftp/ftp_internal.h"
#include "net/ftp/ftp_words.h"

void ftp_data_type(struct ftp_session *session, const char *argument)
{
    if (ftp_words_is(argument, "I") || ftp_words_is(argument, "L 8") ||
        ftp_words_is(argument, "A") || ftp_words_is(argument, "A N")) {
        ftp_reply(session, 200, "OK: files are sent as they are.");
    } else {
        ftp_reply(session, 504, "The types are A, I and L 8.");
    }
}

void ftp_data_mode(struct ftp_session *session, const char *argument)
{
    if (ftp_words_is(argument, "S")) {
        ftp_reply(session, 200, "OK.");
    } else {
        ftp_reply(session, 504, "The only mode is S.");
    }
}

void ftp_data_stru(struct ftp_session *session, const char *argument)
{
    if (ftp_words_is(argument, "F")) {
        ftp_reply(session, 200, "OK.");
    } else {
        ftp_reply(session, 504, "The only structure is F.");
    }
}

/* `bytes`, or `bytes R size`: there are no records or pages here (RFC 959 section 4.1.3). */
static bool read_allocation(const char *argument, uint64_t *bytes)
{
    uint64_t size;
    if (!ftp_words_number(&argument, UINT64_MAX, bytes)) {
        return false;
    }
    if (*argument == ' ') {
        argument = ftp_words_after(argument + 1, "R");
        return argument && ftp_words_number(&argument, UINT64_MAX, &size) && *argument == '\0';
    }
    return *argument == '\0';
}

void ftp_data_allo(struct ftp_session *session, const char *argument)
{
    uint64_t bytes;
    if (!read_allocation(argument, &bytes)) {
        ftp_reply(session, 501, "ALLO needs a number of bytes.");
        return;
    }
    uint64_t room = session->config.files->room(session->directory);
    if (bytes <= room) {
        ftp_reply(session, 202, "Not needed: files get their room as they come.");
        return;
    }
    ftp_reply_begin(session, 552);
    text_string(&session->output, "Only ");
    text_number(&session->output, room, 0, ' ');
    text_string(&session->output, " bytes are free here: delete something first.");
    ftp_reply_end(session);
}

/* RFC 3659 section 5. It holds for the next transfer, whatever PASV or TYPE comes between. */
void ftp_data_rest(struct ftp_session *session, const char *argument)
{
    uint64_t offset;
    if (!ftp_words_number(&argument, INT64_MAX, &offset) || *argument) {
        ftp_reply(session, 501, "REST needs a number of bytes.");
        return;
    }
    session->restart = offset;
    ftp_reply(session, 350, "Send RETR or STOR to go on from there.");
}

/* ---- passive */

/* Port of a new listener for data, or negative after the reply that says that there is none. */
static int listen_for_data(struct ftp_session *session)
{
    int port = session->config.transport->listen(session->config.context);
    if (port < 0) {
        session->data_state = FTP_DATA_NONE;
        ftp_reply(session, 425, "No port is free for a data connection; try again later.");
    } else {
        session->data_state = FTP_DATA_AWAITED;
    }
    return port;
}

static bool not_after_epsv_all(struct ftp_session *session)
{
    if (session->epsv_only) {
        ftp_reply(session, 503, "Not after EPSV ALL.");
    }
    return !session->epsv_only;
}

void ftp_data_pasv(struct ftp_session *session, const char *argument)
{
    int port = not_after_epsv_all(session) ? listen_for_data(session) : -1;
    if (port < 0) {
        return;
    }
    struct text *out = &session->output;
    ftp_reply_begin(session, 227);
    text_string(out, "Entering Passive Mode (");
    ftp_put_address(out, session->config.address, ',');
    text_char(out, ',');
    text_number(out, (uint32_t)port >> 8, 0, ' ');
    text_char(out, ',');
    text_number(out, (uint32_t)port & 0xff, 0, ' ');
    text_char(out, ')');
    ftp_reply_end(session);
}

static void refuse_protocol(struct ftp_session *session)
{
    ftp_reply(session, 522, "Network protocol not supported, use (1)");
}

void ftp_data_epsv(struct ftp_session *session, const char *argument)
{
    if (ftp_words_is(argument, "ALL")) {
        session->epsv_only = true;
        ftp_reply(session, 200, "OK.");
        return;
    }
    if (*argument && !ftp_words_is(argument, "1")) {
        refuse_protocol(session);
        return;
    }
    int port = listen_for_data(session);
    if (port < 0) {
        return;
    }
    ftp_reply_begin(session, 229);
    text_string(&session->output, "Entering Extended Passive Mode (|||");
    text_number(&session->output, (uint32_t)port, 0, ' ');
    text_string(&session->output, "|)");
    ftp_reply_end(session);
}

/* ---- active */

/* Only to the client itself, and to no port of a service: else we could be made to talk to others
 * in its name (RFC 2577). */
static void set_active(struct ftp_session *session, const uint8_t address[4], uint64_t port)
{
    if (memcmp(address, session->config.peer, sizeof session->config.peer) != 0) {
        ftp_reply(session, 504, "Data goes to the address that you come from only: use PASV.");
        return;
    }
    if (port == 0) {
        ftp_reply(session, 501, "0 is no port: name the one you listen at, or use PASV.");
        return;
    }
    if (port < 1024) {
        ftp_reply(session, 504, "Data goes to no port below 1024: use PASV, or a higher port.");
        return;
    }
    session->config.transport->close(session->config.context, true);
    session->data_state = FTP_DATA_ACTIVE;
    session->active_port = (uint16_t)port;
    ftp_reply(session, 200, "OK.");
}

/* h1,h2,h3,h4,p1,p2 */
void ftp_data_port(struct ftp_session *session, const char *argument)
{
    uint8_t numbers[6];
    if (!not_after_epsv_all(session)) {
        return;
    }
    for (unsigned i = 0; i < sizeof numbers; i++) {
        uint64_t number;
        if ((i > 0 && *argument++ != ',') || !ftp_words_number(&argument, 255, &number)) {
            ftp_reply(session, 501, "PORT needs h1,h2,h3,h4,p1,p2.");
            return;
        }
        numbers[i] = (uint8_t)number;
    }
    if (*argument) {
        ftp_reply(session, 501, "PORT needs h1,h2,h3,h4,p1,p2.");
    } else {
        set_active(session, numbers, numbers[4] * 256u + numbers[5]);
    }
}

/* |1|a.b.c.d|port|, with any delimiter. Returns the protocol, 0 when it is not well-formed. */
static unsigned read_extended(const char *at, uint8_t address[4], uint64_t *port)
{
    char delimiter = *at;
    uint64_t protocol, number;
    if (delimiter < 33 || delimiter > 126 || (delimiter >= '0' && delimiter <= '9')) {
        return 0;
    }
    at++;
    if (!ftp_words_number(&at, 255, &protocol) || *at++ != delimiter) {
        return 0;
    }
    for (unsigned i = 0; i < 4 && protocol == 1; i++) {
        if ((i > 0 && *at++ != '.') || !ftp_words_number(&at, 255, &number)) {
            return 0;
        }
        address[i] = (uint8_t)number;
    }
    if (protocol == 1 && (*at++ != delimiter || !ftp_words_number(&at, 65535, port) ||
                          *at++ != delimiter || *at != '\0')) {
        return 0;
    }
    return (unsigned)protocol;
}

void ftp_data_eprt(struct ftp_session *session, const char *argument)
{
    uint8_t address[4];
    uint64_t port;
    if (!not_after_epsv_all(session)) {
        return;
    }
    switch (read_extended(argument, address, &port)) {
    case 0:
        ftp_reply(session, 501, "EPRT needs |1|a.b.c.d|port|.");
        break;
    case 1:
        set_active(session, address, port);
        break;
    default:
        refuse_protocol(session);
        break;
    }
}

/* RFC 959 section 4.1.3: with a transfer or without, the data connection is closed. */
void ftp_data_abor(struct ftp_session *session, const char *argument)
{
    if (ftp_is_busy(session)) {
        ftp_transfer_abort(session);
    } else {
        ftp_transfer_close_data(session, false);
    }
    ftp_reply(session, 226, session->aborted ? "Transfer aborted." : "No transfer to abort.");
    session->aborted = false;
}

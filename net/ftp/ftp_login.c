/* The commands about who the client is: login, logout, and the security that there is not. */
#include <string.h>

#include "net/ftp/ftp_internal.h"

static void refuse(struct ftp_session *session)
{
    session->tries++;
    if (session->tries >= FTP_LOGIN_TRIES) {
        ftp_bye(session, 530, "Login incorrect, too often.");
        return;
    }
    ftp_enter(session, FTP_USER);
    ftp_reply(session, 530, "Login incorrect.");
}

void ftp_login_poll(struct ftp_session *session)
{
    if (session->state == FTP_REFUSING) {
        if (session->now.link_us >= session->refuse_link_us) {
            refuse(session);
        }
    } else if (session->now.link_us - session->born_link_us >= FTP_LOGIN_US) {
        ftp_bye(session, 421, "No login in time.");
    }
}

/* The present login is over, and the next one has its own time. */
static void log_out(struct ftp_session *session)
{
    if (session->state == FTP_READY) {
        ftp_transfer_close_data(session, false);
        session->born_link_us = session->now.link_us;
    }
    if (session->state != FTP_USER) {
        ftp_enter(session, FTP_USER);
    }
    session->restart = 0;
    session->aborted = false;
    session->epsv_only = false;
    session->facts = FTP_FACTS_ALL;
}

void ftp_login_user(struct ftp_session *session, const char *argument)
{
    log_out(session);
    /* A name that is too long is nobody's, as the empty one. */
    strcpy(session->user, strlen(argument) <= LOGIN_TEXT_MAX ? argument : "");
    ftp_enter(session, FTP_PASSWORD);
    ftp_reply(session, 331, "Password, please.");
}

void ftp_login_pass(struct ftp_session *session, const char *argument)
{
    if (session->state != FTP_PASSWORD) {
        ftp_reply(session, 503, "Send USER first.");
        return;
    }
    if (!session->config.login(session->user, argument, session->now.link_us,
                               &session->refuse_link_us)) {
        ftp_enter(session, FTP_REFUSING);
        return;
    }
    session->tries = 0;
    strcpy(session->directory, "/");
    ftp_enter(session, FTP_READY);
    const char *notice = session->config.login_notice();
    if (notice) {
        text_string(&session->output, "230-");
        text_string(&session->output, notice);
        ftp_reply_end(session);
    }
    ftp_reply(session, 230, "Logged in.");
}

void ftp_login_acct(struct ftp_session *session, const char *argument)
{
    ftp_reply(session, 202, "There are no accounts: user and password are enough.");
}

void ftp_login_quit(struct ftp_session *session, const char *argument)
{
    ftp_bye(session, 221, "Goodbye.");
}

void ftp_login_rein(struct ftp_session *session, const char *argument)
{
    log_out(session);
    ftp_reply(session, 220, "WiPy FTP server ready.");
}

/* RFC 7151: whatever the client calls us. */
void ftp_login_host(struct ftp_session *session, const char *argument)
{
    if (session->state == FTP_USER) {
        ftp_reply(session, 220, "There is one host here, whatever its name.");
    } else {
        ftp_reply(session, 503, "HOST comes before USER.");
    }
}

/* RFC 2228, so that clients go on without. */
void ftp_login_auth(struct ftp_session *session, const char *argument)
{
    ftp_reply(session, 502, "TLS is not available: log in without it.");
}

void ftp_login_no_auth(struct ftp_session *session, const char *argument)
{
    ftp_reply(session, 503, "There is no security to set up: AUTH is not available.");
}

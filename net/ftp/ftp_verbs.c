#include <string.h>

#include "net/ftp/ftp_internal.h"

/* ---- login */

static void failed_login(struct ftp_session *session, const char *text)
{
    session->tries++;
    if (session->tries >= FTP_LOGIN_TRIES) {
        ftp_bye(session, 530, "Login incorrect, too often.");
        return;
    }
    if (session->state != FTP_USER) {
        ftp_enter(session, FTP_USER);
    }
    ftp_reply(session, 530, text);
}

static void user(struct ftp_session *session, const char *argument)
{
    if (session->state == FTP_READY) {
        /* Another login: the present one is over, and the new one has its own time. */
        session->born_link_us = session->now.link_us;
        ftp_enter(session, FTP_USER);
    }
    if (strlen(argument) > LOGIN_TEXT_MAX) {
        failed_login(session, "The user name is too long.");
        return;
    }
    strcpy(session->user, argument);
    if (session->state == FTP_USER) {
        ftp_enter(session, FTP_PASSWORD);
    }
    ftp_reply(session, 331, "Password, please.");
}

static void pass(struct ftp_session *session, const char *argument)
{
    if (session->state != FTP_PASSWORD) {
        ftp_reply(session, 503, "Send USER first.");
    } else if (strlen(argument) > LOGIN_TEXT_MAX ||
               !session->config.login(session->user, argument)) {
        failed_login(session, "Login incorrect.");
    } else {
        session->tries = 0;
        strcpy(session->directory, "/");
        ftp_enter(session, FTP_READY);
        ftp_reply(session, 230, "Logged in.");
    }
}

static void quit(struct ftp_session *session, const char *argument)
{
    ftp_bye(session, 221, "Goodbye.");
}

/* ---- what the server is */

static void syst(struct ftp_session *session, const char *argument)
{
    ftp_reply(session, 215, "UNIX Type: L8");
}

/* RFC 2389: each feature on a line of its own that begins with one space. */
static void feat(struct ftp_session *session, const char *argument)
{
    text_string(&session->output, "211-Features:\r\n"
                                  " EPSV\r\n"
                                  " MDTM\r\n"
                                  " PASV\r\n"
                                  " SIZE\r\n"
                                  " TVFS\r\n"
                                  " UTF8\r\n"
                                  "211 End\r\n");
}

static bool is_word(const char *argument, const char *word)
{
    for (; *word; argument++, word++) {
        char c = *argument >= 'a' && *argument <= 'z' ? (char)(*argument - 'a' + 'A') : *argument;
        if (c != *word) {
            return false;
        }
    }
    return *argument == '\0';
}

static void opts(struct ftp_session *session, const char *argument)
{
    if (is_word(argument, "UTF8 ON") || is_word(argument, "UTF8")) {
        ftp_reply(session, 200, "Names are UTF-8.");
    } else {
        ftp_reply(session, 501, "There is no such option.");
    }
}

static void help(struct ftp_session *session, const char *argument)
{
    text_string(&session->output,
                "214-These commands work:\r\n"
                " USER PASS QUIT SYST FEAT OPTS HELP STAT NOOP TYPE MODE STRU ALLO\r\n"
                " PWD CWD CDUP MKD RMD DELE RNFR RNTO SIZE MDTM\r\n"
                " PASV EPSV LIST NLST RETR STOR ABOR\r\n"
                "214 End\r\n");
}

static void stat_server(struct ftp_session *session, const char *argument)
{
    if (*argument) {
        ftp_reply(session, 504, "Only the server's own status: use LIST for files.");
        return;
    }
    text_string(&session->output, "211-WiPy FTP server\r\n");
    text_string(&session->output,
                ftp_is_busy(session) ? " A transfer is under way\r\n" : " No transfer\r\n");
    text_string(&session->output, "211 End\r\n");
}

static void noop(struct ftp_session *session, const char *argument)
{
    ftp_reply(session, 200, "OK.");
}

static void auth(struct ftp_session *session, const char *argument)
{
    ftp_reply(session, 502, "TLS is not available: log in without it.");
}

/* ---- how to transfer */

static void type(struct ftp_session *session, const char *argument)
{
    if (is_word(argument, "I") || is_word(argument, "L 8") || is_word(argument, "A") ||
        is_word(argument, "A N")) {
        ftp_reply(session, 200, "OK: files are sent as they are.");
    } else {
        ftp_reply(session, 504, "The types are A, I and L 8.");
    }
}

static void mode(struct ftp_session *session, const char *argument)
{
    if (is_word(argument, "S")) {
        ftp_reply(session, 200, "OK.");
    } else {
        ftp_reply(session, 504, "The only mode is S.");
    }
}

static void stru(struct ftp_session *session, const char *argument)
{
    if (is_word(argument, "F")) {
        ftp_reply(session, 200, "OK.");
    } else {
        ftp_reply(session, 504, "The only structure is F.");
    }
}

static void allo(struct ftp_session *session, const char *argument)
{
    ftp_reply(session, 202, "Not needed.");
}

/* Port of a new listener for data, or negative after the reply that says that there is none. */
static int listen_for_data(struct ftp_session *session)
{
    int port = session->config.transport->listen(session->config.context);
    if (port < 0) {
        session->data_state = FTP_DATA_NONE;
        ftp_reply(session, 425, "No port is free for a data connection; try again later.");
    } else {
        session->data_state = FTP_DATA_LISTENING;
    }
    return port;
}

static void pasv(struct ftp_session *session, const char *argument)
{
    if (session->epsv_only) {
        ftp_reply(session, 503, "Not after EPSV ALL.");
        return;
    }
    int port = listen_for_data(session);
    if (port < 0) {
        return;
    }
    struct text *out = &session->output;
    ftp_reply_begin(session, 227);
    text_string(out, "Entering Passive Mode (");
    for (unsigned i = 0; i < sizeof session->config.address; i++) {
        text_number(out, session->config.address[i], 0, ' ');
        text_char(out, ',');
    }
    text_number(out, (uint32_t)port >> 8, 0, ' ');
    text_char(out, ',');
    text_number(out, (uint32_t)port & 0xff, 0, ' ');
    text_char(out, ')');
    ftp_reply_end(session);
}

/* RFC 2428. */
static void epsv(struct ftp_session *session, const char *argument)
{
    if (is_word(argument, "ALL")) {
        session->epsv_only = true;
        ftp_reply(session, 200, "OK.");
        return;
    }
    if (*argument && !is_word(argument, "1")) {
        ftp_reply(session, 522, "Network protocol not supported, use (1)");
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

static void active(struct ftp_session *session, const char *argument)
{
    ftp_reply(session, 502, "Active mode is not supported: use PASV or EPSV.");
}

/* ---- transfers */

static void list(struct ftp_session *session, const char *argument)
{
    ftp_transfer_list(session, argument, false);
}

static void nlst(struct ftp_session *session, const char *argument)
{
    ftp_transfer_list(session, argument, true);
}

static void abor(struct ftp_session *session, const char *argument)
{
    if (ftp_is_busy(session)) {
        ftp_transfer_abort(session);
        ftp_reply(session, 426, "The transfer is given up.");
    }
    ftp_reply(session, 226, "Nothing is under way.");
}

/* ---- the table */

enum {
    ANYTIME = 1, /* before the login, too */
    NAME = 2,    /* needs an argument */
    URGENT = 4,  /* while a transfer is under way, too */
};

static const struct verb {
    char name[FTP_VERB_MAX];
    uint8_t flags;
    void (*run)(struct ftp_session *session, const char *argument);
} verbs[] = {
    {"USER", ANYTIME | NAME, user},
    {"PASS", ANYTIME, pass},
    {"QUIT", ANYTIME, quit},
    {"SYST", ANYTIME, syst},
    {"FEAT", ANYTIME, feat},
    {"OPTS", ANYTIME, opts},
    {"HELP", ANYTIME, help},
    {"NOOP", ANYTIME, noop},
    {"AUTH", ANYTIME, auth},
    {"STAT", URGENT, stat_server},
    {"ABOR", URGENT, abor},
    {"TYPE", NAME, type},
    {"MODE", NAME, mode},
    {"STRU", NAME, stru},
    {"ALLO", 0, allo},
    {"PASV", 0, pasv},
    {"EPSV", 0, epsv},
    {"PORT", 0, active},
    {"EPRT", 0, active},
    {"LIST", 0, list},
    {"NLST", 0, nlst},
    {"RETR", NAME, ftp_transfer_retrieve},
    {"STOR", NAME, ftp_transfer_store},
    {"PWD", 0, ftp_names_pwd},
    {"XPWD", 0, ftp_names_pwd},
    {"CWD", NAME, ftp_names_cwd},
    {"XCWD", NAME, ftp_names_cwd},
    {"CDUP", 0, ftp_names_cdup},
    {"XCUP", 0, ftp_names_cdup},
    {"MKD", NAME, ftp_names_mkd},
    {"XMKD", NAME, ftp_names_mkd},
    {"RMD", NAME, ftp_names_rmd},
    {"XRMD", NAME, ftp_names_rmd},
    {"DELE", NAME, ftp_names_dele},
    {"RNFR", NAME, ftp_names_rnfr},
    {"RNTO", NAME, ftp_names_rnto},
    {"SIZE", NAME, ftp_names_size},
    {"MDTM", NAME, ftp_names_mdtm},
};

static const struct verb *find(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

bool ftp_verbs_urgent(const struct ftp_session *session)
{
    const struct verb *verb = find(session->command.verb);
    return verb && verb->flags & URGENT;
}

void ftp_verbs_run(struct ftp_session *session)
{
    const struct verb *verb = find(session->command.verb);
    const char *argument = session->command.argument;

    if (session->command.verb[0] == '\0') {
        ftp_reply(session, 500, "This is no FTP command.");
    } else if (!verb) {
        ftp_reply(session, 502, "This command is not implemented.");
    } else if (!ftp_session_is_logged_in(session) && !(verb->flags & ANYTIME)) {
        ftp_reply(session, 530, "Log in first, with USER and PASS.");
    } else if (verb->flags & NAME && *argument == '\0') {
        ftp_reply(session, 501, "The command needs an argument.");
    } else {
        verb->run(session, argument);
    }
    /* RNTO follows its RNFR immediately, or not at all. */
    if (!verb || verb->run != ftp_names_rnfr) {
        session->rename_from[0] = '\0';
    }
}

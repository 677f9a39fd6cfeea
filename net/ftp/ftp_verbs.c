/* The table of commands, and those that tell what the server is and does. */
#include <string.h>

#include "net/ftp/ftp_internal.h"
#include "net/ftp/ftp_words.h"

static void syst(struct ftp_session *session, const char *argument)
{
    ftp_reply(session, 215, "UNIX Type: L8");
}

/* RFC 2389: each feature on a line of its own that begins with one space. */
static void feat(struct ftp_session *session, const char *argument)
{
    text_string(&session->output, "211-Features:\r\n"
                                  " CLNT\r\n"
                                  " EPRT\r\n"
                                  " EPSV\r\n"
                                  " LANG EN*\r\n"
                                  " MDTM\r\n"
                                  " MFMT\r\n"
                                  " MLST ");
    ftp_facts_put_feature(&session->output, session->facts);
    text_string(&session->output, "\r\n"
                                  " PASV\r\n"
                                  " REST STREAM\r\n"
                                  " SIZE\r\n"
                                  " TVFS\r\n"
                                  " UTF8\r\n"
                                  "211 End\r\n");
}

static void opts(struct ftp_session *session, const char *argument)
{
    const char *facts = ftp_words_after(argument, "MLST");
    if (facts) {
        session->facts = ftp_facts_read(facts);
        ftp_reply_begin(session, 200);
        text_string(&session->output, session->facts ? "MLST OPTS " : "MLST OPTS");
        ftp_facts_put_names(&session->output, session->facts);
        ftp_reply_end(session);
    } else if (ftp_words_is(argument, "UTF8 ON") || ftp_words_is(argument, "UTF8")) {
        ftp_reply(session, 200, "Names are UTF-8.");
    } else if (ftp_words_is(argument, "UTF8 OFF")) {
        ftp_reply(session, 504, "Names are always UTF-8.");
    } else {
        ftp_reply(session, 501, "The options are UTF8 ON and MLST.");
    }
}

/* RFC 2640 section 4. */
static void lang(struct ftp_session *session, const char *argument)
{
    if (*argument == '\0' || ftp_words_equal(argument, strcspn(argument, "-"), "EN")) {
        ftp_reply(session, 200, "The language is English.");
    } else {
        ftp_reply(session, 504, "The only language is EN.");
    }
}

static void noop(struct ftp_session *session, const char *argument)
{
    ftp_reply(session, 200, "OK.");
}

static void status(struct ftp_session *session, const char *argument)
{
    struct text *out = &session->output;
    if (*argument) {
        ftp_listing_stat(session, argument);
        return;
    }
    text_string(out, "211-WiPy FTP server\r\n Connected from ");
    ftp_put_address(out, session->config.peer, '.');
    text_string(out, "\r\n Logged in as ");
    text_string(out, session->user);
    text_string(out, "\r\n TYPE: A and I are the same; STRU: F; MODE: S\r\n ");
    if (ftp_is_busy(session)) {
        text_string(out, "A transfer is under way: ");
        text_number(out, session->moved, 0, ' ');
        text_string(out, " bytes");
    } else {
        text_string(out, "No transfer");
    }
    text_string(out, "\r\n211 End\r\n");
}

static ftp_act help;

/* ---- the table */

enum {
    ANYTIME = 1, /* before the login, too */
    NAME = 2,    /* needs an argument */
    URGENT = 4,  /* without an argument also while a transfer is under way */
};

static const struct verb {
    char name[FTP_VERB_MAX];
    uint8_t flags;
    ftp_act *run;
    const char *syntax; /* of the argument */
} verbs[] = {
    {"USER", ANYTIME, ftp_login_user, "<user>"},
    {"PASS", ANYTIME, ftp_login_pass, "<password>"},
    {"ACCT", ANYTIME, ftp_login_acct, "<account>"},
    {"QUIT", ANYTIME, ftp_login_quit, ""},
    {"REIN", ANYTIME, ftp_login_rein, ""},
    {"HOST", ANYTIME, ftp_login_host, "<name>"},
    {"AUTH", ANYTIME, ftp_login_auth, "<mechanism>"},
    {"ADAT", ANYTIME, ftp_login_no_auth, "<data>"},
    {"PBSZ", ANYTIME, ftp_login_no_auth, "<size>"},
    {"PROT", ANYTIME, ftp_login_no_auth, "<level>"},
    {"CCC", ANYTIME, ftp_login_no_auth, ""},
    {"MIC", ANYTIME, ftp_login_no_auth, "<data>"},
    {"CONF", ANYTIME, ftp_login_no_auth, "<data>"},
    {"ENC", ANYTIME, ftp_login_no_auth, "<data>"},

    {"SYST", ANYTIME, syst, ""},
    {"FEAT", ANYTIME, feat, ""},
    {"OPTS", ANYTIME, opts, "UTF8 ON | MLST <facts>"},
    {"LANG", ANYTIME, lang, "[EN]"},
    {"CLNT", ANYTIME, noop, "<client>"},
    {"NOOP", ANYTIME, noop, ""},
    {"HELP", ANYTIME, help, "[<command>]"},
    {"STAT", URGENT, status, "[<name>]"},
    {"SITE", NAME, ftp_site_run, "CHMOD | UTIME | HELP"},

    {"TYPE", NAME, ftp_data_type, "A | I | L 8"},
    {"MODE", NAME, ftp_data_mode, "S"},
    {"STRU", NAME, ftp_data_stru, "F"},
    {"ALLO", NAME, ftp_data_allo, "<bytes>"},
    {"REST", NAME, ftp_data_rest, "<offset>"},
    {"PASV", 0, ftp_data_pasv, ""},
    {"EPSV", 0, ftp_data_epsv, "[1 | ALL]"},
    {"PORT", NAME, ftp_data_port, "<h1,h2,h3,h4,p1,p2>"},
    {"EPRT", NAME, ftp_data_eprt, "<|1|address|port|>"},
    {"ABOR", URGENT, ftp_data_abor, ""},

    {"RETR", NAME, ftp_transfer_retrieve, "<file>"},
    {"STOR", NAME, ftp_store_stor, "<file>"},
    {"STOU", 0, ftp_store_stou, "[<file>]"},
    {"APPE", NAME, ftp_store_appe, "<file>"},
    {"LIST", 0, ftp_listing_list, "[<name>]"},
    {"NLST", 0, ftp_listing_nlst, "[<name>]"},
    {"MLSD", 0, ftp_listing_mlsd, "[<directory>]"},
    {"MLST", 0, ftp_names_mlst, "[<name>]"},

    {"PWD", 0, ftp_names_pwd, ""},
    {"XPWD", 0, ftp_names_pwd, ""},
    {"CWD", NAME, ftp_names_cwd, "<directory>"},
    {"XCWD", NAME, ftp_names_cwd, "<directory>"},
    {"CDUP", 0, ftp_names_cdup, ""},
    {"XCUP", 0, ftp_names_cdup, ""},
    {"MKD", NAME, ftp_names_mkd, "<directory>"},
    {"XMKD", NAME, ftp_names_mkd, "<directory>"},
    {"RMD", NAME, ftp_names_rmd, "<directory>"},
    {"XRMD", NAME, ftp_names_rmd, "<directory>"},
    {"DELE", NAME, ftp_names_dele, "<file>"},
    {"RNFR", NAME, ftp_names_rnfr, "<name>"},
    {"RNTO", NAME, ftp_names_rnto, "<new name>"},
    {"SIZE", NAME, ftp_names_size, "<file>"},
    {"MDTM", NAME, ftp_times_mdtm, "[<YYYYMMDDhhmmss>] <file>"},
    {"MFMT", NAME, ftp_times_mfmt, "<YYYYMMDDhhmmss> <name>"},
};

#define VERBS         (sizeof verbs / sizeof verbs[0])
#define HELP_PER_LINE 12

static void help_all(struct ftp_session *session)
{
    struct text *out = &session->output;
    text_string(out, "214-These commands work:");
    for (size_t i = 0; i < VERBS; i++) {
        text_string(out, i % HELP_PER_LINE ? " " : "\r\n ");
        text_string(out, verbs[i].name);
    }
    text_string(out, "\r\n214 End\r\n");
}

static void help(struct ftp_session *session, const char *argument)
{
    if (*argument == '\0') {
        help_all(session);
        return;
    }
    if (ftp_words_after(argument, "SITE")) {
        ftp_site_help(session, "");
        return;
    }
    for (size_t i = 0; i < VERBS; i++) {
        if (ftp_words_is(argument, verbs[i].name)) {
            ftp_reply_begin(session, 214);
            text_string(&session->output, "Syntax: ");
            ftp_reply_syntax(session, verbs[i].name, verbs[i].syntax);
            return;
        }
    }
    ftp_reply(session, 502, "There is no such command.");
}

static const struct verb *find(const char *name)
{
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

bool ftp_verbs_urgent(const struct ftp_session *session)
{
    const struct verb *verb = find(session->command.verb);
    return verb && verb->flags & URGENT && *session->command.argument == '\0';
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

/* SITE: what UNIX servers have under it, as far as clients use it. */
#include <string.h>

#include "net/ftp/ftp_internal.h"
#include "net/ftp/ftp_words.h"

/* Clients that keep modes are told that all is well. */
static void chmod(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    struct storage_stat stat;
    size_t digits = strspn(argument, "01234567");
    if (digits == 0 || digits > 4 || argument[digits] != ' ' || !argument[digits + 1]) {
        ftp_reply(session, 501, "CHMOD needs an octal mode, such as 644, and a name.");
        return;
    }
    int result = ftp_names_stat(session, argument + digits + 1, path, &stat);
    if (result != STORAGE_OK) {
        ftp_reply_error(session, result, FTP_EXISTING, "Not known");
    } else {
        ftp_reply(session, 200, "OK, though files have no modes here.");
    }
}

static const struct {
    const char *name;
    ftp_act *act;
    const char *syntax;
} sites[] = {
    {"CHMOD", chmod, "<mode> <name>"},
    {"HELP", ftp_site_help, ""},
    {"UTIME", ftp_times_utime, "<YYYYMMDDhhmm[ss]> <name>"},
    {"UTIME", ftp_times_utime, "<name> <accessed> <modified> <created> UTC"},
};

void ftp_site_help(struct ftp_session *session, const char *argument)
{
    text_string(&session->output, "214-These SITE commands work:\r\n");
    for (size_t i = 0; i < sizeof sites / sizeof sites[0]; i++) {
        text_char(&session->output, ' ');
        ftp_reply_syntax(session, sites[i].name, sites[i].syntax);
    }
    ftp_reply(session, 214, "End");
}

void ftp_site_run(struct ftp_session *session, const char *argument)
{
    for (size_t i = 0; i < sizeof sites / sizeof sites[0]; i++) {
        const char *rest = ftp_words_after(argument, sites[i].name);
        if (rest) {
            sites[i].act(session, rest);
            return;
        }
    }
    ftp_reply(session, 504, "SITE knows CHMOD, UTIME and HELP.");
}

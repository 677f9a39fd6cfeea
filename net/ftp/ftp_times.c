/* The commands about time stamps: MDTM (RFC 3659 section 3), MFMT (draft-somers-ftp-mfxx), SITE
 * UTIME in its two forms. */
#include <string.h>

#include "net/ftp/ftp_internal.h"
#include "net/ftp/ftp_path.h"
#include "net/ftp/ftp_time.h"
#include "net/ftp/ftp_words.h"

#define STAMP 14 /* YYYYMMDDhhmmss */

/* `*mtime` is then what is kept of it: FAT has even seconds only. */
static int set_mtime(struct ftp_session *session, const char *name, uint32_t *mtime,
                     char path[STORAGE_PATH_MAX])
{
    struct storage_stat stat;
    int result = ftp_path_resolve(path, session->directory, name);
    if (result == STORAGE_OK) {
        result = session->config.files->set_mtime(path, *mtime);
    }
    if (result == STORAGE_OK) {
        result = session->config.files->stat(path, &stat);
        *mtime = stat.mtime;
    } else if (ftp_names_is_stored(session, result, path)) {
        session->stored_stat.mtime = *mtime;
        result = STORAGE_OK;
    }
    return result;
}

/* 213, what was done, and the name. */
static void reply_set(struct ftp_session *session, const char *fact, const char *name,
                      uint32_t mtime)
{
    char path[STORAGE_PATH_MAX];
    int result = set_mtime(session, name, &mtime, path);
    if (result != STORAGE_OK) {
        ftp_reply_error(session, result, FTP_EXISTING, "The time is not set");
        return;
    }
    ftp_reply_begin(session, 213);
    text_string(&session->output, fact);
    ftp_time_put(&session->output, mtime);
    text_string(&session->output, "; ");
    text_string(&session->output, path);
    ftp_reply_end(session);
}

/* "STAMP name": the name, or NULL. */
static const char *stamped_name(const char *argument, uint32_t *mtime)
{
    size_t size = ftp_time_read(argument, mtime);
    return size > 0 && argument[size] == ' ' && argument[size + 1] ? argument + size + 1 : NULL;
}

/* Some clients set the time with it, in the form of MFMT. */
void ftp_times_mdtm(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    struct storage_stat stat;
    uint32_t mtime;
    const char *name = stamped_name(argument, &mtime);
    if (name && ftp_names_stat(session, argument, path, &stat) != STORAGE_OK) {
        reply_set(session, "ModifyTime=", name, mtime);
    } else if (ftp_names_stat_file(session, argument, path, &stat)) {
        ftp_reply_begin(session, 213);
        ftp_time_put(&session->output, stat.mtime);
        ftp_reply_end(session);
    }
}

void ftp_times_mfmt(struct ftp_session *session, const char *argument)
{
    uint32_t mtime;
    const char *name = stamped_name(argument, &mtime);
    if (name) {
        reply_set(session, "Modify=", name, mtime);
    } else {
        ftp_reply(session, 501, "MFMT needs YYYYMMDDhhmmss, from 1970 on, and a name.");
    }
}

/* "name ACCESS MODIFY CREATE UTC", each a stamp: cuts `text` behind the name and gives the second
 * one. */
static bool cut_long_form(char *text, uint32_t *mtime)
{
    static const char zone[] = " UTC";
    size_t length = strlen(text);
    size_t tail = 3 * (1 + STAMP) + sizeof zone - 1;
    uint32_t ignored;
    if (length <= tail || !ftp_words_is(text + length - (sizeof zone - 1), zone)) {
        return false;
    }
    char *at = text + length - tail;
    for (unsigned i = 0; i < 3; i++) {
        const char *stamp = at + i * (1 + STAMP);
        if (stamp[0] != ' ' ||
            ftp_time_read(stamp + 1, i == 1 ? mtime : &ignored) != (size_t)STAMP) {
            return false;
        }
    }
    *at = '\0';
    return true;
}

void ftp_times_utime(struct ftp_session *session, const char *argument)
{
    char text[FTP_COMMAND_MAX + 1];
    char path[STORAGE_PATH_MAX];
    uint32_t mtime;
    strcpy(text, argument);
    const char *name = cut_long_form(text, &mtime) ? text : stamped_name(argument, &mtime);
    if (!name) {
        ftp_reply(session, 501,
                  "UTIME needs YYYYMMDDhhmm[ss] and a name, or a name, three times and UTC.");
        return;
    }
    int result = set_mtime(session, name, &mtime, path);
    if (result != STORAGE_OK) {
        ftp_reply_error(session, result, FTP_EXISTING, "The time is not set");
    } else {
        ftp_reply(session, 200, "The time is set.");
    }
}

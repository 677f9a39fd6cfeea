/* The commands about names: where we are, making, removing and renaming, size and facts. */
#include <string.h>

#include "net/ftp/ftp_internal.h"
#include "net/ftp/ftp_path.h"

/* 257 and the path in quotes, quotes in it doubled (RFC 959 appendix II). */
static void reply_path(struct ftp_session *session, const char *path, const char *text)
{
    ftp_reply_begin(session, 257);
    text_char(&session->output, '"');
    for (; *path; path++) {
        if (*path == '"') {
            text_char(&session->output, '"');
        }
        text_char(&session->output, *path);
    }
    text_string(&session->output, "\" ");
    text_string(&session->output, text);
    ftp_reply_end(session);
}

void ftp_names_pwd(struct ftp_session *session, const char *argument)
{
    reply_path(session, session->directory, "is the current directory.");
}

void ftp_names_cwd(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    struct storage_stat stat;
    int result = ftp_names_stat(session, argument, path, &stat);
    if (result == STORAGE_OK && !stat.is_dir) {
        result = STORAGE_NOT_DIR;
    }
    if (result != STORAGE_OK) {
        ftp_reply_error(session, result, FTP_EXISTING, "Not changed");
        return;
    }
    strcpy(session->directory, path);
    ftp_reply(session, 250, "OK.");
}

void ftp_names_cdup(struct ftp_session *session, const char *argument)
{
    ftp_names_cwd(session, "..");
}

void ftp_names_mkd(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    int result = ftp_path_resolve(path, session->directory, argument);
    if (result == STORAGE_OK) {
        result = session->config.files->mkdir(path);
    }
    if (result != STORAGE_OK) {
        ftp_reply_error(session, result, FTP_NAMING, "Not created");
    } else {
        reply_path(session, path, "is there.");
    }
}

/* RMD, DELE: `act` on a name. */
static void remove_with(struct ftp_session *session, const char *argument,
                        int (*act)(const char *path))
{
    char path[STORAGE_PATH_MAX];
    int result = ftp_path_resolve(path, session->directory, argument);
    if (result == STORAGE_OK) {
        result = act(path);
    }
    if (result != STORAGE_OK) {
        ftp_reply_error(session, result, FTP_EXISTING, "Not removed");
    } else {
        session->stored_is_known = false;
        ftp_reply(session, 250, "Removed.");
    }
}

void ftp_names_rmd(struct ftp_session *session, const char *argument)
{
    remove_with(session, argument, session->config.files->rmdir);
}

void ftp_names_dele(struct ftp_session *session, const char *argument)
{
    remove_with(session, argument, session->config.files->remove);
}

void ftp_names_rnfr(struct ftp_session *session, const char *argument)
{
    struct storage_stat stat;
    int result = ftp_path_resolve(session->rename_from, session->directory, argument);
    if (result == STORAGE_OK) {
        result = session->config.files->stat(session->rename_from, &stat);
    }
    if (result != STORAGE_OK) {
        session->rename_from[0] = '\0';
        ftp_reply_error(session, result, FTP_EXISTING, "Not renamed");
    } else {
        ftp_reply(session, 350, "Send RNTO with the new name.");
    }
}

void ftp_names_rnto(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    if (session->rename_from[0] == '\0') {
        ftp_reply(session, 503, "Send RNFR right before RNTO.");
        return;
    }
    struct storage_stat stat;
    int result = ftp_path_resolve(path, session->directory, argument);
    if (result == STORAGE_OK && ftp_path_is_folder(argument) &&
        session->config.files->stat(session->rename_from, &stat) == STORAGE_OK && !stat.is_dir) {
        result = FTP_FILES_FOLDER;
    }
    if (result == STORAGE_OK) {
        result = session->config.files->rename(session->rename_from, path);
    }
    if (result != STORAGE_OK) {
        ftp_reply_error(session, result, FTP_NAMING, "Not renamed");
    } else {
        ftp_reply(session, 250, "Renamed.");
    }
}

bool ftp_names_is_stored(const struct ftp_session *session, int error, const char *path)
{
    return error == FTP_FILES_REFUSED && session->stored_is_known &&
           strcmp(path, session->stored) == 0;
}

int ftp_names_stat(const struct ftp_session *session, const char *argument,
                   char path[STORAGE_PATH_MAX], struct storage_stat *stat)
{
    int result = ftp_path_resolve(path, session->directory, argument);
    if (result == STORAGE_OK) {
        result = session->config.files->stat(path, stat);
    }
    if (ftp_names_is_stored(session, result, path)) {
        *stat = session->stored_stat;
        result = STORAGE_OK;
    }
    return result;
}

bool ftp_names_stat_file(struct ftp_session *session, const char *argument,
                         char path[STORAGE_PATH_MAX], struct storage_stat *stat)
{
    int result = ftp_names_stat(session, argument, path, stat);
    if (result == STORAGE_OK && stat->is_dir) {
        result = STORAGE_IS_DIR;
    }
    if (result != STORAGE_OK) {
        ftp_reply_error(session, result, FTP_EXISTING, "Not known");
    }
    return result == STORAGE_OK;
}

/* RFC 3659 section 4. */
void ftp_names_size(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    struct storage_stat stat;
    if (ftp_names_stat_file(session, argument, path, &stat)) {
        ftp_reply_begin(session, 213);
        text_number(&session->output, stat.size, 0, ' ');
        ftp_reply_end(session);
    }
}

/* RFC 3659 section 7. */
void ftp_names_mlst(struct ftp_session *session, const char *argument)
{
    char path[STORAGE_PATH_MAX];
    struct storage_stat stat;
    int result = ftp_names_stat(session, argument, path, &stat);
    if (result != STORAGE_OK) {
        ftp_reply_error(session, result, FTP_EXISTING, "Not known");
        return;
    }
    text_string(&session->output, "250-Facts:\r\n ");
    ftp_facts_put(&session->output, session->facts, stat.is_dir ? "dir" : "file", ftp_place(path),
                  &stat);
    text_string(&session->output, path);
    ftp_reply_end(session);
    ftp_reply(session, 250, "End");
}

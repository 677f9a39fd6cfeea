/* Between the files of the session only: ftp_session.c (states, control connection), ftp_verbs.c
 * (the table of commands), ftp_login.c, ftp_data.c (how to transfer), ftp_names.c, ftp_times.c,
 * ftp_site.c, ftp_transfer.c (data), ftp_store.c (data that comes), ftp_listing.c. */
#ifndef NET_FTP_FTP_INTERNAL_H
#define NET_FTP_FTP_INTERNAL_H

#include "net/ftp/ftp_session.h"

/* Room for the longest reply (257 or 250 with a path of nothing but quotes) and for the end of a
 * transfer behind it: no command is run with less, so a reply always fits. */
#define FTP_REPLY_MAX  (2u * STORAGE_PATH_MAX + 150u)
#define FTP_REPLY_ROOM (FTP_REPLY_MAX + 200u)

/* Go to another state; one that the table does not allow is a bug: hard fault. */
void ftp_enter(struct ftp_session *session, enum ftp_state state);
/* From OPENING to TELLING: a transfer is under way. */
bool ftp_is_busy(const struct ftp_session *session);

/* "CODE text". */
void ftp_reply(struct ftp_session *session, unsigned code, const char *text);
/* "CODE text: reason." */
void ftp_reply_because(struct ftp_session *session, unsigned code, const char *text,
                       const char *reason);
/* The same with code and reason of an error of the files interface, which happened right now. */
void ftp_reply_error(struct ftp_session *session, int error, enum ftp_purpose purpose,
                     const char *text);
/* "CODE " and then pieces through session->output, up to ftp_reply_end(). */
void ftp_reply_begin(struct ftp_session *session, unsigned code);
void ftp_reply_end(struct ftp_session *session);
/* The four numbers of an address. */
void ftp_put_address(struct text *out, const uint8_t address[4], char separator);
/* The end of a line of help: a command and the syntax of its argument, "" when it has none. */
void ftp_reply_syntax(struct ftp_session *session, const char *command, const char *syntax);
/* The last reply of this session: then it closes. */
void ftp_bye(struct ftp_session *session, unsigned code, const char *text);

/* Run the command in session->command. */
void ftp_verbs_run(struct ftp_session *session);
/* Whether the command in session->command is carried out while a transfer is under way. */
bool ftp_verbs_urgent(const struct ftp_session *session);

/* What a command does: `argument` is what the client wrote. They reply. */
typedef void ftp_act(struct ftp_session *session, const char *argument);

/* ---- ftp_login.c */
ftp_act ftp_login_user, ftp_login_pass, ftp_login_acct, ftp_login_quit, ftp_login_rein,
    ftp_login_host, ftp_login_auth, ftp_login_no_auth;
/* What is due by the clock before the login. */
void ftp_login_poll(struct ftp_session *session);

/* ---- ftp_data.c */
ftp_act ftp_data_type, ftp_data_mode, ftp_data_stru, ftp_data_allo, ftp_data_rest, ftp_data_pasv,
    ftp_data_epsv, ftp_data_port, ftp_data_eprt, ftp_data_abor;

/* ---- ftp_names.c */
ftp_act ftp_names_pwd, ftp_names_cwd, ftp_names_cdup, ftp_names_mkd, ftp_names_rmd, ftp_names_dele,
    ftp_names_rnfr, ftp_names_rnto, ftp_names_size, ftp_names_mlst;
/* The files refuse to speak of a path that was just stored. */
bool ftp_names_is_stored(const struct ftp_session *session, int error, const char *path);
/* Resolve a name and ask the files for it; an error of theirs, or 0. */
int ftp_names_stat(const struct ftp_session *session, const char *argument,
                   char path[STORAGE_PATH_MAX], struct storage_stat *stat);
/* ... and false after the reply that says why it is no file. */
bool ftp_names_stat_file(struct ftp_session *session, const char *argument,
                         char path[STORAGE_PATH_MAX], struct storage_stat *stat);

/* ---- ftp_times.c */
ftp_act ftp_times_mdtm, ftp_times_mfmt, ftp_times_utime;

/* ---- ftp_site.c */
ftp_act ftp_site_run, ftp_site_help;

/* ---- ftp_transfer.c */
ftp_act ftp_transfer_retrieve;
/* The steps of a transfer's beginning. False after the reply that says why there can be none. */
bool ftp_transfer_can_begin(struct ftp_session *session);
/* A transfer that cannot begin takes its data connection with it: the client does not wait for its
 * end. Replies. */
void ftp_transfer_refuse(struct ftp_session *session, int error, enum ftp_purpose purpose,
                         const char *text);
/* File or dir is open: wait for the data connection, if it is not there yet. Replies. */
void ftp_transfer_start(struct ftp_session *session, enum ftp_transfer transfer);
/* ABOR of a transfer that is under way. Replies 426; that to ABOR itself is still due. */
void ftp_transfer_abort(struct ftp_session *session);
void ftp_transfer_close_data(struct ftp_session *session, bool reset);
/* File and dir are closed. */
void ftp_transfer_close_sources(struct ftp_session *session);
/* The transfer is over, and its data connection; FTP_READY afterwards. The caller replies. */
void ftp_transfer_finish(struct ftp_session *session, bool reset);
/* What is due by the clock in the states of a transfer. */
void ftp_transfer_poll(struct ftp_session *session);

/* ---- ftp_store.c */
ftp_act ftp_store_stor, ftp_store_stou, ftp_store_appe;
/* The name that STOU gave, in the form of RFC 1123 section 4.1.2.9. */
void ftp_store_reply_unique(struct ftp_session *session, unsigned code);
/* The rest of the data of a failed store has come, or nobody waits for it any more. */
void ftp_store_end_drain(struct ftp_session *session, bool reset);
/* Is the control connection alive? */
void ftp_store_probe(struct ftp_session *session);

/* ---- ftp_listing.c */
ftp_act ftp_listing_list, ftp_listing_nlst, ftp_listing_mlsd;
/* STAT with a name. */
ftp_act ftp_listing_stat;
/* More lines of the listing into the session's empty buffer. An error of the files interface, or 0.
 */
int ftp_listing_fill(struct ftp_session *session);
/* TELLING: more lines into the replies; FTP_READY after the last. */
void ftp_listing_tell(struct ftp_session *session);

#endif

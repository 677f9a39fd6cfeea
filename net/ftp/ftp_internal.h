/* Between the files of the session only: ftp_session.c (states, control connection), ftp_verbs.c
 * (commands), ftp_names.c (commands about names), ftp_transfer.c (data),
 * ftp_listing.c (listings). */
#ifndef NET_FTP_FTP_INTERNAL_H
#define NET_FTP_FTP_INTERNAL_H

#include "net/ftp/ftp_session.h"

/* Room for the longest reply (257 with a path of nothing but quotes) and for the end of a transfer
 * behind it: no command is run with less, so a reply always fits. */
#define FTP_REPLY_MAX  (2u * STORAGE_PATH_MAX + 100u)
#define FTP_REPLY_ROOM (FTP_REPLY_MAX + 200u)

/* Go to another state; one that the table does not allow is a bug: hard fault. */
void ftp_enter(struct ftp_session *session, enum ftp_state state);
/* From OPENING to DRAINING: a transfer is under way. */
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
/* The last reply of this session: then it closes. */
void ftp_bye(struct ftp_session *session, unsigned code, const char *text);

/* Run the command in session->command. */
void ftp_verbs_run(struct ftp_session *session);
/* Whether the command in session->command is carried out while a transfer is under way. */
bool ftp_verbs_urgent(const struct ftp_session *session);

/* Commands about names: `argument` is what the client wrote. They reply. */
void ftp_names_pwd(struct ftp_session *session, const char *argument);
void ftp_names_cwd(struct ftp_session *session, const char *argument);
void ftp_names_cdup(struct ftp_session *session, const char *argument);
void ftp_names_mkd(struct ftp_session *session, const char *argument);
void ftp_names_rmd(struct ftp_session *session, const char *argument);
void ftp_names_dele(struct ftp_session *session, const char *argument);
void ftp_names_rnfr(struct ftp_session *session, const char *argument);
void ftp_names_rnto(struct ftp_session *session, const char *argument);
void ftp_names_size(struct ftp_session *session, const char *argument);
void ftp_names_mdtm(struct ftp_session *session, const char *argument);

/* Commands about data: `argument` is what the client wrote. They reply. */
void ftp_transfer_retrieve(struct ftp_session *session, const char *argument);
void ftp_transfer_store(struct ftp_session *session, const char *argument);
void ftp_transfer_list(struct ftp_session *session, const char *argument, bool names);
/* The three steps of their beginning. False after the reply that says why there can be no transfer.
 */
bool ftp_transfer_can_begin(struct ftp_session *session);
/* A transfer that cannot begin takes its data connection with it: the client does not wait for its
 * end. Replies. */
void ftp_transfer_refuse(struct ftp_session *session, int error, enum ftp_purpose purpose,
                         const char *text);
/* File or dir is open: wait for the data connection, if it is not there yet. Replies. */
void ftp_transfer_start(struct ftp_session *session, enum ftp_transfer transfer);
/* More lines of the listing into the session's empty buffer. An error of the files interface, or 0.
 */
int ftp_listing_fill(struct ftp_session *session);
/* Give up what is under way, without a reply; FTP_READY afterwards. */
void ftp_transfer_abort(struct ftp_session *session);
/* What is due by the clock in the states of a transfer. */
void ftp_transfer_poll(struct ftp_session *session);

#endif

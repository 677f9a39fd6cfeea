/* One FTP session (RFC 959, RFC 2389 FEAT, RFC 2428 EPSV and EPRT, RFC 2640 UTF8 and LANG, RFC 3659
 * SIZE, MDTM, MLST and REST): a pure state machine. Bytes of the control connection go in, replies
 * come out; bytes of the data connection likewise. It knows no sockets: the few acts it needs from
 * outside are struct ftp_transport's. docs/spec.md, "FTP", has the verbs and what they do.
 *
 * TYPE A and TYPE I transfer the same bytes: files are kept as they are, nothing is converted, and
 * SIZE and REST count these bytes in both.
 *
 * 226 after a store comes after ftp_files' commit said that it is safe in flash. A client that is
 * killed ends both of its connections like one that has finished: so at the end of the data the
 * control connection is asked whether it is still there, and only its answer commits. Everything
 * else (reset, time-out, ABOR, the end of the control connection) gives the store up: what then
 * stays is ftp_files' to say. When a store fails (flash full, no firmware image), the rest of the
 * data is taken and dropped, within FTP_DRAIN_BYTES and FTP_DRAIN_US, so that the client gets to
 * read why.
 *
 * The third wrong login (FTP_LOGIN_TRIES) answers 530 and closes. While data flows only ABOR and
 * STAT without a name are carried out; other commands wait for the end of the transfer. So they do
 * while the listing of STAT goes out, and until a wrong login has been answered. An ABOR that comes
 * within FTP_AHEAD_SIZE bytes behind a command that waits ends the transfer at once; the replies
 * keep the order of the commands.
 *
 * Clients ask for the size of what they have just stored, and set its time. Where the files refuse
 * that (the reserved names), the session answers from what it remembers of its last store.
 *
 * Time: the clock is injected by ftp_session_poll() and holds until the next one. Transfers are
 * timed in link time, idleness in board time. Memory: a session is about 10 KiB, 4 of it the
 * piece of a file that is on its way. */
#ifndef NET_FTP_FTP_SESSION_H
#define NET_FTP_FTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/text.h"
#include "net/ftp/ftp_command.h"
#include "net/ftp/ftp_facts.h"
#include "net/ftp/ftp_files.h"
#include "net/login/login.h"
#include "system/loop.h"

#define FTP_BUFFER_SIZE                                                                            \
    4096u                     /* files are read and written in pieces of it; the last is shorter   \
                               */
#define FTP_AHEAD_SIZE  512u  /* commands that came behind one that waits */
#define FTP_OUTPUT_SIZE 2048u /* replies on their way out */
#define FTP_LOGIN_TRIES 3

/* Link time. */
#define FTP_LOGIN_US        60000000u /* from the connection to the login */
#define FTP_DATA_TIMEOUT_US 30000000u /* a transfer without progress or data connection */
#define FTP_PROBE_US        500000u   /* until the control connection is asked again */
#define FTP_DRAIN_US        10000000u /* for the rest of the data of a failed store */
#define FTP_DRAIN_BYTES     67108864u
#define FTP_CLOSING_US      10000000u /* for the last reply to go out */

struct ftp_now {
    uint64_t link_us;
    uint64_t board_us;
    uint32_t utc_s; /* seconds since 1970 */
};

/* The data connection, as the session sees it. */
struct ftp_transport {
    /* PASV, EPSV: drop what data connection there is and listen for a new one. Returns the port, or
     * negative. */
    int (*listen)(void *context);
    /* PORT, EPRT: drop what data connection there is and open one to this port of the client, from
     * our port 20 if that is possible. False: it cannot be tried. */
    bool (*connect)(void *context, uint16_t port);
    /* All data has been handed over: finish the connection's sending direction. */
    void (*finish)(void *context);
    /* Close the data connection and its listener, if any; `reset`: what is on its way in or out is
     * thrown away. */
    void (*close)(void *context, bool reset);
    /* Ask the control connection's other end for a sign of life: ftp_session_alive() is the answer.
     * What the client did before must be known by then: TCP delivers in order. */
    void (*probe)(void *context);
};

struct ftp_session_config {
    const struct ftp_files *files;
    const struct ftp_transport *transport;
    void *context; /* for the transport */
    /* As login_try(). */
    bool (*login)(const char *user, const char *password, uint64_t now_link_us,
                  uint64_t *refuse_us);
    const char *(*login_notice)(void); /* a line for who has logged in, or NULL */
    uint64_t idle_us;   /* board time after which a session without traffic is closed */
    uint8_t address[4]; /* of the WiPy, as the client reached it: for PASV */
    uint8_t peer[4];    /* of the client */
};

enum ftp_state {
    FTP_USER,       /* nobody has logged in */
    FTP_PASSWORD,   /* USER came, PASS is awaited */
    FTP_REFUSING,   /* the answer to a wrong password is due later */
    FTP_READY,      /* logged in, waits for a command */
    FTP_OPENING,    /* a transfer waits for its data connection */
    FTP_SENDING,    /* RETR, LIST, NLST */
    FTP_DELIVERING, /* all is handed to the transport, not all has arrived */
    FTP_RECEIVING,  /* STOR */
    FTP_COMMITTING, /* the data has ended; waits for the answer to the probe */
    FTP_DRAINING,   /* the store has failed; the rest of the data is dropped */
    FTP_TELLING,    /* the listing of STAT goes out on the control connection */
    FTP_CLOSING,    /* the last reply goes out */
    FTP_CLOSED,
    FTP_STATES,
};

enum ftp_data_state {
    FTP_DATA_NONE,
    FTP_DATA_ACTIVE,  /* a transfer is to open a connection to active_port */
    FTP_DATA_AWAITED, /* listening or connecting */
    FTP_DATA_OPEN,
};
enum ftp_transfer { FTP_TRANSFER_NONE, FTP_TRANSFER_SEND, FTP_TRANSFER_STORE, FTP_TRANSFER_LIST };
enum ftp_listing { FTP_LISTING_LONG, FTP_LISTING_NAMES, FTP_LISTING_FACTS };

/* Owned by the caller; all members are the session's own. */
struct ftp_session {
    struct ftp_session_config config;
    struct ftp_now now;
    enum ftp_state state;
    enum ftp_data_state data_state;
    enum ftp_transfer transfer;
    uint64_t since_link_us;  /* entry into the state, or last progress in it */
    uint64_t probed_link_us; /* last probe */
    uint64_t since_board_us; /* last command or end of a transfer */
    uint64_t born_link_us;

    struct ftp_command command;
    bool held;                     /* command holds a line that has to wait */
    bool line_long;                /* ... and it was too long */
    bool aborted;                  /* by an ABOR whose own reply is due */
    uint8_t ahead[FTP_AHEAD_SIZE]; /* received behind the line in `command` */
    size_t ahead_size;
    bool ended; /* the client has closed its side of the control connection */
    bool epsv_only;
    uint16_t active_port;
    uint64_t restart; /* REST: where the next RETR or STOR begins */
    unsigned facts;   /* of MLST and MLSD: a set of enum ftp_fact */
    unsigned tries;
    uint64_t refuse_link_us; /* REFUSING: until when */
    char user[LOGIN_TEXT_MAX + 1];
    char directory[STORAGE_PATH_MAX];
    char rename_from[STORAGE_PATH_MAX]; /* "": none */
    char stored[STORAGE_PATH_MAX];      /* the file of the last STOR, STOU or APPE */
    bool unique;                        /* ... whose name the client has to be told: STOU */
    bool stored_is_known;               /* ... which came to a good end */
    struct storage_stat stored_stat;

    struct ftp_file *file;
    struct ftp_dir *dir;
    int failure;                       /* error of the store that is drained */
    char failure_words[FTP_WORDS_MAX]; /* what was said then */
    uint64_t moved;                    /* bytes of this transfer, or of what is drained */
    enum ftp_listing listing;
    enum ftp_place list_place;          /* of what is in it, */
    const char *list_fixed;             /* ... but for this name; NULL: of all */
    bool source_ended;                  /* file or dir has no more */
    char list_prefix[STORAGE_PATH_MAX]; /* before every name of NLST, then NUL, then the pattern */
    const char *list_pattern;           /* "": every name */

    uint8_t buffer[FTP_BUFFER_SIZE];
    size_t buffer_begin; /* sending: first byte not yet taken */
    size_t buffer_end;
    char output_data[FTP_OUTPUT_SIZE];
    struct text output;
};

/* Start with the greeting. `config` is copied, what it points to must stay. */
void ftp_session_init(struct ftp_session *session, const struct ftp_session_config *config,
                      const struct ftp_now *now);

/* Set the clock and do what is due by it. */
void ftp_session_poll(struct ftp_session *session, const struct ftp_now *now);
/* When ftp_session_poll() has something to do without any other event. */
void ftp_session_deadline(const struct ftp_session *session, struct loop_deadline *deadline);

/* ---- control connection */
/* Received bytes; returns how many were taken, up to FTP_AHEAD_SIZE before they are looked at. One
 * command is run at most; the others wait their turn, also for the end of a transfer and while
 * replies are stuck. So the rest is to be offered again, and with size 0 when there is none. */
size_t ftp_session_input(struct ftp_session *session, const uint8_t *data, size_t size);
/* Another call has something to do, even with size 0. */
bool ftp_session_goes_on(const struct ftp_session *session);
/* The client has closed its side: a store is given up. What it sent before is still carried out,
 * and what it fetches goes on; once that has ended, `all_taken` is true and no command waits, the
 * session closes: call it until then. */
void ftp_session_input_end(struct ftp_session *session, bool all_taken);
/* The answer to the probe; to be called after what else came on the control connection was passed
 * on. */
void ftp_session_alive(struct ftp_session *session);
/* The control connection is gone: everything is given up. */
void ftp_session_lost(struct ftp_session *session);
/* Replies to send: returns how many bytes, `*data` is valid until the next call. Then tell how many
 * of them were taken. There may be more at once. */
size_t ftp_session_output(struct ftp_session *session, const uint8_t **data);
void ftp_session_output_taken(struct ftp_session *session, size_t size);
/* The place is needed: 421 and close. Not of a session that has logged in. */
void ftp_session_evict(struct ftp_session *session);
/* All replies are out and the session is over: the transport closes the control connection. */
bool ftp_session_is_over(const struct ftp_session *session);
bool ftp_session_is_logged_in(const struct ftp_session *session);
/* A login was wrong, and none has been right since. */
bool ftp_session_has_failed(const struct ftp_session *session);

/* ---- data connection */
void ftp_session_data_opened(struct ftp_session *session);
/* It was reset. */
void ftp_session_data_lost(struct ftp_session *session);
/* Whether received data is wanted now; what arrives earlier is kept by the transport, in its
 * window. */
bool ftp_session_takes_data(const struct ftp_session *session);
/* Received data; returns how much was taken: at most up to the end of the present piece, which is
 * one write. */
size_t ftp_session_data_in(struct ftp_session *session, const uint8_t *data, size_t size);
/* The client has finished sending, and ftp_session_data_in() has taken all. */
void ftp_session_data_in_end(struct ftp_session *session);
/* Data to send: reads the next piece when there is none. 0: nothing now. Then tell how much was
 * taken. */
size_t ftp_session_data_out(struct ftp_session *session, const uint8_t **data);
void ftp_session_data_out_taken(struct ftp_session *session, size_t size);
/* Some of what was taken has arrived; `all`: nothing is on its way. */
void ftp_session_data_delivered(struct ftp_session *session, bool all);

#endif

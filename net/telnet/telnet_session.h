/* One telnet client: greeting, login, then keystrokes. Pure: bytes in, bytes and calls out, the
 * clock injected.
 *
 * The dialogue (tools parse it byte for byte): banner CR LF, options, "Login as: ", "Password: ",
 * options, "Login succeeded!", then what the console prints. The client echoes the user name itself
 * (WONT ECHO); nobody echoes the password; afterwards Python's line editor echoes. A failure is
 * told late (net/login/login.h), and nothing is read meanwhile; three failures close.
 *
 * There is one console. When another session has it, who knows the password is asked whether to
 * take over; one key answers, and the rest of the line that came with it (as of "yes"), or an end
 * of line right after it, belongs to it. Every other key than y, or none for TELNET_ANSWER_US,
 * closes: a tool that knows no such question does not hang.
 *
 * A client that agrees to any option is asked for the size of its window (RFC 1073). Ctrl-C and IP
 * interrupt; EC and EL are typed as Backspace and Ctrl-U; AYT is answered. */
#ifndef NET_TELNET_TELNET_SESSION_H
#define NET_TELNET_TELNET_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/login/login.h"
#include "net/telnet/telnet_options.h"
#include "net/telnet/telnet_parser.h"
#include "system/loop.h"

#define TELNET_TRIES 3
/* Columns and rows of a window; a client that tells fewer or more (0 is RFC 1073's "unknown") has
 * told nothing. */
#define TELNET_WINDOW_MIN 2
#define TELNET_WINDOW_MAX 1000
#define TELNET_LINE_MAX                                                                            \
    1024u /* a login line without end is given up here, and the session with it */
#define TELNET_ANSWER_US 30000000u /* link time */
#define TELNET_OWNER_MAX 64        /* bytes that describe the other session, NUL included */

/* USER -> PASSWORD -> OPEN, or PASSWORD -> QUESTION -> OPEN; after a failure PASSWORD -> REFUSING
 * -> USER; any -> CLOSED. */
enum telnet_state {
    TELNET_USER,
    TELNET_PASSWORD,
    TELNET_REFUSING, /* the failure is not told yet */
    TELNET_QUESTION, /* take over? */
    TELNET_OPEN,
    TELNET_CLOSED,
};

struct telnet_time {
    uint64_t board_us; /* for idleness */
    uint64_t link_us;
};

/* What a session needs of its surroundings; `context` is passed to each. */
struct telnet_io {
    void *context;
    /* Send to the client: all, or nothing when there is no room. */
    void (*send)(void *context, const void *data, size_t size);
    /* login_try(), login_notice() */
    bool (*login)(const char *user, const char *password, uint64_t now_link_us,
                  uint64_t *refuse_us);
    const char *(*notice)(void);
    /* The password was right: may this session have the console? False: another one has it. With
     * `take_over` that one is ended, and the answer is true. */
    bool (*claim)(void *context, bool take_over);
    /* Who has it, for a person: "192.168.1.2, idle 12 s". */
    void (*describe_owner)(void *context, char text[TELNET_OWNER_MAX]);
    /* Keystrokes for the console: returns how many were taken; the session keeps the rest. */
    size_t (*type)(void *context, const uint8_t *data, size_t size);
    /* The client sent IP or BRK: interrupt what runs. */
    void (*interrupt)(void *context);
    /* It sent AO: let what runs go on without its output being shown. */
    void (*abort_output)(void *context);
    /* Its window, in characters; 0: unknown. Only while it has the console. */
    void (*resize)(void *context, uint16_t columns, uint16_t rows);
};

struct telnet_session {
    const struct telnet_io *io;
    struct telnet_parser parser;
    struct telnet_options options;
    enum telnet_state state;
    char user[LOGIN_TEXT_MAX +
              2]; /* of one that is too long, one byte more than may be: so it is wrong */
    char line[LOGIN_TEXT_MAX + 2];
    uint16_t line_size; /* also of what is not kept */
    uint8_t failures;
    bool answered; /* a key has answered the question: an end of line right after it is not typed */
    bool answering; /* nor is what came in the same input as the key, to the end of its line */
    bool naws_asked;
    uint16_t columns, rows;
    uint8_t typed_size;
    uint8_t typed[64];  /* decoded, but not taken by the console yet */
    uint64_t due_us;    /* link time: REFUSING, QUESTION end */
    uint64_t active_us; /* board time: last traffic in either direction */
    uint64_t heard_us;  /* link time: last byte from the client */
};

/* Greet the client. `banner` without CR LF. */
void telnet_session_start(struct telnet_session *session, const struct telnet_io *io,
                          const char *banner, struct telnet_time now);

/* Bytes from the client. Returns how many were consumed: fewer than `size` while the console takes
 * no more, while a failure is not told yet, or when the session was closed on the way. Call again
 * with the rest, or with size 0, to offer what is kept. */
size_t telnet_session_input(struct telnet_session *session, const uint8_t *data, size_t size,
                            struct telnet_time now);

/* Do what is due: tell a failure, give up the question, close it when it was idle for
 * `idle_limit_us` (board time). To be called before telnet_session_input(). */
void telnet_session_poll(struct telnet_session *session, struct telnet_time now,
                         uint64_t idle_limit_us);
void telnet_session_deadline(const struct telnet_session *session, uint64_t idle_limit_us,
                             struct loop_deadline *deadline);

/* Whether what the client sends is part of a login, and is read. */
bool telnet_session_is_logging_in(const struct telnet_session *session);
/* Whether it has failed to log in, so far. */
bool telnet_session_has_failed(const struct telnet_session *session);
/* Whether the client has given the right password. */
bool telnet_session_knows_password(const struct telnet_session *session);
/* Whether keystrokes wait for the console. */
bool telnet_session_is_holding(const struct telnet_session *session);

/* Output has reached the client: that is activity too. */
void telnet_session_touch(struct telnet_session *session, uint64_t now_board_us);

#endif

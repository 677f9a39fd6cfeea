/* One telnet client: greeting, login, then keystrokes. Pure: bytes in, bytes and calls out, the
 * clock injected.
 *
 * The dialogue (tools parse it byte for byte): banner CR LF, options, "Login as: ", "Password: ",
 * options, "Login succeeded!", then what the console prints. Three failures close. The client
 * echoes the user name itself (WONT ECHO); nobody echoes the password; afterwards Python's line
 * editor echoes. */
#ifndef NET_TELNET_TELNET_SESSION_H
#define NET_TELNET_TELNET_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/login/login.h"
#include "net/telnet/telnet_parser.h"

#define TELNET_TRIES 3
#define TELNET_LINE_MAX                                                                            \
    1024u /* a login line without end is given up here, and the session with it */

/* USER -> PASSWORD -> OPEN; PASSWORD -> USER after a failure; any -> CLOSED. */
enum telnet_state { TELNET_USER, TELNET_PASSWORD, TELNET_OPEN, TELNET_CLOSED };

/* What a session needs of its surroundings; `context` is passed to each. */
struct telnet_io {
    void *context;
    /* Send to the client: all, or nothing when there is no room. */
    void (*send)(void *context, const void *data, size_t size);
    bool (*login)(const char *user, const char *password);
    /* The password was right: may this session have the console? (There is only one.) */
    bool (*claim)(void *context);
    /* Keystrokes for the console: returns how many were taken; the session keeps the rest. */
    size_t (*type)(void *context, const uint8_t *data, size_t size);
    /* The client sent IP or BRK: interrupt what runs. */
    void (*interrupt)(void *context);
};

struct telnet_session {
    const struct telnet_io *io;
    struct telnet_parser parser;
    enum telnet_state state;
    char user[LOGIN_TEXT_MAX + 1];
    char line[LOGIN_TEXT_MAX + 1];
    uint16_t line_size; /* may exceed LOGIN_TEXT_MAX: then the line is no valid name or password */
    bool user_too_long;
    uint8_t failures;
    uint8_t typed_size;
    uint8_t typed[64]; /* decoded, but not taken by the console yet */
    uint64_t active_us;
    uint8_t will[32];    /* bit per option: we have offered it, or do it */
    uint8_t refused[64]; /* bit per option, what they asked of us, then what they offered: has been
                            refused */
};

/* Greet the client. `banner` without CR LF; `now_us`: board time. */
void telnet_session_start(struct telnet_session *session, const struct telnet_io *io,
                          const char *banner, uint64_t now_us);

/* Bytes from the client. Returns how many were consumed: fewer than `size` while the console takes
 * no more, or when the session was closed on the way. Call again with the rest, or with size 0, to
 * offer what is kept. */
size_t telnet_session_input(struct telnet_session *session, const uint8_t *data, size_t size,
                            uint64_t now_us);

/* Whether keystrokes wait for the console. */
bool telnet_session_is_holding(const struct telnet_session *session);

/* Output has reached the client: that is activity too. */
void telnet_session_touch(struct telnet_session *session, uint64_t now_us);

/* Close it when it was idle for `limit_us`. */
void telnet_session_check_idle(struct telnet_session *session, uint64_t now_us, uint64_t limit_us);

#endif

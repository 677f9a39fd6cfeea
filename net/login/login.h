/* Who may log in: one user name and password, shared by telnet and FTP.
 *
 * The right password is accepted at once, always. What is refused is refused late: the service
 * keeps its answer back until the time that login_try() gives, and reads no further try from that
 * client meanwhile; nobody else waits. The delay is LOGIN_DELAY_US for the first failure, twice as
 * long for each further one, LOGIN_DELAY_MAX_US at most. Failures are counted over all services and
 * clients; one is forgotten for every LOGIN_FORGET_US without another. What that does not stop:
 * docs/security.md, "Passwords". */
#ifndef NET_LOGIN_LOGIN_H
#define NET_LOGIN_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#define LOGIN_TEXT_MAX 64 /* bytes of a user name or password, without NUL */

/* Link time. */
#define LOGIN_DELAY_US     250000u
#define LOGIN_DELAY_MAX_US 4000000u
#define LOGIN_FORGET_US    8000000u

enum login_error {
    LOGIN_OK = 0,
    LOGIN_INVALID = -1, /* empty, longer than LOGIN_TEXT_MAX, not UTF-8, or with control characters,
                           which nobody can type; nothing has changed */
    LOGIN_NOT_SAVED = -2, /* the chip fails; nothing has changed */
    LOGIN_DAMAGED = -3,   /* what is saved cannot be read: nobody can log in */
};

/* Call once after reset. The saved login holds; the factory's (micro, python) if none is saved, or
 * if `factory` says so (safe boot), which changes nothing in flash. LOGIN_DAMAGED: whoever knows
 * the factory's must not get in where the owner has set another one, so, without `factory`, nothing
 * is right until login_set(). */
int login_init(bool factory);

/* Whether `user` and `password` (NUL-terminated, of any length) are right; compares in constant
 * time. False: *refuse_us is the link time from which the client may be told. Takes up to some
 * milliseconds as long as a saved password has not been used since the reset, else microseconds. */
bool login_try(const char *user, const char *password, uint64_t now_link_us, uint64_t *refuse_us);

/* Another user name and password, from now on; sessions that are open stay. Until the next hard
 * reset, or with `save` for good: then they are in flash when it returns, the password as a hash
 * (docs/spec.md, "Configuration"). To save micro and python is to go back to the factory login.
 * What is saved already is not written again. LOGIN_OK, LOGIN_INVALID, LOGIN_NOT_SAVED. */
int login_set(const char *user, const char *password, bool save);

/* The user name in force; "": nobody can log in. */
const char *login_user(void);

/* For who has just logged in: a line without CR LF that says that the factory password is in use
 * and what to do; NULL when it is not. */
const char *login_notice(void);

#endif

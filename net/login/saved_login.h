/* The login that is kept in the configuration partition (docs/spec.md, "Configuration"). */
#ifndef NET_LOGIN_SAVED_LOGIN_H
#define NET_LOGIN_SAVED_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "net/login/login.h"
#include "net/login/pbkdf2.h"

struct saved_login {
    bool is_factory; /* nothing is saved, or the factory login: the rest has no meaning */
    char user[LOGIN_TEXT_MAX + 1];
    uint32_t iterations;
    uint8_t salt[16];
    uint8_t hash[HMAC_SIZE]; /* PBKDF2-HMAC-SHA256 of the password */
};

/* LOGIN_OK, or LOGIN_DAMAGED: *login has no meaning. */
int saved_login_read(struct saved_login *login);
/* LOGIN_OK, or LOGIN_NOT_SAVED: what was saved still is. A power cut leaves the old one or the new
 * one. */
int saved_login_write(const struct saved_login *login);

/* Make one of a password; takes milliseconds. */
void saved_login_make(struct saved_login *login, const char *user, const char *password);
/* Whether it has this password; takes milliseconds. In constant time. */
bool saved_login_has(const struct saved_login *login, const char *password);

#endif

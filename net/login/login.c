#include "net/login/login.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static char the_user[LOGIN_TEXT_MAX + 1] = "micro";
static char the_password[LOGIN_TEXT_MAX + 1] = "python";

/* Compares all LOGIN_TEXT_MAX bytes of both, whatever they hold, so that the time taken says
 * nothing about the secret. */
static unsigned difference(const char *given, const char *secret)
{
    uint8_t a[LOGIN_TEXT_MAX + 1] = {0};
    uint8_t b[LOGIN_TEXT_MAX + 1] = {0};
    size_t given_size = strnlen(given, sizeof a);
    memcpy(a, given, given_size);
    memcpy(b, secret, strlen(secret));
    unsigned differs = 0;
    for (size_t i = 0; i < sizeof a; i++)
        differs |= (unsigned)(a[i] ^ b[i]);
    return differs;
}

bool login_check(const char *user, const char *password)
{
    return (difference(user, the_user) | difference(password, the_password)) == 0;
}

static bool is_valid(const char *text)
{
    size_t size = strnlen(text, LOGIN_TEXT_MAX + 1);
    for (size_t i = 0; i < size; i++) {
        if ((uint8_t)text[i] < ' ' || text[i] == 0x7f) {
            return false;
        }
    }
    return size > 0 && size <= LOGIN_TEXT_MAX;
}

bool login_set(const char *user, const char *password)
{
    if (!is_valid(user) || !is_valid(password)) {
        return false;
    }
    strcpy(the_user, user);
    strcpy(the_password, password);
    return true;
}

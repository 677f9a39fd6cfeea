#include "net/login/login.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const char factory_user[] = "micro";
static const char factory_password[] = "python";

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
    return (difference(user, factory_user) | difference(password, factory_password)) == 0;
}

#include "net/login/login.h"

#include <stddef.h>
#include <string.h>

#include "hal/random.h"
#include "lib/utf8.h"
#include "net/login/constant_time.h"
#include "net/login/saved_login.h"

#define FACTORY_USER     "micro"
#define FACTORY_PASSWORD "python"

/* The login in force. Who knows the password has shown it to us at some time since the reset: then
 * its tag is `tag`, and a try costs no PBKDF2. */
static struct {
    char user[LOGIN_TEXT_MAX + 1]; /* NUL-padded */
    bool has_tag;
    bool is_factory;
    uint8_t tag[HMAC_SIZE];
} login;

static struct saved_login saved; /* what was in flash at the reset */
static uint8_t key[HMAC_SIZE];   /* of the tags; new with each reset */

static unsigned failures;  /* those not forgotten yet */
static uint64_t forget_us; /* link time from which the next one is forgotten, while there are any */

static void make_tag(const char *password, uint8_t tag[HMAC_SIZE])
{
    hmac_sha256(key, sizeof key, password, strlen(password), tag);
}

static bool is_factory_pair(const char *user, const char *password)
{
    return strcmp(user, FACTORY_USER) == 0 && strcmp(password, FACTORY_PASSWORD) == 0;
}

static void use(const char *user, const char *password)
{
    memset(&login, 0, sizeof login);
    memcpy(login.user, user, strlen(user));
    login.is_factory = is_factory_pair(user, password);
    make_tag(password, login.tag);
    login.has_tag = true;
}

int login_init(bool factory)
{
    hal_random(key, sizeof key);
    failures = 0;
    int result = saved_login_read(&saved);
    memset(&login, 0, sizeof login);
    if (result == LOGIN_DAMAGED && !factory) {
        login.has_tag = true;
        hal_random(login.tag, sizeof login.tag); /* no password's */
    } else if (factory || saved.is_factory) {
        use(FACTORY_USER, FACTORY_PASSWORD);
    } else {
        memcpy(login.user, saved.user, sizeof login.user);
    }
    return result;
}

/* All of the names is compared, whatever they hold, and the password also for a wrong name, so that
 * the time taken says nothing about either. */
static bool is_right(const char *user, const char *password)
{
    char given[LOGIN_TEXT_MAX + 1] = {0};
    memcpy(given, user, strnlen(user, sizeof given));
    bool user_right = constant_time_equal(given, login.user, sizeof given);

    uint8_t tag[HMAC_SIZE];
    make_tag(password, tag);
    bool password_right = login.has_tag ? constant_time_equal(tag, login.tag, sizeof tag)
                                        : saved_login_has(&saved, password);
    if (user_right && password_right && !login.has_tag) {
        memcpy(login.tag, tag, sizeof login.tag);
        login.has_tag = true;
    }
    return user_right && password_right;
}

static void forget_failures(uint64_t now_us)
{
    while (failures > 0 && now_us >= forget_us) {
        failures--;
        forget_us += LOGIN_FORGET_US;
    }
}

/* When the present failure may be told. */
static uint64_t count_failure(uint64_t now_us)
{
    uint64_t delay_us = (uint64_t)LOGIN_DELAY_US << failures;
    forget_us = now_us + LOGIN_FORGET_US;
    if (delay_us < LOGIN_DELAY_MAX_US) {
        failures++; /* more of them make no difference, and are not held against the next one for
                       long */
    }
    return now_us + delay_us;
}

bool login_try(const char *user, const char *password, uint64_t now_link_us, uint64_t *refuse_us)
{
    if (is_right(user, password)) {
        return true;
    }
    forget_failures(now_link_us);
    *refuse_us = count_failure(now_link_us);
    return false;
}

static bool is_valid(const char *text)
{
    size_t size = strnlen(text, LOGIN_TEXT_MAX + 1);
    size_t next = 0;
    while (next < size) {
        size_t length = utf8_printable((const uint8_t *)text + next, size - next);
        if (length == 0) {
            return false;
        }
        next += length;
    }
    return size > 0 && size <= LOGIN_TEXT_MAX;
}

/* Whether flash holds this login: then there is nothing to write, so that a boot.py which saves it
 * every time wears nothing. */
static bool is_saved(const char *user, const char *password)
{
    struct saved_login there;
    if (saved_login_read(&there) != LOGIN_OK) {
        return false;
    }
    if (there.is_factory) {
        return is_factory_pair(user, password);
    }
    return strcmp(there.user, user) == 0 && saved_login_has(&there, password);
}

int login_set(const char *user, const char *password, bool save)
{
    if (!is_valid(user) || !is_valid(password)) {
        return LOGIN_INVALID;
    }
    if (save && !is_saved(user, password)) {
        struct saved_login wanted;
        saved_login_make(&wanted, user, password);
        wanted.is_factory = is_factory_pair(user, password);
        if (saved_login_write(&wanted) != LOGIN_OK) {
            return LOGIN_NOT_SAVED;
        }
    }
    use(user, password);
    return LOGIN_OK;
}

const char *login_user(void)
{
    return login.user;
}

const char *login_notice(void)
{
    return login.is_factory ? "The factory password is in use: network.Server().login('user', "
                              "'password', save=True) sets your own."
                            : NULL;
}

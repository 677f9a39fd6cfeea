#include "net/login/saved_login.h"

#include <string.h>

#include "hal/random.h"
#include "lib/flash_map.h"
#include "net/login/constant_time.h"
#include "storage/record.h"

/* What a try costs: under 5 ms, because network and Python stand still meanwhile. */
#define ITERATIONS     4096u
#define ITERATIONS_MAX 65536u /* of a record that another firmware may have written */

static const struct record_place place = {FLASH_CONFIG_ADDRESS, FLASH_CONFIG_SIZE / 2,
                                          0x47464357}; /* "WCFG" */

/* As in flash. */
struct configuration {
    uint32_t iterations; /* 0: the factory login */
    uint8_t salt[16];
    uint8_t hash[HMAC_SIZE];
    char user[LOGIN_TEXT_MAX]; /* NUL-padded */
};
_Static_assert(sizeof(struct configuration) == 116, "as docs/spec.md says");

int saved_login_read(struct saved_login *login)
{
    struct configuration stored;
    memset(login, 0, sizeof *login);
    login->is_factory = true;
    int32_t size = record_read(&place, &stored, sizeof stored);
    if (size == STORAGE_NOT_FOUND) {
        return LOGIN_OK;
    }
    /* A longer record is a later firmware's, whose further fields are not for us. */
    if (size < (int32_t)sizeof stored || stored.iterations > ITERATIONS_MAX) {
        return LOGIN_DAMAGED;
    }
    if (stored.iterations > 0) {
        login->is_factory = false;
        login->iterations = stored.iterations;
        memcpy(login->salt, stored.salt, sizeof login->salt);
        memcpy(login->hash, stored.hash, sizeof login->hash);
        memcpy(login->user, stored.user, sizeof stored.user);
    }
    return LOGIN_OK;
}

int saved_login_write(const struct saved_login *login)
{
    struct configuration stored = {0};
    if (!login->is_factory) {
        stored.iterations = login->iterations;
        memcpy(stored.salt, login->salt, sizeof stored.salt);
        memcpy(stored.hash, login->hash, sizeof stored.hash);
        memcpy(stored.user, login->user, strnlen(login->user, sizeof stored.user));
    }
    return record_write(&place, &stored, sizeof stored) == STORAGE_OK ? LOGIN_OK : LOGIN_NOT_SAVED;
}

void saved_login_make(struct saved_login *login, const char *user, const char *password)
{
    memset(login, 0, sizeof *login);
    strncpy(login->user, user, LOGIN_TEXT_MAX);
    login->iterations = ITERATIONS;
    hal_random(login->salt, sizeof login->salt);
    pbkdf2_sha256(password, strlen(password), login->salt, sizeof login->salt, login->iterations,
                  login->hash);
}

bool saved_login_has(const struct saved_login *login, const char *password)
{
    uint8_t hash[HMAC_SIZE];
    pbkdf2_sha256(password, strlen(password), login->salt, sizeof login->salt, login->iterations,
                  hash);
    return constant_time_equal(hash, login->hash, sizeof hash);
}

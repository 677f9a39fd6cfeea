#include "net/login/pbkdf2.h"

#include <string.h>

#include "mbedtls/platform_util.h"
#include "mbedtls/sha256.h"

#define BLOCK 64u /* of SHA-256 */

/* HMAC with one key: both hashes stand behind their first block, which the key fills, so that each
 * message costs two blocks less. */
struct hmac {
    mbedtls_sha256_context inner;
    mbedtls_sha256_context outer;
};

static void begin(mbedtls_sha256_context *sha, const uint8_t key[BLOCK], uint8_t pad)
{
    uint8_t block[BLOCK];
    for (size_t i = 0; i < BLOCK; i++) {
        block[i] = key[i] ^ pad;
    }
    mbedtls_sha256_init(sha);
    mbedtls_sha256_starts(sha, 0);
    mbedtls_sha256_update(sha, block, sizeof block);
    mbedtls_platform_zeroize(block, sizeof block);
}

static void hmac_begin(struct hmac *hmac, const void *key, size_t size)
{
    uint8_t block[BLOCK] = {0};
    if (size > BLOCK) {
        mbedtls_sha256(key, size, block, 0);
    } else {
        memcpy(block, key, size);
    }
    begin(&hmac->inner, block, 0x36);
    begin(&hmac->outer, block, 0x5c);
    mbedtls_platform_zeroize(block, sizeof block);
}

/* HMAC of `data`, then `more`. */
static void hmac_of(const struct hmac *hmac, const void *data, size_t size, const void *more,
                    size_t more_size, uint8_t out[HMAC_SIZE])
{
    mbedtls_sha256_context sha = hmac->inner;
    uint8_t digest[HMAC_SIZE];
    mbedtls_sha256_update(&sha, data, size);
    mbedtls_sha256_update(&sha, more, more_size);
    mbedtls_sha256_finish(&sha, digest);
    sha = hmac->outer;
    mbedtls_sha256_update(&sha, digest, sizeof digest);
    mbedtls_sha256_finish(&sha, out);
    mbedtls_sha256_free(&sha);
}

static void hmac_end(struct hmac *hmac)
{
    mbedtls_sha256_free(&hmac->inner);
    mbedtls_sha256_free(&hmac->outer);
}

void hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                 uint8_t out[HMAC_SIZE])
{
    struct hmac hmac;
    hmac_begin(&hmac, key, key_size);
    hmac_of(&hmac, data, size, "", 0, out);
    hmac_end(&hmac);
}

void pbkdf2_sha256(const void *password, size_t password_size, const void *salt, size_t salt_size,
                   uint32_t iterations, uint8_t out[HMAC_SIZE])
{
    static const uint8_t first_block[] = {0, 0, 0, 1};
    struct hmac hmac;
    uint8_t link[HMAC_SIZE];
    hmac_begin(&hmac, password, password_size);
    hmac_of(&hmac, salt, salt_size, first_block, sizeof first_block, link);
    memcpy(out, link, HMAC_SIZE);
    for (uint32_t i = 1; i < iterations; i++) {
        hmac_of(&hmac, link, sizeof link, "", 0, link);
        for (size_t k = 0; k < HMAC_SIZE; k++) {
            out[k] ^= link[k];
        }
    }
    hmac_end(&hmac);
    mbedtls_platform_zeroize(link, sizeof link);
}

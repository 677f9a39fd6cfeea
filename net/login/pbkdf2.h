/* Keys from passwords: HMAC and PBKDF2 (RFC 2104, RFC 8018) with SHA-256. */
#ifndef NET_LOGIN_PBKDF2_H
#define NET_LOGIN_PBKDF2_H

#include <stddef.h>
#include <stdint.h>

#define HMAC_SIZE 32u

void hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                 uint8_t out[HMAC_SIZE]);

/* One block of PBKDF2: a key of HMAC_SIZE bytes. `iterations` >= 1. */
void pbkdf2_sha256(const void *password, size_t password_size, const void *salt, size_t salt_size,
                   uint32_t iterations, uint8_t out[HMAC_SIZE]);

#endif

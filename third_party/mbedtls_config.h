/* What is compiled of mbedTLS: the hash functions of images (image/) and of Python's hashlib. */
#define MBEDTLS_MD5_C
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C

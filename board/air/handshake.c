#include "board/air/handshake.h"

#include <mbedtls/sha1.h>
#include <string.h>
#include <sys/random.h>

#include "hal/radio.h"

#define VERSION    1u
#define ROUNDS     4096
#define HASH_SIZE  20
#define BLOCK_SIZE 64
#define NONCE_SIZE 32

/* Each packet begins with its type, the version, and two bytes of its own. */
#define HEADER_SIZE 4
enum packet_type { HELLO = 1, NONCE = 2, PROOF = 3, ACCEPT = 4, REFUSE = 5 };

#define HELLO_MAC    HEADER_SIZE
#define HELLO_SSID   (HEADER_SIZE + 6)
#define NONCE_PACKET (HEADER_SIZE + NONCE_SIZE)
#define PROOF_MIC    (HEADER_SIZE + NONCE_SIZE)
#define PROOF_PACKET (PROOF_MIC + HASH_SIZE)
#define ACCEPT_MIC   HEADER_SIZE

/* What is awaited next. */
enum step { STEP_BEGIN, STEP_HELLO, STEP_NONCE, STEP_PROOF, STEP_ACCEPT };

/* ---- HMAC-SHA1; its key is prepared once, because PBKDF2 uses it thousands of times */

struct hmac {
    mbedtls_sha1_context inner, outer;
};

/* `size` is at most BLOCK_SIZE. */
static void hmac_key(struct hmac *hmac, const void *key, size_t size)
{
    uint8_t pad[BLOCK_SIZE] = {0};
    memcpy(pad, key, size);
    for (int i = 0; i < BLOCK_SIZE; i++) {
        pad[i] ^= 0x36;
    }
    mbedtls_sha1_init(&hmac->inner);
    mbedtls_sha1_starts(&hmac->inner);
    mbedtls_sha1_update(&hmac->inner, pad, sizeof pad);
    for (int i = 0; i < BLOCK_SIZE; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }
    mbedtls_sha1_init(&hmac->outer);
    mbedtls_sha1_starts(&hmac->outer);
    mbedtls_sha1_update(&hmac->outer, pad, sizeof pad);
}

/* `data` and `hash` may be the same. */
static void hmac_make(const struct hmac *hmac, const void *data, size_t size,
                      uint8_t hash[HASH_SIZE])
{
    mbedtls_sha1_context context;
    mbedtls_sha1_clone(&context, &hmac->inner);
    mbedtls_sha1_update(&context, data, size);
    mbedtls_sha1_finish(&context, hash);
    mbedtls_sha1_clone(&context, &hmac->outer);
    mbedtls_sha1_update(&context, hash, HASH_SIZE);
    mbedtls_sha1_finish(&context, hash);
}

/* One block of PBKDF2 (RFC 8018, 5.2); blocks are counted from 1. */
static void pbkdf2_block(const struct hmac *hmac, const char *salt, uint8_t number,
                         uint8_t block[HASH_SIZE])
{
    uint8_t first[AIR_SSID_MAX + 4] = {0}, u[HASH_SIZE];
    size_t size = strlen(salt);
    memcpy(first, salt, size);
    first[size + 3] = number;
    hmac_make(hmac, first, size + 4, u);
    memcpy(block, u, HASH_SIZE);
    for (int round = 1; round < ROUNDS; round++) {
        hmac_make(hmac, u, HASH_SIZE, u);
        for (int i = 0; i < HASH_SIZE; i++) {
            block[i] ^= u[i];
        }
    }
}

/* The last result is remembered: an access point that starts again, and the laptop that joins it,
 * need not wait. */
void handshake_pmk(const char *key, const char *ssid, uint8_t pmk[32])
{
    static struct {
        char key[HAL_RADIO_KEY_MAX + 1], ssid[AIR_SSID_MAX + 1];
        uint8_t pmk[2 * HASH_SIZE];
        bool known;
    } last;
    if (!last.known || strcmp(last.key, key) != 0 || strcmp(last.ssid, ssid) != 0) {
        struct hmac hmac;
        strncpy(last.key, key, sizeof last.key - 1);
        strncpy(last.ssid, ssid, sizeof last.ssid - 1);
        hmac_key(&hmac, last.key, strlen(last.key));
        pbkdf2_block(&hmac, last.ssid, 1, last.pmk);
        pbkdf2_block(&hmac, last.ssid, 2, last.pmk + HASH_SIZE);
        last.known = true;
    }
    memcpy(pmk, last.pmk, 32);
}

/* ---- the proof */

/* The MIC of a PROOF or an ACCEPT: over all that both sides have agreed on, so that a MIC of one
 * handshake is good for no other, and that of one side not for the other one. */
static void make_mic(const struct handshake *handshake, enum packet_type type,
                     uint8_t mic[HASH_SIZE])
{
    struct hmac hmac;
    uint8_t agreed[4 + 2 * 6 + sizeof handshake->nonces + AIR_SSID_MAX];
    const struct air_network *network = &handshake->network;
    size_t length = strlen(network->ssid);
    uint8_t *end = agreed;
    *end++ = (uint8_t)type;
    *end++ = VERSION;
    *end++ = network->security;
    *end++ = (uint8_t)length;
    memcpy(end, network->bssid, 6);
    memcpy(end + 6, handshake->station, 6);
    memcpy(end + 12, handshake->nonces, sizeof handshake->nonces);
    end += 12 + sizeof handshake->nonces;
    memcpy(end, network->ssid, length);
    end += length;
    hmac_key(&hmac, handshake->pmk, sizeof handshake->pmk);
    hmac_make(&hmac, agreed, (size_t)(end - agreed), mic);
}

static bool mic_is_right(const struct handshake *handshake, enum packet_type type,
                         const uint8_t *mic)
{
    uint8_t right[HASH_SIZE], difference = 0;
    make_mic(handshake, type, right);
    for (int i = 0; i < HASH_SIZE; i++) {
        difference |= mic[i] ^ right[i]; /* takes as long wherever they differ */
    }
    return difference == 0;
}

static void make_nonce(uint8_t nonce[NONCE_SIZE])
{
    while (getrandom(nonce, NONCE_SIZE, 0) != NONCE_SIZE) {
    }
}

static bool is_open(const struct handshake *handshake)
{
    return handshake->network.security == HAL_RADIO_OPEN;
}

/* ---- packets */

static uint8_t *begin(uint8_t *out, enum packet_type type, uint8_t a, uint8_t b)
{
    out[0] = (uint8_t)type;
    out[1] = VERSION;
    out[2] = a;
    out[3] = b;
    return out + HEADER_SIZE;
}

size_t handshake_refuse(struct handshake *handshake, enum handshake_refusal refusal,
                        uint8_t out[HANDSHAKE_PACKET_MAX])
{
    handshake->state = HANDSHAKE_REFUSED;
    handshake->refusal = refusal;
    begin(out, REFUSE, (uint8_t)refusal, 0);
    return HEADER_SIZE;
}

/* A station has nobody to tell. */
static size_t give_up(struct handshake *handshake, enum handshake_refusal refusal)
{
    handshake->state = HANDSHAKE_REFUSED;
    handshake->refusal = refusal;
    return 0;
}

static size_t send_hello(struct handshake *handshake, uint8_t *out)
{
    size_t length = strlen(handshake->network.ssid);
    begin(out, HELLO, handshake->network.security, (uint8_t)length);
    memcpy(out + HELLO_MAC, handshake->station, 6);
    memcpy(out + HELLO_SSID, handshake->network.ssid, length);
    handshake->step = STEP_NONCE;
    return HELLO_SSID + length;
}

static size_t send_accept(struct handshake *handshake, uint8_t *out)
{
    uint8_t *mic = begin(out, ACCEPT, 0, 0);
    handshake->state = HANDSHAKE_DONE;
    if (is_open(handshake)) {
        return HEADER_SIZE;
    }
    make_mic(handshake, ACCEPT, mic);
    return ACCEPT_MIC + HASH_SIZE;
}

/* Are the two bytes of a packet's own 0? */
static bool is_blank(const uint8_t *in)
{
    return in[2] == 0 && in[3] == 0;
}

/* ---- the access point */

static bool is_station(const uint8_t mac[6])
{
    static const uint8_t nobody[6];
    return (mac[0] & 1) == 0 && memcmp(mac, nobody, 6) != 0;
}

static size_t got_hello(struct handshake *handshake, const uint8_t *in, size_t size, uint8_t *out)
{
    const struct air_network *network = &handshake->network;
    size_t length = in[3];
    if (length == 0 || length > AIR_SSID_MAX || size != HELLO_SSID + length ||
        !is_station(in + HELLO_MAC)) {
        return handshake_refuse(handshake, HANDSHAKE_PROTOCOL, out);
    }
    memcpy(handshake->station, in + HELLO_MAC, 6);
    if (length != strlen(network->ssid) || memcmp(in + HELLO_SSID, network->ssid, length) != 0) {
        return handshake_refuse(handshake, HANDSHAKE_WRONG_SSID, out);
    }
    if (in[2] != network->security) {
        return handshake_refuse(handshake, HANDSHAKE_WRONG_SECURITY, out);
    }
    if (is_open(handshake)) {
        return send_accept(handshake, out);
    }
    make_nonce(handshake->nonces[0]);
    memcpy(begin(out, NONCE, 0, 0), handshake->nonces[0], NONCE_SIZE);
    handshake->step = STEP_PROOF;
    return NONCE_PACKET;
}

static size_t got_proof(struct handshake *handshake, const uint8_t *in, size_t size, uint8_t *out)
{
    if (size != PROOF_PACKET || !is_blank(in)) {
        return handshake_refuse(handshake, HANDSHAKE_PROTOCOL, out);
    }
    memcpy(handshake->nonces[1], in + HEADER_SIZE, NONCE_SIZE);
    if (!mic_is_right(handshake, PROOF, in + PROOF_MIC)) {
        return handshake_refuse(handshake, HANDSHAKE_WRONG_KEY, out);
    }
    return send_accept(handshake, out);
}

static size_t ap_packet(struct handshake *handshake, const uint8_t *in, size_t size, uint8_t *out)
{
    enum packet_type awaited = handshake->step == STEP_HELLO ? HELLO : PROOF;
    if (size < HEADER_SIZE || size > HANDSHAKE_PACKET_MAX || in[0] != awaited || in[1] != VERSION) {
        return handshake_refuse(handshake, HANDSHAKE_PROTOCOL, out);
    }
    return awaited == HELLO ? got_hello(handshake, in, size, out)
                            : got_proof(handshake, in, size, out);
}

/* ---- the station */

static size_t got_nonce(struct handshake *handshake, const uint8_t *in, uint8_t *out)
{
    memcpy(handshake->nonces[0], in + HEADER_SIZE, NONCE_SIZE);
    make_nonce(handshake->nonces[1]);
    memcpy(begin(out, PROOF, 0, 0), handshake->nonces[1], NONCE_SIZE);
    make_mic(handshake, PROOF, out + PROOF_MIC);
    handshake->step = STEP_ACCEPT;
    return PROOF_PACKET;
}

static size_t station_packet(struct handshake *handshake, const uint8_t *in, size_t size,
                             uint8_t *out)
{
    if (size < HEADER_SIZE || size > HANDSHAKE_PACKET_MAX || in[1] != VERSION) {
        return give_up(handshake, HANDSHAKE_PROTOCOL);
    }
    if (in[0] == REFUSE && size == HEADER_SIZE && in[3] == 0) {
        bool known = in[2] > HANDSHAKE_OK && in[2] <= HANDSHAKE_CUT;
        return give_up(handshake, known ? (enum handshake_refusal)in[2] : HANDSHAKE_PROTOCOL);
    }
    if (!is_blank(in)) {
        return give_up(handshake, HANDSHAKE_PROTOCOL);
    }
    if (is_open(handshake)) {
        bool accepted = in[0] == ACCEPT && size == HEADER_SIZE;
        handshake->state = HANDSHAKE_DONE;
        return accepted ? 0 : give_up(handshake, HANDSHAKE_PROTOCOL);
    }
    if (handshake->step == STEP_NONCE && in[0] == NONCE && size == NONCE_PACKET) {
        return got_nonce(handshake, in, out);
    }
    if (handshake->step == STEP_ACCEPT && in[0] == ACCEPT && size == ACCEPT_MIC + HASH_SIZE) {
        bool right = mic_is_right(handshake, ACCEPT, in + ACCEPT_MIC);
        handshake->state = HANDSHAKE_DONE;
        return right ? 0 : give_up(handshake, HANDSHAKE_WRONG_KEY);
    }
    return give_up(handshake, HANDSHAKE_PROTOCOL);
}

/* ---- */

static void init(struct handshake *handshake, const struct air_network *network, const uint8_t *pmk)
{
    memset(handshake, 0, sizeof *handshake);
    handshake->network = *network;
    if (network->security != HAL_RADIO_OPEN) {
        memcpy(handshake->pmk, pmk, sizeof handshake->pmk);
    }
}

void handshake_station(struct handshake *handshake, const struct air_network *network,
                       const uint8_t pmk[32], const uint8_t mac[6])
{
    init(handshake, network, pmk);
    memcpy(handshake->station, mac, sizeof handshake->station);
    handshake->step = STEP_BEGIN;
}

void handshake_ap(struct handshake *handshake, const struct air_network *network,
                  const uint8_t pmk[32])
{
    init(handshake, network, pmk);
    handshake->is_ap = true;
    handshake->step = STEP_HELLO;
}

size_t handshake_packet(struct handshake *handshake, const uint8_t *in, size_t size,
                        uint8_t out[HANDSHAKE_PACKET_MAX])
{
    if (handshake->state != HANDSHAKE_RUNNING) {
        return 0;
    }
    if (handshake->step == STEP_BEGIN) {
        return send_hello(handshake, out);
    }
    return handshake->is_ap ? ap_packet(handshake, in, size, out)
                            : station_packet(handshake, in, size, out);
}

const char *handshake_refusal_text(enum handshake_refusal refusal)
{
    static const char *const texts[] = {
        [HANDSHAKE_OK] = "accepted",
        [HANDSHAKE_WRONG_KEY] = "the key is wrong",
        [HANDSHAKE_WRONG_SECURITY] = "the network's security is another one",
        [HANDSHAKE_WRONG_SSID] = "the network's name is another one",
        [HANDSHAKE_FULL] = "the access point has no room for another station",
        [HANDSHAKE_PROTOCOL] = "the access point does not speak our protocol, or not in time",
        [HANDSHAKE_TAKEN] = "another station has this hardware address",
        [HANDSHAKE_CUT] = "the link is cut",
    };
    bool known = refusal < sizeof texts / sizeof texts[0];
    return texts[known ? refusal : HANDSHAKE_PROTOCOL];
}

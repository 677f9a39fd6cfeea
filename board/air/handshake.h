/* How a station proves that it knows the key, and the access point too: the four messages of WPA2 (IEEE 802.11i) in
 * packets of our own (docs/spec.md, "Association"). Pure: packets in, packets out.
 *
 *   station -> AP  HELLO   version, station's MAC, ssid, security
 *   AP -> station  NONCE   nonce of the AP                           (open: ACCEPT at once)
 *   station -> AP  PROOF   nonce of the station, MIC
 *   AP -> station  ACCEPT  MIC of the AP's own
 *   AP -> station  REFUSE  reason (instead of NONCE or ACCEPT)
 *
 * The pairwise key is PBKDF2-HMAC-SHA1(key, ssid, 4096, 32 bytes), the MIC key comes from it, both MACs and both nonces. Frames are not encrypted
 * afterwards: the place belongs to one user. A MIC is compared in constant time. */
#ifndef BOARD_AIR_HANDSHAKE_H
#define BOARD_AIR_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/air/place.h"

#define HANDSHAKE_PACKET_MAX 128
#define HANDSHAKE_SECONDS    2.0 /* real time; who has not finished by then is dropped */

enum handshake_refusal {
    HANDSHAKE_OK = 0,
    HANDSHAKE_WRONG_KEY = 1,
    HANDSHAKE_WRONG_SECURITY = 2, /* WEP, WPA, WPA2, open must match */
    HANDSHAKE_WRONG_SSID = 3,
    HANDSHAKE_FULL = 4,           /* the access point has no room */
    HANDSHAKE_PROTOCOL = 5,       /* nonsense, another version, or too slow */
    HANDSHAKE_TAKEN = 6,          /* another station has this MAC */
    HANDSHAKE_CUT = 7,            /* the link is cut (air conditions) */
};
/* Of any number: another process may have sent it. */
const char *handshake_refusal_text(enum handshake_refusal refusal);

/* The master key; takes about 3 ms. `pmk` 32 bytes. */
void handshake_pmk(const char *key, const char *ssid, uint8_t pmk[32]);

enum handshake_state { HANDSHAKE_RUNNING, HANDSHAKE_DONE, HANDSHAKE_REFUSED };

struct handshake {
    bool is_ap;
    enum handshake_state state;
    enum handshake_refusal refusal;
    struct air_network network;
    uint8_t pmk[32];
    uint8_t station[6];
    uint8_t nonces[2][32]; /* AP's, station's */
    uint8_t step;
};

/* `pmk` is not looked at for an open network. `mac`: of the station itself. */
void handshake_station(struct handshake *handshake, const struct air_network *network, const uint8_t pmk[32], const uint8_t mac[6]);
void handshake_ap(struct handshake *handshake, const struct air_network *network, const uint8_t pmk[32]);

/* A packet came (size 0: begin, for the station). Returns the size of the packet to send in `out`, 0: none. Then look at `state`. */
size_t handshake_packet(struct handshake *handshake, const uint8_t *in, size_t size, uint8_t out[HANDSHAKE_PACKET_MAX]);

/* AP: refuse for a reason of its own. */
size_t handshake_refuse(struct handshake *handshake, enum handshake_refusal refusal, uint8_t out[HANDSHAKE_PACKET_MAX]);

#endif

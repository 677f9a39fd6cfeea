/* A station on a TAP device: runs a program in a network namespace whose wlan0 is associated with
 * an access point of the air.
 *
 * The process itself stays outside: it searches, associates, passes frames between wlan0 and the
 * association, and has the lease; the program is its grandchild (inside.h). When the association is
 * lost, wlan0 loses its carrier, and the network is searched again. */
#ifndef BOARD_JOIN_JOIN_H
#define BOARD_JOIN_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/air/place.h"

#define JOIN_QUIET_SECONDS   1.0  /* then it says, once, on stderr what it waits for */
#define JOIN_NETWORK_SECONDS 5.0  /* for the network to be found and joined */
#define JOIN_LEASE_SECONDS   20.0 /* for a lease, after that */

struct join_config {
    const struct air_place *place;
    const char *ssid; /* 1 to AIR_SSID_MAX bytes */
    const char *key;  /* at most HAL_RADIO_KEY_MAX characters; NULL: none, for an open network */
    const uint8_t *bssid; /* NULL: any with that name */
    bool no_dhcp;         /* COMMAND takes care of the address of wlan0 itself */
    char **command;       /* NULL-terminated */
};

/* Join, run COMMAND, and return its exit status, 128 + n when signal n has ended it (or us, before
 * it began); or -1 with one clear line in `error`, and COMMAND has not been started. Afterwards the
 * process is in a sandbox (sandbox.h), and should end. */
int join_run(const struct join_config *config, char *error, size_t error_size);

#endif

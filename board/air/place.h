/* A place in the air: a directory. Radios of the same place hear each other; there is no daemon (docs/spec.md, "Air").
 *
 * In it each access point has a beacon BSSID.ap (a small JSON file, locked by flock as long as the access point is up, so that the beacon of a
 * killed one is known to be stale) and a socket BSSID.sock; `conditions.json` says how bad the air is. */
#ifndef BOARD_AIR_PLACE_H
#define BOARD_AIR_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define AIR_SSID_MAX 32
#define AIR_KEY_MIN  8 /* characters of a WPA2 key */
#define AIR_KEY_MAX  63
#define AIR_NETWORKS 128 /* as many are seen in one place */

struct air_place {
    int dir_fd;
    char path[4096]; /* absolute */
    bool is_default;
    uid_t owner;
};

/* Open the directory, made when it is missing with rights for its owner only. `path` NULL: the one that all boards and stations of this user share
 * ($XDG_RUNTIME_DIR/wipy-air, else /tmp/wipy-air-UID). It must be the user's own, and nobody else may write in it. When it is removed later on,
 * those who look around or start a beacon make it again, if they can. 0, or -1 with one clear line in `error`. */
int air_place_open(struct air_place *place, const char *path, char *error, size_t error_size);
void air_place_close(struct air_place *place);

/* What a beacon says. */
struct air_network {
    char ssid[AIR_SSID_MAX + 1]; /* NUL-terminated; any bytes but NUL */
    uint8_t bssid[6];
    uint8_t channel;
    uint8_t security; /* enum hal_radio_security */
};

/* The networks in range: stores up to `max`, returns how many were stored, ordered by bssid. Removes stale beacons. */
int air_place_scan(const struct air_place *place, struct air_network *networks, int max);

/* The network of this bssid; false: it is not in range. */
bool air_place_find(const struct air_place *place, const uint8_t bssid[6],
                    struct air_network *network);

/* Tells when a beacon comes or goes or the conditions change: an inotify descriptor to wait on; air_place_changed() empties it. -1: errno (a user
 * has only so many of them: who cannot have one must look now and then). */
int air_place_watch(const struct air_place *place);
void air_place_changed(int watch_fd);

/* A beacon of one's own, with its socket. */
struct air_beacon {
    int file_fd;   /* holds the lock; -1: none */
    int listen_fd; /* SOCK_SEQPACKET, non-blocking: stations connect here */
    char name[24];
};
/* 0 or -errno (EADDRINUSE: that bssid is there already). */
int air_beacon_start(struct air_beacon *beacon, const struct air_place *place, const struct air_network *network);
/* Others find it: the file has not been removed. */
bool air_beacon_is_there(const struct air_beacon *beacon, const struct air_place *place);
/* Whatever is there by then under the same name but is another one's stays. */
void air_beacon_stop(struct air_beacon *beacon, const struct air_place *place);

/* Connect to the access point of this bssid: a non-blocking SOCK_SEQPACKET descriptor, or -errno. */
int air_connect(const struct air_place *place, const uint8_t bssid[6]);

/* A small file of the place as a whole: read it (returns its size; `text` gets a NUL) or replace it, so that a reader sees the old one or
 * the new one. -errno; of reading also -EISDIR: no regular file, whatever it is; -EFBIG: too long. */
int air_place_read(const struct air_place *place, const char *name, char *text, size_t text_size);
int air_place_write(const struct air_place *place, const char *name, const char *text);

/* Be the only one who reads this file and then writes it accordingly: waits for another one, for a
 * second at most. A descriptor for air_place_unlock(), or -errno. */
int air_place_lock(const struct air_place *place, const char *name);
void air_place_unlock(const struct air_place *place, const char *name, int lock);

#endif

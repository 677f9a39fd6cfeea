/* The laptop's companion in the board's process: starts the laptop, and searches the air for it.
 *
 * It looks for the board's own network, with the factory name, and invites the laptop there with
 * the factory key; when that has been refused, or the association has ended, it looks again. So the
 * laptop loses a board whose script changes name, key or mode, and gets it back when that is
 * undone. While the board is a station, the laptop is invited to the home router's network, if
 * there is one, and told the board's address there. */
#ifndef BOARD_COMPANION_H
#define BOARD_COMPANION_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "board/air/place.h"
#include "board/laptop/laptop.h"
#include "hal/radio.h"

struct companion {
    pid_t laptop;             /* 0: none */
    char telnet[32], ftp[32]; /* where the laptop listens; "": nowhere */
    int fd;                   /* of the laptop's socket */
    uint8_t board_mac[6];
    struct ev_loop *loop;
    const struct air_place *place;
    struct air_network router; /* no ssid: there is none */
    char router_key[HAL_RADIO_KEY_MAX + 1];
    struct laptop_wipy wipy; /* where it is now */
    uint32_t invitations;
    struct ev_io told, laptop_ended;
    struct ev_timer look;         /* the next one; does not run while the laptop is invited */
    void (*ended)(void *context); /* the laptop has ended unexpectedly */
    void *context;
};

/* Start the laptop of the board with the address `mac`; none when neither of the two is wanted.
 * `patient`: its ports may yet be in use for a moment, by that of a board that has been killed. 0,
 * or -1 with one clear line in `error`. Call it before the board makes anything that a child must
 * not inherit. */
int companion_start(struct companion *companion, const struct laptop_listen *telnet,
                    const struct laptop_listen *ftp, const uint8_t mac[6], bool patient,
                    char *error, size_t error_size);

/* Search from now on; `ended` and `context` are set by the caller before. */
void companion_search(struct companion *companion, struct ev_loop *loop,
                      const struct air_place *place);

/* There is a home router; `key`: at most HAL_RADIO_KEY_MAX characters. */
void companion_has_router(struct companion *companion, const struct air_network *router,
                          const char *key);

/* The board's own network has come on the air. */
void companion_board_is_ap(struct companion *companion);

/* The board is a station. `address`: its own in the home router's network; all 0: it has none, or
 * is not there. */
void companion_board_is_station(struct companion *companion, const uint8_t address[4]);

/* What takes a while is done now, while the MCU boots. */
void companion_prepare(const struct companion *companion);

/* End the laptop. */
void companion_stop(struct companion *companion);

#endif

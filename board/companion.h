/* The laptop's companion in the board's process: starts the laptop, and searches the air for it.
 *
 * It looks for the board's own network, with the factory name, and invites the laptop there with
 * the factory key; when that has been refused, or the association has ended, it looks again. So the
 * laptop loses a board whose script changes name, key or mode, and gets it back when that is
 * undone. While the board is a station, the laptop is invited to the home router's network, if
 * there is one, and told the board's address there.
 *
 * When the laptop is not going to reach the board soon, the person at the board is told why, and
 * connections to the laptop's ports are reset instead of kept waiting, until it is reached or
 * something changes at the board's radio. That is so at once when the board takes no factory
 * key; COMPANION_PATIENCE after the board has taken another name, has gone off the air, or has
 * become a station that is not to be found in the home router's network; COMPANION_LEASE_PATIENCE
 * after there was no lease. A board without a radio on the air (off, at its start, with a fault) is
 * never lost. */
#ifndef BOARD_COMPANION_H
#define BOARD_COMPANION_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "board/air/handshake.h"
#include "board/air/place.h"
#include "board/laptop/laptop.h"
#include "hal/radio.h"

#define COMPANION_PATIENCE       3.  /* seconds */
#define COMPANION_LEASE_PATIENCE 10. /* seconds */

enum companion_board { COMPANION_BOARD_OFF, COMPANION_BOARD_AP, COMPANION_BOARD_STATION };

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
    struct ev_timer look; /* the next one; does not run while the laptop is invited */
    enum companion_board board;
    char ssid[AIR_SSID_MAX + 1]; /* COMPANION_BOARD_AP: of its network */
    uint8_t security;            /* likewise */
    bool has_factory_key;        /* likewise */
    bool is_at_router;           /* COMPANION_BOARD_STATION: in the home router's network */
    ev_tstamp since; /* by steady_now(): the laptop does not reach the board, as it is now */
    uint32_t invitations_before;    /* so many were out then */
    bool is_reached;                /* by the laptop */
    bool is_lost;                   /* the laptop has been told so */
    enum handshake_refusal refusal; /* of the last invitation since then */
    char loss[320];                 /* what the person was told; "": nothing, or that it is over */
    struct ev_timer patience;
    void (*ended)(void *context);                     /* the laptop has ended unexpectedly */
    void (*noticed)(void *context, const char *line); /* it has lost the board, or is back */
    void *context;
};

/* Start the laptop of the board with the address `mac`; none when neither of the two is wanted.
 * `patient`: its ports may yet be in use for a moment, by that of a board that has been killed. 0,
 * or -1 with one clear line in `error`. Call it before the board makes anything that a child must
 * not inherit. */
int companion_start(struct companion *companion, const struct laptop_listen *telnet,
                    const struct laptop_listen *ftp, const uint8_t mac[6], bool patient,
                    char *error, size_t error_size);

/* Search from now on; `ended`, `noticed` and `context` are set by the caller before. */
void companion_search(struct companion *companion, struct ev_loop *loop,
                      const struct air_place *place);

/* There is a home router; `key`: at most HAL_RADIO_KEY_MAX characters. */
void companion_has_router(struct companion *companion, const struct air_network *router,
                          const char *key);

/* The board's radio is off. */
void companion_board_is_off(struct companion *companion);

/* The board's own network has come on the air, with these settings. */
void companion_board_is_ap(struct companion *companion, const struct air_network *network,
                           const char *key);

/* The board is a station. `is_at_router`: of the home router; `address`: its own there, all 0: it
 * has none, or is not there. */
void companion_board_is_station(struct companion *companion, bool is_at_router,
                                const uint8_t address[4]);

/* The name of the network of a new board with the address `mac`. */
void companion_factory_ssid(char ssid[AIR_SSID_MAX + 1], const uint8_t mac[6]);

/* What takes a while is done now, while the MCU boots. */
void companion_prepare(const struct companion *companion);

/* End the laptop. */
void companion_stop(struct companion *companion);

#endif

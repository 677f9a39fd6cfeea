/* The WLAN radio of the board: an access point, or a station, or neither, as the MCU asks for it.
 * Frames pass between the MCU's socket and the air. */
#ifndef BOARD_RADIO_H
#define BOARD_RADIO_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "board/air/ap.h"
#include "board/air/place.h"
#include "board/air/relay.h"
#include "board/air/station.h"
#include "link/link.h"

struct radio {
    const struct air_place *place;
    uint8_t mac[6];
    struct link_registers *registers; /* radio_* are this part's */
    struct relay relay;
    struct air_ap ap;
    struct air_station station;
    struct relay_port *mcu, *uplink; /* NULL: none */
    /* Registers have changed; the MCU wants to know. */
    void (*changed)(void *context);
    /* Its access point has come on the air. */
    void (*on_air)(void *context);
    /* Its access point cannot go on the air: ap.silence is a new one. */
    void (*unheard)(void *context);
    /* ap.complaint is a new one. */
    void (*complained)(void *context);
    void *context;
};

/* The callbacks and their context are set by the caller before, the rest is 0. */
void radio_init(struct radio *radio, struct ev_loop *loop, const struct air_place *place,
                const uint8_t mac[6], struct link_registers *registers);

/* The MCU's socket, when an MCU starts; without one the radio is silent. The descriptor stays the
 * caller's. */
void radio_mcu_started(struct radio *radio, int fd);
void radio_mcu_stopped(struct radio *radio);

/* What the MCU asks for (hal/radio.h): 0 or a count, or negative enum hal_result. */
int radio_ap_start(struct radio *radio, const struct link_radio_ap *ap);
void radio_ap_stop(struct radio *radio);
int radio_scan(struct radio *radio); /* into the registers */
int radio_join(struct radio *radio, const struct link_radio_network *network);
void radio_leave(struct radio *radio);

/* The access point that it has joined last, as a station. */
const uint8_t *radio_bssid(const struct radio *radio);

#endif

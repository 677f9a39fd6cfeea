#include "board/radio.h"

#include <string.h>

#include "hal/result.h"

#define RSSI (-50) /* dBm; radios of one place are all equally near */

_Static_assert(LINK_RADIO_STATIONS == HAL_RADIO_STATIONS &&
                   LINK_RADIO_NETWORKS == HAL_RADIO_NETWORKS,
               "the numbers of the HAL");

/* ---- what the MCU sees */

static void members_changed(void *context)
{
    struct radio *radio = context;
    uint8_t macs[LINK_RADIO_STATIONS][6] = {0};
    int count = air_ap_members(&radio->ap, macs, LINK_RADIO_STATIONS);
    memcpy(radio->registers->radio_stations, macs, sizeof macs);
    radio->registers->radio_station_count = (uint32_t)count;
    radio->changed(radio->context);
}

static void complained(void *context)
{
    struct radio *radio = context;
    radio->complained(radio->context);
}

static void unheard(void *context)
{
    struct radio *radio = context;
    radio->unheard(radio->context);
}

static void on_air(void *context)
{
    struct radio *radio = context;
    radio->on_air(radio->context);
}

static enum hal_radio_link link_of(const struct air_station *station)
{
    switch (station->state) {
    case AIR_STATION_SEARCHING:
        return HAL_RADIO_NOT_FOUND;
    case AIR_STATION_JOINING:
        return HAL_RADIO_JOINING;
    case AIR_STATION_JOINED:
        return HAL_RADIO_JOINED;
    case AIR_STATION_LOST:
        return HAL_RADIO_LOST;
    case AIR_STATION_REFUSED:
        break;
    default:
        return HAL_RADIO_LEFT;
    }
    switch (station->refusal) {
    case HANDSHAKE_WRONG_KEY:
        return HAL_RADIO_WRONG_KEY;
    case HANDSHAKE_WRONG_SSID:
    case HANDSHAKE_CUT:
        return HAL_RADIO_NOT_FOUND;
    default:
        return HAL_RADIO_REFUSED;
    }
}

/* ---- a station */

static void uplink_ended(void *context, struct relay_port *port)
{
    struct radio *radio = context;
    radio->uplink = NULL;
    air_station_ended(&radio->station);
}

static void station_changed(struct air_station *station)
{
    struct radio *radio = station->context;
    if (station->state == AIR_STATION_JOINED) {
        radio->uplink =
            relay_add(&radio->relay, station->fd, RELAY_UPLINK, radio->mac, uplink_ended, radio);
    }
    radio->registers->radio_link = link_of(station);
    radio->changed(radio->context);
}

static bool is_valid(const char ssid[HAL_RADIO_SSID_MAX + 1], const char key[HAL_RADIO_KEY_MAX + 1],
                     uint8_t security)
{
    size_t ssid_length = strnlen(ssid, HAL_RADIO_SSID_MAX + 1);
    size_t key_length = strnlen(key, HAL_RADIO_KEY_MAX + 1);
    if (ssid_length < 1 || ssid_length > HAL_RADIO_SSID_MAX) {
        return false;
    }
    switch (security) {
    case HAL_RADIO_OPEN:
        return key_length == 0;
    case HAL_RADIO_WEP:
        return key_length >= 5 && key_length <= 26;
    case HAL_RADIO_WPA:
    case HAL_RADIO_WPA2:
        return key_length >= AIR_KEY_MIN && key_length <= AIR_KEY_MAX;
    default:
        return false;
    }
}

int radio_join(struct radio *radio, const struct link_radio_network *network)
{
    static const uint8_t any[6];
    if (!is_valid(network->ssid, network->key, network->security)) {
        return HAL_ERROR_RANGE;
    }
    radio_ap_stop(radio);
    radio_leave(radio);
    bool is_any = memcmp(network->bssid, any, sizeof any) == 0;
    air_station_join(&radio->station, network->ssid, is_any ? NULL : network->bssid,
                     network->security, network->key);
    return HAL_OK;
}

void radio_leave(struct radio *radio)
{
    if (radio->uplink != NULL) {
        if (radio->mcu != NULL) {
            relay_take(radio->mcu); /* what it sent before it said so, as that a lease has ended */
        }
        relay_remove(radio->uplink);
        radio->uplink = NULL;
    }
    air_station_leave(&radio->station);
}

const uint8_t *radio_bssid(const struct radio *radio)
{
    return radio->station.attempt.handshake.network.bssid;
}

int radio_scan(struct radio *radio)
{
    static struct air_network found[AIR_NETWORKS];
    int count = air_place_scan(radio->place, found, AIR_NETWORKS), stored = 0;
    for (int i = 0; i < count && stored < LINK_RADIO_NETWORKS; i++) {
        if (memcmp(found[i].bssid, radio->mac, sizeof radio->mac) == 0) {
            continue; /* nobody hears himself */
        }
        struct link_radio_network network = {
            .channel = found[i].channel, .security = found[i].security, .rssi = RSSI};
        memcpy(network.ssid, found[i].ssid, sizeof network.ssid);
        memcpy(network.bssid, found[i].bssid, sizeof network.bssid);
        radio->registers->radio_networks[stored++] = network;
    }
    return stored;
}

/* ---- an access point */

int radio_ap_start(struct radio *radio, const struct link_radio_ap *ap)
{
    if (!is_valid(ap->ssid, ap->key, ap->security) || ap->channel < 1 || ap->channel > 13) {
        return HAL_ERROR_RANGE;
    }
    radio_leave(radio);
    struct air_network network = {.channel = ap->channel, .security = ap->security};
    memcpy(network.ssid, ap->ssid, sizeof network.ssid);
    memcpy(network.bssid, radio->mac, sizeof network.bssid);
    air_ap_start(&radio->ap, &network, ap->key);
    return HAL_OK;
}

void radio_ap_stop(struct radio *radio)
{
    air_ap_stop(&radio->ap);
}

/* ---- the MCU */

static void mcu_ended(void *context, struct relay_port *port)
{
    struct radio *radio = context;
    radio->mcu = NULL;
}

void radio_mcu_started(struct radio *radio, int fd)
{
    radio->mcu = relay_add(&radio->relay, fd, RELAY_WIRE, radio->mac, mcu_ended, radio);
    radio->mcu->interrupt = &radio->registers->interrupt_pending;
}

void radio_mcu_stopped(struct radio *radio)
{
    radio_ap_stop(radio);
    radio_leave(radio);
    if (radio->mcu != NULL) {
        relay_remove(radio->mcu);
        radio->mcu = NULL;
    }
}

void radio_init(struct radio *radio, struct ev_loop *loop, const struct air_place *place,
                const uint8_t mac[6], struct link_registers *registers)
{
    radio->place = place;
    radio->registers = registers;
    memcpy(radio->mac, mac, sizeof radio->mac);
    relay_init(&radio->relay, loop);
    air_ap_init(&radio->ap, loop, place, &radio->relay);
    radio->ap.on_air = on_air;
    radio->ap.unheard = unheard;
    radio->ap.members_changed = members_changed;
    radio->ap.complained = complained;
    radio->ap.context = radio;
    radio->station = (struct air_station){
        .loop = loop, .place = place, .changed = station_changed, .context = radio};
    memcpy(radio->station.mac, mac, sizeof radio->station.mac);
    air_station_init(&radio->station);
}

#include "hal/radio.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hal/result.h"
#include "targets/virtual/mcu_link.h"

_Static_assert(sizeof(struct hal_radio_ap) == sizeof(struct link_radio_ap), "copied byte by byte");
_Static_assert(sizeof(struct hal_radio_network) == sizeof(struct link_radio_network),
               "copied byte by byte");
_Static_assert(HAL_RADIO_NETWORKS == LINK_RADIO_NETWORKS, "the same number");
_Static_assert(HAL_RADIO_STATIONS == LINK_RADIO_STATIONS, "the same number");

/* Registers may change while they are read: an event follows, and they are read again. */
static void copy(void *to, const volatile void *from, size_t size)
{
    const volatile uint8_t *source = from;
    uint8_t *target = to;
    for (size_t i = 0; i < size; i++) {
        target[i] = source[i];
    }
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

void hal_radio_mac(uint8_t mac[6])
{
    copy(mac, MCU_REGISTERS->mac, 6);
}

int hal_radio_ap_start(const struct hal_radio_ap *ap)
{
    return mcu_call(&(struct link_command){.code = LINK_RADIO_AP_START, .size = sizeof *ap}, ap);
}

void hal_radio_ap_stop(void)
{
    mcu_call(&(struct link_command){.code = LINK_RADIO_AP_STOP}, NULL);
}

int hal_radio_ap_stations(uint8_t (*macs)[6], int max)
{
    uint32_t there = MCU_REGISTERS->radio_station_count;
    int count = there < HAL_RADIO_STATIONS ? (int)there : HAL_RADIO_STATIONS;
    for (int i = 0; i < smaller(count, max); i++) {
        copy(macs[i], MCU_REGISTERS->radio_stations[i], 6);
    }
    return count;
}

int hal_radio_scan(struct hal_radio_network *networks, int max)
{
    int count = mcu_call(&(struct link_command){.code = LINK_RADIO_SCAN}, NULL);
    count = smaller(count, smaller(max, HAL_RADIO_NETWORKS));
    for (int i = 0; i < count; i++) {
        copy(&networks[i], &MCU_REGISTERS->radio_networks[i], sizeof networks[i]);
        networks[i].ssid[HAL_RADIO_SSID_MAX] = '\0';
        networks[i].key[0] = '\0';
    }
    return count;
}

int hal_radio_join(const struct hal_radio_network *network)
{
    return mcu_call(&(struct link_command){.code = LINK_RADIO_JOIN, .size = sizeof *network},
                    network);
}

void hal_radio_leave(void)
{
    mcu_call(&(struct link_command){.code = LINK_RADIO_LEAVE}, NULL);
}

enum hal_radio_link hal_radio_link(void)
{
    return (enum hal_radio_link)MCU_REGISTERS->radio_link;
}

int hal_radio_send(const void *frame, size_t size)
{
    if (size < HAL_RADIO_FRAME_MIN || size > HAL_RADIO_FRAME_MAX) {
        return HAL_ERROR_RANGE;
    }
    while (write(LINK_FD_RADIO, frame, size) < 0) {
        if (errno == EAGAIN) {
            return HAL_ERROR_BUSY;
        }
        if (errno != EINTR) {
            mcu_end();
        }
    }
    return HAL_OK;
}

size_t hal_radio_receive(void *frame)
{
    ssize_t got;
    while ((got = read(LINK_FD_RADIO, frame, HAL_RADIO_FRAME_MAX)) < 0 && errno == EINTR) {
    }
    if (got < 0 && errno == EAGAIN) {
        return 0;
    }
    if (got <= 0) {
        mcu_end();
    }
    return (size_t)got;
}

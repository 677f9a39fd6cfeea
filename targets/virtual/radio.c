#include "hal/radio.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hal/result.h"
#include "targets/virtual/mcu_link.h"

#define FRAME_MIN 14 /* an Ethernet header */

_Static_assert(sizeof(struct hal_radio_ap) == sizeof(struct link_radio_ap), "copied byte by byte");

void hal_radio_mac(uint8_t mac[6])
{
    for (int i = 0; i < 6; i++) {
        mac[i] = MCU_REGISTERS->mac[i];
    }
}

int hal_radio_ap_start(const struct hal_radio_ap *ap)
{
    return mcu_call(&(struct link_command){.code = LINK_RADIO_AP_START, .size = sizeof *ap}, ap);
}

void hal_radio_ap_stop(void)
{
    mcu_call(&(struct link_command){.code = LINK_RADIO_AP_STOP}, NULL);
}

int hal_radio_send(const void *frame, size_t size)
{
    if (size < FRAME_MIN || size > HAL_RADIO_FRAME_MAX) {
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

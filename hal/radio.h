/* The WLAN radio: access point and Ethernet frames. Addresses are six bytes in transmission order. */
#ifndef HAL_RADIO_H
#define HAL_RADIO_H

#include <stddef.h>
#include <stdint.h>

#define HAL_RADIO_FRAME_MAX 1514 /* Ethernet header + 1500 bytes, without FCS */
#define HAL_RADIO_SSID_MAX  32
#define HAL_RADIO_KEY_MAX   64

enum hal_radio_security { HAL_RADIO_OPEN = 0, HAL_RADIO_WEP = 1, HAL_RADIO_WPA = 2, HAL_RADIO_WPA2 = 3 };

struct hal_radio_ap {
    char ssid[HAL_RADIO_SSID_MAX + 1]; /* NUL-terminated, 1 to 32 bytes */
    char key[HAL_RADIO_KEY_MAX + 1];   /* NUL-terminated; "" for HAL_RADIO_OPEN, else 8 to 63 characters */
    uint8_t channel;                   /* 1 to 13 */
    uint8_t security;                  /* enum hal_radio_security */
};

/* The board's own hardware address. */
void hal_radio_mac(uint8_t mac[6]);

/* Start (or restart with other settings) the access point; the settings are copied. Restarting drops every station.
 * HAL_ERROR_RANGE for settings outside the ranges above. */
int hal_radio_ap_start(const struct hal_radio_ap *ap);
void hal_radio_ap_stop(void);

/* Send one frame of 14 to HAL_RADIO_FRAME_MAX bytes. 0, HAL_ERROR_RANGE, or HAL_ERROR_BUSY when the queue is full. */
int hal_radio_send(const void *frame, size_t size);

/* Take the next received frame into `frame` (room for HAL_RADIO_FRAME_MAX). Returns its size, 0 when there is none. */
size_t hal_radio_receive(void *frame);

#endif

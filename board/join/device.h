/* wlan0, a TAP device: what the programs inside take for a WLAN interface. */
#ifndef BOARD_JOIN_DEVICE_H
#define BOARD_JOIN_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICE_NAME "wlan0"

struct device {
    int tap;     /* non-blocking; one Ethernet frame a read or write */
    int control; /* a socket of the network namespace: settings of the interface go through it */
};

/* An IPv4 configuration, as it stands in packets. */
struct device_address {
    uint32_t address, netmask, gateway; /* 0: none */
    uint32_t dns[2];
};

/* In the network namespace: bring up loopback, and wlan0 with this address and without carrier. 0,
 * or -1 with one clear line in `error`. */
int device_make(struct device *device, const uint8_t mac[6], char *error, size_t error_size);

/* From any namespace, by who has made the device's: 0 or -errno. */
int device_carrier(const struct device *device, bool on);
int device_configure(const struct device *device, const struct device_address *address);

#endif

#include "board/join/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define TUN_FILE "/dev/net/tun"

static struct ifreq request(const char *name)
{
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    return request;
}

static int bring_up(int control, const char *name)
{
    struct ifreq flags = request(name);
    if (ioctl(control, SIOCGIFFLAGS, &flags) < 0) {
        return -1;
    }
    flags.ifr_flags |= IFF_UP;
    return ioctl(control, SIOCSIFFLAGS, &flags);
}

static int set_mac(int control, const uint8_t mac[6])
{
    struct ifreq address = request(DEVICE_NAME);
    address.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(address.ifr_hwaddr.sa_data, mac, 6);
    return ioctl(control, SIOCSIFHWADDR, &address);
}

static int open_tap(char *error, size_t error_size)
{
    struct ifreq tap = request(DEVICE_NAME);
    tap.ifr_flags = IFF_TAP | IFF_NO_PI;
    int fd = open(TUN_FILE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == EACCES || errno == EPERM)) {
        snprintf(error, error_size,
                 TUN_FILE " is not for everybody here; as root, run `chmod 666 " TUN_FILE
                          "`, which "
                          "gives nobody more rights, or run wipy join as root");
        return -1;
    }
    if (fd < 0) {
        snprintf(error, error_size,
                 TUN_FILE ": %s; as root, run `modprobe tun`, or give the container that device",
                 strerror(errno));
        return -1;
    }
    if (ioctl(fd, TUNSETIFF, &tap) < 0) {
        snprintf(error, error_size, "cannot make the interface " DEVICE_NAME ": %s",
                 strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

int device_make(struct device *device, const uint8_t mac[6], char *error, size_t error_size)
{
    device->tap = open_tap(error, error_size);
    if (device->tap < 0) {
        return -1;
    }
    device->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (device->control < 0 || device_carrier(device, false) < 0 ||
        set_mac(device->control, mac) < 0 || bring_up(device->control, "lo") < 0 ||
        bring_up(device->control, DEVICE_NAME) < 0) {
        snprintf(error, error_size, "cannot set up the interface " DEVICE_NAME ": %s",
                 strerror(errno));
        return -1; /* the process ends, and its descriptors with it */
    }
    return 0;
}

/* The kernel tells a change of carrier at its leisure, and a loss that is over by then not at all.
 * Asked for the state of the link, it does so at once. */
int device_carrier(const struct device *device, bool on)
{
    int carrier = on;
    struct ethtool_value link = {.cmd = ETHTOOL_GLINK};
    struct ifreq question = request(DEVICE_NAME);
    question.ifr_data = (char *)&link;
    if (ioctl(device->tap, TUNSETCARRIER, &carrier) < 0 ||
        ioctl(device->control, SIOCETHTOOL, &question) < 0) {
        return -errno;
    }
    return 0;
}

static struct sockaddr_in internet(uint32_t address)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = address};
}

static int set_address(int control, unsigned long what, uint32_t address)
{
    struct ifreq setting = request(DEVICE_NAME);
    struct sockaddr_in value = internet(address);
    memcpy(&setting.ifr_addr, &value, sizeof value);
    return ioctl(control, what, &setting);
}

static int add_default_route(int control, uint32_t gateway)
{
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = (char[]){DEVICE_NAME}};
    struct sockaddr_in any = internet(INADDR_ANY), through = internet(gateway);
    memcpy(&route.rt_dst, &any, sizeof any);
    memcpy(&route.rt_genmask, &any, sizeof any);
    memcpy(&route.rt_gateway, &through, sizeof through);
    return ioctl(control, SIOCADDRT, &route);
}

/* A new address takes the routes of the old one with it. */
int device_configure(const struct device *device, const struct device_address *address)
{
    if (set_address(device->control, SIOCSIFADDR, address->address) < 0 ||
        set_address(device->control, SIOCSIFNETMASK, address->netmask) < 0 ||
        (address->gateway != 0 && add_default_route(device->control, address->gateway) < 0 &&
         errno != EEXIST)) {
        return -errno;
    }
    return 0;
}

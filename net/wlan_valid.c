#include "net/wlan_valid.h"

#include <string.h>

#define CHANNEL_MAX 11 /* allowed everywhere; the radio could do more */

static bool is_hex(const char *text)
{
    for (; *text != '\0'; text++) {
        char c = *text;
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F')) {
            return false;
        }
    }
    return true;
}

bool wlan_is_valid_key(uint8_t security, const char *key)
{
    size_t key_size = strnlen(key, HAL_RADIO_KEY_MAX + 1);
    switch (security) {
    case HAL_RADIO_OPEN:
        return key_size == 0;
    case HAL_RADIO_WEP:
        return key_size >= 5 && key_size <= 26 && is_hex(key);
    case HAL_RADIO_WPA:
    case HAL_RADIO_WPA2:
        return key_size >= 8 && key_size <= 63;
    default:
        return false;
    }
}

bool wlan_is_valid_network(const char *ssid, uint8_t security, const char *key)
{
    size_t ssid_size = strnlen(ssid, HAL_RADIO_SSID_MAX + 1);
    return ssid_size >= 1 && ssid_size <= HAL_RADIO_SSID_MAX && wlan_is_valid_key(security, key);
}

bool wlan_is_valid_ap(const struct hal_radio_ap *ap)
{
    return wlan_is_valid_network(ap->ssid, ap->security, ap->key) && ap->channel >= 1 &&
           ap->channel <= CHANNEL_MAX;
}

static uint32_t number(const uint8_t octets[4])
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 |
           octets[3];
}

bool wlan_is_valid_address(const struct wlan_ip *ip)
{
    uint32_t address = number(ip->address);
    uint32_t host_bits = ~number(ip->netmask);
    if ((host_bits & (host_bits + 1)) != 0 || host_bits < 3 || host_bits == UINT32_MAX) {
        return false;
    }
    uint32_t host = address & host_bits;
    return ip->address[0] != 0 && ip->address[0] != 127 && ip->address[0] < 224 && host != 0 &&
           host != host_bits;
}

bool wlan_is_valid_ap_address(const struct wlan_ip *ip)
{
    return !ip->dhcp && wlan_is_valid_address(ip) && number(ip->netmask) == 0xffffff00;
}

bool wlan_is_same_ap(const struct hal_radio_ap *a, const struct hal_radio_ap *b)
{
    return strcmp(a->ssid, b->ssid) == 0 && strcmp(a->key, b->key) == 0 &&
           a->channel == b->channel && a->security == b->security;
}

bool wlan_is_same_address(const struct wlan_ip *a, const struct wlan_ip *b)
{
    return memcmp(a->address, b->address, 4) == 0 && memcmp(a->netmask, b->netmask, 4) == 0 &&
           memcmp(a->gateway, b->gateway, 4) == 0;
}

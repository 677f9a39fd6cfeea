/* What settings of the WLAN make sense, and which are the same; within the ranges of hal/radio.h.
 */
#ifndef NET_WLAN_VALID_H
#define NET_WLAN_VALID_H

#include "net/wlan.h"

bool wlan_is_valid_key(uint8_t security, const char *key);
bool wlan_is_valid_network(const char *ssid, uint8_t security, const char *key);
bool wlan_is_valid_ap(const struct hal_radio_ap *ap);

/* A host's fixed address, in a network that has room for two. */
bool wlan_is_valid_address(const struct wlan_ip *ip);
/* ... in a /24, of which the DHCP server leases the rest. */
bool wlan_is_valid_ap_address(const struct wlan_ip *ip);

bool wlan_is_same_ap(const struct hal_radio_ap *a, const struct hal_radio_ap *b);
/* The DNS server does not count. */
bool wlan_is_same_address(const struct wlan_ip *a, const struct wlan_ip *b);

#endif

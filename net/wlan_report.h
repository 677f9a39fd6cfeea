/* What the WLAN tells others of itself: `status` its mode, network and address, the network its
 * name at each new address. */
#ifndef NET_WLAN_REPORT_H
#define NET_WLAN_REPORT_H

#include <stdbool.h>

/* Everything. `ssid` is the access point's own or that of the network to join; "": none. */
void wlan_report(bool is_ap, const char *ssid);

/* The address, if it is another one than was told last; returns whether it is. */
bool wlan_report_address(void);

#endif

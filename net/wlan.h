/* The WLAN of the WiPy: its access point. */
#ifndef NET_WLAN_H
#define NET_WLAN_H

/* Start the access point with the factory settings: wipy-wlan-XXXX (the last two bytes of the
 * hardware address), WPA2, channel 5; TCP/IP at 192.168.1.1 and its DHCP server. 0, or a negative
 * hal_result of the radio. */
int wlan_init(void);

#endif

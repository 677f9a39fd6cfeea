/* The network of the WiPy: WLAN, TCP/IP and the services on it. What firmware/ needs to bring it
 * up. */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>

#include "system/loop.h"

#define NET_TIMEOUT_US 300000000u /* idle time-out of telnet and FTP sessions, board time: 300 s   \
                                   */

/* Start lwIP, the access point with its factory settings (wipy-wlan-XXXX, 192.168.1.1/24, DHCP),
 * telnet on port 23 and FTP on port 21. `banner` is the telnet greeting's first line without CR LF;
 * it must outlive the network. 0, or a negative hal_result of the radio. */
int net_init(const char *banner);

/* Loop client. */
void net_poll(void);
void net_deadline(struct loop_deadline *deadline);

#endif

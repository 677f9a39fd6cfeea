/* The network of the WiPy: WLAN, TCP/IP and the services on it. What firmware/ needs to bring it
 * up, and Python to turn its services off and on. */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "system/loop.h"

/* Idle time-out of telnet and FTP sessions, seconds of board time: at first, and what it may be. */
#define NET_TIMEOUT_S     300u
#define NET_TIMEOUT_MIN_S 5u
#define NET_TIMEOUT_MAX_S 86400u

/* Start lwIP, the access point with its factory settings (wipy-wlan-XXXX, 192.168.1.1/24, DHCP),
 * telnet on port 23 and FTP on port 21. `banner` is the telnet greeting's first line without CR LF;
 * it must outlive the network. An access point that the radio refuses is tried again. 0, or a
 * negative hal_result: no room for a service. Call login_init() before. */
int net_init(const char *banner);
/* The services can be reached: false while the radio refuses the access point. */
bool net_is_up(void);

/* Loop client. */
void net_poll(void);
void net_deadline(struct loop_deadline *deadline);

/* The services, telnet and FTP. Stopping them ends their sessions; they run again after the next
 * hard reset. Starting: 0, or a negative hal_result, when a program has a port: then none runs. */
int net_servers_start(void);
void net_servers_stop(void);
bool net_servers_running(void);
/* Before the program resets the MCU: telnet's clients are sent what is written and an end (FIN),
 * as far as that goes in 20 ms of link time, which it waits. FTP's are not: half a transfer must
 * not look like a whole one. */
void net_say_goodbye(void);

/* The idle time-out, for the open sessions too; 0, or HAL_ERROR_RANGE. */
int net_servers_set_timeout(uint32_t seconds);
uint32_t net_servers_timeout(void);

#endif

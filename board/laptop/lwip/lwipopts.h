/* lwIP on the host, for the laptop: a station that opens TCP connections to the WiPy. It has the
 * memory of a computer, so every pool is the C library's heap; limits stand where connections are
 * accepted (forward.h). */
#ifndef BOARD_LAPTOP_LWIP_LWIPOPTS_H
#define BOARD_LAPTOP_LWIP_LWIPOPTS_H

#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET          0
#define LWIP_NETCONN         0
#define LWIP_STATS           0

/* No clockwork of lwIP's own: station.c runs the few timers that are needed, when they are needed.
 */
#define LWIP_TIMERS 0

#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT   8

#define LWIP_IPV4           1
#define LWIP_IPV6           0
#define LWIP_ICMP           1
#define LWIP_RAW            0
#define LWIP_UDP            1
#define LWIP_DNS            1 /* `wipy join` wants to know the servers of its lease */
#define LWIP_IGMP           0
#define LWIP_AUTOIP         0
#define LWIP_ACD            0
#define IP_REASSEMBLY       0
#define IP_FRAG             0
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_SINGLE_NETIF   1
#define LWIP_NETIF_LOOPBACK 0

#define LWIP_DHCP                1
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* the WiPy knows its stations; probing would cost seconds */

/* SYNs of many connections may wait for one answer. */
#define ARP_QUEUEING  1
#define ARP_QUEUE_LEN 512
/* The access point's hardware address is known from the association: nobody is believed to have it.
 */
#define ETHARP_SUPPORT_STATIC_ENTRIES 1

#define LWIP_TCP           1
#define TCP_MSS            1460
#define LWIP_WND_SCALE     1
#define TCP_RCV_SCALE      2
#define TCP_WND            (96 * TCP_MSS)
#define TCP_SND_BUF        (96 * TCP_MSS)
#define TCP_SNDLOWAT       (4 * TCP_MSS) /* unused, but lwIP checks it */
#define TCP_SND_QUEUELEN   1024
#define TCP_QUEUE_OOSEQ    1
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1
/* The network is one machine: nothing is under way for minutes, and an answer takes milliseconds
 * unless the WiPy is busy. */
#define TCP_MSL           1000
#define LWIP_TCP_RTO_TIME 1000
#define TCP_SYNMAXRTX     8

#endif

/* The options of lwIP: raw API in one thread, static pools, nothing from malloc. What is not named
 * here has lwIP's default. */
#ifndef NET_STACK_LWIPOPTS_H
#define NET_STACK_LWIPOPTS_H

#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
/* In net/stack/timers.c: an idle stack wakes the MCU about once a minute. */
#define LWIP_TIMERS_CUSTOM 1
#define LWIP_NETCONN       0
#define LWIP_SOCKET        0
#define LWIP_STATS         0
#define LWIP_IPV4          1
#define LWIP_IPV6          0

/* Protocols: what the services and Python's sockets use. */
#define LWIP_ARP                   1
#define LWIP_ICMP                  1
#define LWIP_IGMP                  1
#define LWIP_RAW                   1
#define LWIP_UDP                   1
#define LWIP_TCP                   1
#define LWIP_DNS                   1
#define DNS_MAX_TTL                3600 /* seconds */
#define LWIP_DHCP                  1
/* mDNS: announces the board and its services (net/names.c); programs find others by name.local. */
#define LWIP_MDNS_RESPONDER           1
#define LWIP_MDNS_SEARCH              0
#define MDNS_MAX_SERVICES             2
#define LWIP_NUM_NETIF_CLIENT_DATA    1
#define LWIP_DNS_SUPPORT_MDNS_QUERIES 1
#define LWIP_DHCP_DOES_ACD_CHECK   0
#define LWIP_NETIF_HOSTNAME        1
#define LWIP_NETIF_STATUS_CALLBACK 0
/* 127.0.0.1 and our own address, for programs that talk to themselves; stack_poll() delivers. */
#define LWIP_HAVE_LOOPIF                  1
#define LWIP_NETIF_LOOPBACK               1
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 0
#define LWIP_LOOPBACK_MAX_PBUFS           64
#define SO_REUSE                   1
#define IP_SOF_BROADCAST           1
#define IP_SOF_BROADCAST_RECV      0

/* Memory. Received frames lie in net/stack/frames.c, not in lwIP's own pool, which serves only what
 * lwIP assembles itself. What is sent is copied to the heap, which holds the full send
 * buffers of 60 connections and is touched only as far as it is used. */
#define MEM_ALIGNMENT             8
#define MEM_SIZE                  (2 * 1024 * 1024)
#define PBUF_POOL_SIZE            16
#define LWIP_SUPPORT_CUSTOM_PBUF  1
#define LWIP_NETIF_TX_SINGLE_PBUF 1 /* the radio sends one block of memory */
#define MEMP_NUM_PBUF             64
#define MEMP_NUM_RAW_PCB          4
#define MEMP_NUM_UDP_PCB          24
#define MEMP_NUM_TCP_PCB          256 /* 200 clients at once get a refusal, not silence */
#define MEMP_NUM_TCP_PCB_LISTEN   24
#define MEMP_NUM_TCP_SEG          1024
#define MEMP_NUM_IGMP_GROUP       8
#define ARP_QUEUEING              1
#define MEMP_NUM_ARP_QUEUE        32
#define ARP_TABLE_SIZE            32
#define IP_REASS_MAX_PBUFS        12

/* TCP. The sanity checks are off because they compare the window with PBUF_POOL, which receives
 * nothing here. */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1
#define TCP_MSS                        1460
#define TCP_WND                        (44 * TCP_MSS) /* the most without scaling */
#define TCP_SND_BUF                    (22 * TCP_MSS)
#define TCP_SND_QUEUELEN               64
#define TCP_QUEUE_OOSEQ                1
#define TCP_OOSEQ_MAX_PBUFS            44
#define TCP_LISTEN_BACKLOG             1
#define LWIP_TCP_KEEPALIVE             1
#define TCP_MSL                        5000 /* ms; half of TIME_WAIT */

/* RFC 6528: not to be guessed. */
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) LWIP_RAND()

#endif

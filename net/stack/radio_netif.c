#include "net/stack/radio_netif.h"

#include <string.h>

#include "hal/radio.h"
#include "hal/result.h"
#include "lwip/etharp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/tcp.h"
#include "net/stack/frames.h"
#include "net/stack/stack.h"
#include "net/stack/timers.h"

#define MTU           1500
#define ETHERNET_SIZE 14
#define WIRE_MIN      60 /* of a frame: so far lwIP reads without a look at its size */

static bool busy;
static bool (*holder)(const uint8_t address[4], uint8_t mac[6]);

static err_t send(struct netif *netif, struct pbuf *pbuf)
{
    static uint8_t whole[HAL_RADIO_FRAME_MAX];
    if (pbuf->tot_len > HAL_RADIO_FRAME_MAX)
        return ERR_BUF;
    const void *frame = pbuf->payload;
    if (pbuf->next != NULL) {
        pbuf_copy_partial(pbuf, whole, pbuf->tot_len, 0);
        frame = whole;
    }
    timers_frame();
    if (hal_radio_send(frame, pbuf->tot_len) == HAL_OK)
        return ERR_OK;
    busy = true;
    return ERR_MEM; /* TCP keeps the segment and tries again */
}

err_t radio_netif_init(struct netif *netif)
{
    netif->name[0] = 'w';
    netif->name[1] = 'l';
    netif->mtu = MTU;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    hal_radio_mac(netif->hwaddr);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP;
    netif->output = etharp_output;
    netif->linkoutput = send;
    return ERR_OK;
}

/* The connection that a TCP segment belongs to; NULL: none. */
static const struct tcp_pcb *connection_of(const struct ip_hdr *ip, const struct tcp_hdr *tcp)
{
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        if (pcb->remote_port == lwip_ntohs(tcp->src) && pcb->local_port == lwip_ntohs(tcp->dest) &&
            ip_2_ip4(&pcb->remote_ip)->addr == ip->src.addr)
            return pcb;
    }
    return NULL;
}

/* When frames are short, because a program does not read its sockets, only what cannot be kept for
 * long is taken: everything but data for connections that are not a service's. The peer will send
 * it again. */
static bool wanted(const struct pbuf *pbuf)
{
    if (frames_free() >= FRAMES_RESERVED)
        return true;
    if (pbuf->len < ETHERNET_SIZE + IP_HLEN + TCP_HLEN)
        return true;
    const uint8_t *frame = pbuf->payload;
    const struct ip_hdr *ip = (const struct ip_hdr *)(const void *)(frame + ETHERNET_SIZE);
    if (frame[12] != 0x08 || frame[13] != 0x00 || IPH_V(ip) != 4 || IPH_PROTO(ip) != IP_PROTO_TCP)
        return true;
    size_t ip_size = IPH_HL_BYTES(ip);
    if (pbuf->len < ETHERNET_SIZE + ip_size + TCP_HLEN)
        return true;
    const struct tcp_hdr *tcp =
        (const struct tcp_hdr *)(const void *)(frame + ETHERNET_SIZE + ip_size);
    if (lwip_ntohs(IPH_LEN(ip)) <= ip_size + TCPH_HDRLEN_BYTES(tcp))
        return true; /* no data: an acknowledgement */
    const struct tcp_pcb *pcb = connection_of(ip, tcp);
    return pcb == NULL || stack_is_service(pcb);
}

void radio_netif_set_holder(bool (*new_holder)(const uint8_t address[4], uint8_t mac[6]))
{
    holder = new_holder;
}

/* A frame of ARP by which its sender takes an address that is another's. The frame has WIRE_MIN
 * bytes. */
static bool is_lie(const struct netif *netif, const uint8_t *frame)
{
    enum { TYPE = 12, SENDER_MAC = 22, SENDER_ADDRESS = 28 };
    uint8_t mac[ETH_HWADDR_LEN];
    if (frame[TYPE] != 0x08 || frame[TYPE + 1] != 0x06) {
        return false;
    }
    const uint8_t *address = frame + SENDER_ADDRESS;
    if (memcmp(address, netif_ip4_addr(netif), 4) == 0 && !ip4_addr_isany(netif_ip4_addr(netif))) {
        return memcmp(frame + SENDER_MAC, netif->hwaddr, sizeof mac) != 0;
    }
    return holder != NULL && holder(address, mac) &&
           memcmp(frame + SENDER_MAC, mac, sizeof mac) != 0;
}

/* Receive one frame; false when there was none. */
static bool receive_one(struct netif *netif)
{
    struct pbuf *pbuf = frames_take();
    if (pbuf == NULL) {
        static uint8_t discarded[HAL_RADIO_FRAME_MAX];
        return hal_radio_receive(discarded) > 0;
    }
    size_t size = hal_radio_receive(pbuf->payload);
    if (size > 0) {
        timers_frame();
        if (size < WIRE_MIN) { /* else the frame before would show */
            memset((uint8_t *)pbuf->payload + size, 0, WIRE_MIN - size);
        }
        bool lie = is_lie(netif, pbuf->payload);
        pbuf_realloc(pbuf, (u16_t)size);
        if (!lie && wanted(pbuf) && netif->input(pbuf, netif) == ERR_OK)
            return true;
    }
    pbuf_free(pbuf);
    return size > 0;
}

bool radio_netif_receive(struct netif *netif, size_t limit)
{
    for (size_t i = 0; i < limit; i++) {
        if (!receive_one(netif))
            return false;
    }
    return true;
}

bool radio_netif_busy(void)
{
    return busy;
}

void radio_netif_forget_busy(void)
{
    busy = false;
}

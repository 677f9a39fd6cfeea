#include "board/join/lease.h"

#include <string.h>

#include "board/air/frame.h"
#include "board/child/frame_input.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/prot/dhcp.h"
#include "netif/ethernet.h"

static err_t link_output(struct netif *netif, struct pbuf *packet)
{
    struct lease *lease = netif->state;
    uint8_t frame[FRAME_MAX];
    if (packet->tot_len > sizeof frame) {
        return ERR_VAL;
    }
    pbuf_copy_partial(packet, frame, packet->tot_len, 0);
    lease->send(lease->context, frame, packet->tot_len);
    return ERR_OK;
}

/* lwIP's clock for answers that do not come runs only while one is awaited. */
static void run_clock(struct lease *lease)
{
    const struct dhcp *dhcp = netif_dhcp_data(&lease->netif);
    if (dhcp->request_timeout == 0) {
        ev_timer_stop(lease->loop, &lease->fine);
    } else if (!ev_is_active(&lease->fine)) {
        ev_timer_again(lease->loop, &lease->fine);
    }
}

/* Tell what is new. By then the server's hardware address is asked for, so that lease_release()
 * need not wait for it. */
static void check(struct lease *lease)
{
    run_clock(lease);
    if (!dhcp_supplied_address(&lease->netif)) {
        return;
    }
    struct device_address now = {
        .address = netif_ip4_addr(&lease->netif)->addr,
        .netmask = netif_ip4_netmask(&lease->netif)->addr,
        .gateway = netif_ip4_gw(&lease->netif)->addr,
        .dns = {ip_2_ip4(dns_getserver(0))->addr, ip_2_ip4(dns_getserver(1))->addr},
    };
    if (memcmp(&now, &lease->address, sizeof now) != 0) {
        lease->address = now;
        etharp_request(&lease->netif, ip_2_ip4(&netif_dhcp_data(&lease->netif)->server_ip_addr));
        lease->changed(lease->context, &now);
    }
}

static void fine(struct ev_loop *loop, ev_timer *timer, int events)
{
    dhcp_fine_tmr();
    check(timer->data);
}

static void coarse(struct ev_loop *loop, ev_timer *timer, int events)
{
    dhcp_coarse_tmr();
    check(timer->data);
}

static err_t netif_start(struct netif *netif)
{
    const struct lease *lease = netif->state;
    netif->name[0] = 'w';
    netif->name[1] = 'l';
    netif->hostname = "wipy-join";
    netif->output = etharp_output;
    netif->linkoutput = link_output;
    netif->mtu = 1500;
    netif->hwaddr_len = sizeof lease->mac;
    memcpy(netif->hwaddr, lease->mac, sizeof lease->mac);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    return ERR_OK;
}

void lease_init(struct lease *lease)
{
    ev_init(&lease->fine, fine);
    ev_init(&lease->coarse, coarse);
    lease->fine.repeat = DHCP_FINE_TIMER_MSECS / 1000.;
    lease->coarse.repeat = DHCP_COARSE_TIMER_SECS;
    lease->fine.data = lease->coarse.data = lease;
    lwip_init();
    netif_add(&lease->netif, NULL, NULL, NULL, lease, netif_start, ethernet_input);
    netif_set_default(&lease->netif);
    netif_set_up(&lease->netif);
    dhcp_start(&lease->netif); /* waits for the link */
}

void lease_link(struct lease *lease, bool up)
{
    if (up) {
        netif_set_link_up(&lease->netif);
        ev_timer_again(lease->loop, &lease->coarse);
        run_clock(lease);
    } else {
        netif_set_link_down(&lease->netif);
        etharp_cleanup_netif(&lease->netif);
        ev_timer_stop(lease->loop, &lease->fine);
        ev_timer_stop(lease->loop, &lease->coarse);
    }
}

/* ---- frames */

static unsigned field(const uint8_t *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

/* An unfragmented UDP packet to the DHCP client's port, with the number of our own exchange: what
 * else comes to that port is for a DHCP client inside. */
static bool is_dhcp(const struct lease *lease, const uint8_t *frame, size_t size)
{
    const uint8_t *ip = frame + 14;
    if (size < 14 + 20 + 8 || field(frame + 12) != 0x0800 || ip[0] >> 4 != 4 || ip[9] != 17 ||
        (field(ip + 6) & 0x3fff) != 0) {
        return false;
    }
    size_t header = (ip[0] & 15u) * 4;
    const uint8_t *udp = ip + header, *message = udp + 8;
    return size >= 14 + header + 8 + 8 && field(udp + 2) == 68 &&
           ((uint32_t)field(message + 4) << 16 | field(message + 6)) ==
               netif_dhcp_data(&lease->netif)->xid;
}

static bool is_arp_reply(const uint8_t *frame, size_t size)
{
    return size >= 14 + 28 && field(frame + 12) == 0x0806 && field(frame + 20) == 2;
}

bool lease_frame(struct lease *lease, const uint8_t *frame, size_t size)
{
    bool for_us_only = is_dhcp(lease, frame, size);
    if (!for_us_only && !is_arp_reply(frame, size)) {
        return false;
    }
    frame_input(&lease->netif, frame, size);
    check(lease);
    return for_us_only;
}

bool lease_can_release(struct lease *lease)
{
    struct netif *netif = &lease->netif;
    struct eth_addr *hardware;
    const ip4_addr_t *address;
    return !dhcp_supplied_address(netif) ||
           etharp_find_addr(netif, ip_2_ip4(&netif_dhcp_data(netif)->server_ip_addr), &hardware,
                            &address) >= 0;
}

void lease_release(struct lease *lease)
{
    dhcp_release_and_stop(&lease->netif);
}

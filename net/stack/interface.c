#include "net/stack/interface.h"

#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/dhcp.h"
#include "net/stack/stack.h"

static void get(uint8_t octets[4], const ip4_addr_t *address)
{
    memcpy(octets, &address->addr, 4); /* lwIP keeps it in network order */
}

static void put(ip4_addr_t *address, const uint8_t octets[4])
{
    memcpy(&address->addr, octets, 4);
}

void interface_set_link(bool up)
{
    if (up) {
        netif_set_link_up(stack_netif());
    } else {
        netif_set_link_down(stack_netif());
        etharp_cleanup_netif(stack_netif()); /* the next link may lead to others */
    }
}

void interface_set_address(const struct interface_address *address)
{
    ip4_addr_t ip, netmask, gateway;
    put(&ip, address->address);
    put(&netmask, address->netmask);
    put(&gateway, address->gateway);
    dhcp_release_and_stop(stack_netif());
    netif_set_addr(stack_netif(), &ip, &netmask, &gateway);
}

void interface_address(struct interface_address *address)
{
    get(address->address, netif_ip4_addr(stack_netif()));
    get(address->netmask, netif_ip4_netmask(stack_netif()));
    get(address->gateway, netif_ip4_gw(stack_netif()));
}

static bool dhcp_is_off(void)
{
    const struct dhcp *dhcp = netif_dhcp_data(stack_netif());
    return dhcp == NULL || dhcp->state == DHCP_STATE_OFF;
}

void interface_use_dhcp(void)
{
    /* Its memory is our own: a program that fills lwIP's heap does not cost the board its address.
     */
    static struct dhcp client;
    if (!dhcp_is_off()) {
        return;
    }
    if (netif_dhcp_data(stack_netif()) == NULL) {
        dhcp_set_struct(stack_netif(), &client);
    }
    if (!ip4_addr_isany(netif_ip4_addr(stack_netif()))) {
        netif_set_addr(stack_netif(), NULL, NULL, NULL);
    }
    dhcp_start(stack_netif());
}

void interface_stop_dhcp(void)
{
    interface_set_address(&(struct interface_address){0});
}

void interface_find_dhcp_server(void)
{
    if (!dhcp_is_off()) {
        etharp_request(stack_netif(), ip_2_ip4(&netif_dhcp_data(stack_netif())->server_ip_addr));
    }
}

bool interface_is_configured(void)
{
    return !ip4_addr_isany(netif_ip4_addr(stack_netif())) &&
           (dhcp_is_off() || dhcp_supplied_address(stack_netif()));
}

void interface_set_dns(const uint8_t address[4])
{
    ip_addr_t server;
    IP_ADDR4(&server, address[0], address[1], address[2], address[3]);
    dns_setserver(0, &server);
}

void interface_dns(uint8_t address[4])
{
    get(address, ip_2_ip4(dns_getserver(0)));
}

void interface_drop_connections(void)
{
    while (tcp_active_pcbs != NULL) {
        tcp_abort(tcp_active_pcbs);
    }
}

static bool is_neighbour(const ip_addr_t *address, const uint8_t mac[6])
{
    struct eth_addr *found;
    const ip4_addr_t *unused;
    return etharp_find_addr(stack_netif(), ip_2_ip4(address), &found, &unused) >= 0 &&
           memcmp(found->addr, mac, ETH_HWADDR_LEN) == 0;
}

void interface_drop_neighbour(const uint8_t mac[6])
{
    struct tcp_pcb *next;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = next) {
        next = pcb->next;
        if (stack_is_service(pcb) && is_neighbour(&pcb->remote_ip, mac)) {
            tcp_abort(pcb);
        }
    }
}

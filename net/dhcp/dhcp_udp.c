#include "net/dhcp/dhcp_udp.h"

#include <string.h>

#include "hal/clock.h"
#include "hal/radio.h"
#include "hal/result.h"
#include "lwip/udp.h"
#include "net/dhcp/dhcp_server.h"
#include "net/stack/radio_netif.h"
#include "net/stack/stack.h"

#define REQUEST_MAX 1472u /* of one frame */

static struct dhcp_server server;
static bool serving;

static uint32_t now_s(void)
{
    return (uint32_t)(hal_clock_link_us() / 1000000);
}

static void answer(struct udp_pcb *pcb, const uint8_t *reply, size_t size, const uint8_t to[4])
{
    struct pbuf *pbuf = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);
    if (pbuf == NULL)
        return; /* the client asks again */
    pbuf_take(pbuf, reply, (u16_t)size);
    ip_addr_t destination;
    IP_ADDR4(&destination, to[0], to[1], to[2], to[3]);
    udp_sendto_if(pcb, pbuf, &destination, DHCP_CLIENT_PORT, stack_netif());
    pbuf_free(pbuf);
}

static void on_receive(void *context, struct udp_pcb *pcb, struct pbuf *pbuf, const ip_addr_t *from,
                       u16_t port)
{
    static uint8_t request[REQUEST_MAX];
    static uint8_t reply[DHCP_REPLY_MAX];
    size_t size = pbuf_copy_partial(pbuf, request, sizeof request, 0);
    pbuf_free(pbuf);
    if (!serving) {
        return;
    }
    uint8_t destination[4];
    size_t reply_size = dhcp_server_handle(&server, now_s(), request, size, reply, destination);
    if (reply_size > 0)
        answer(pcb, reply, reply_size, destination);
}

/* A lease of who is not there binds nobody: its address may have been set by hand elsewhere. */
static bool holder(const uint8_t address[4], uint8_t mac[6])
{
    uint8_t present[HAL_RADIO_STATIONS][6];
    if (!serving || !dhcp_server_holder(&server, now_s(), address, mac)) {
        return false;
    }
    int count = hal_radio_ap_stations(present, HAL_RADIO_STATIONS);
    for (int i = 0; i < count; i++) {
        if (memcmp(present[i], mac, sizeof present[i]) == 0) {
            return true;
        }
    }
    return false;
}

int dhcp_udp_init(void)
{
    struct udp_pcb *pcb = udp_new();
    if (pcb == NULL || udp_bind(pcb, IP_ANY_TYPE, DHCP_SERVER_PORT) != ERR_OK)
        return HAL_ERROR_FAILED;
    ip_set_option(pcb, SOF_BROADCAST);
    udp_recv(pcb, on_receive, NULL);
    radio_netif_set_holder(holder);
    return 0;
}

void dhcp_udp_start(const uint8_t address[4], const uint8_t netmask[4])
{
    dhcp_server_init(&server, address, netmask);
    serving = true;
}

void dhcp_udp_stop(void)
{
    serving = false;
}

bool dhcp_udp_lease(const uint8_t mac[6], uint8_t address[4])
{
    return serving && dhcp_server_lease(&server, now_s(), mac, address);
}

#include "board/laptop/relay.h"

#include <string.h>

/* What a filter makes of one frame at the most. */
static uint8_t filtered[FORWARD_FILTER_ROOM(1514)];

void relay_touch(struct forward_relay *relay)
{
    if (relay->touched)
        return;
    relay->touched = true;
    relay->next_touched = relay->forward->touched;
    relay->forward->touched = relay;
}

void relay_drop_first(struct forward_relay *relay)
{
    struct pbuf *packet = relay->first;
    relay->first = packet->next;
    packet->next = NULL;
    packet->tot_len = packet->len;
    pbuf_free(packet);
}

static void append(struct forward_relay *relay, struct pbuf *packet)
{
    if (relay->first == NULL)
        relay->first = packet;
    else
        relay->last->next = packet;
    while (packet->next != NULL)
        packet = packet->next;
    relay->last = packet;
}

/* Append what the filter makes of `size` bytes. */
static void append_filtered(struct forward_relay *relay, const void *data, uint16_t size, bool end)
{
    size_t left = relay->filter.to_host(relay->filter.context, data, size, end, filtered);
    if (left == 0)
        return;
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)left, PBUF_RAM);
    if (packet == NULL) {
        relay->state = RELAY_RESET; /* no memory: better no connection than one with a gap */
        return;
    }
    memcpy(packet->payload, filtered, left);
    append(relay, packet);
}

static err_t wipy_received(void *arg, struct tcp_pcb *pcb, struct pbuf *packet, err_t error)
{
    struct forward_relay *relay = arg;
    if (packet == NULL)
        relay->wipy_ended = true;
    else
        relay->owed += packet->tot_len;
    if (relay->filter.to_host == NULL) {
        if (packet != NULL)
            append(relay, packet);
    } else if (packet == NULL) {
        append_filtered(relay, NULL, 0, true);
    } else {
        for (const struct pbuf *part = packet; part != NULL; part = part->next)
            append_filtered(relay, part->payload, part->len, false);
        pbuf_free(packet);
    }
    relay_touch(relay);
    return ERR_OK;
}

static err_t wipy_acknowledged(void *arg, struct tcp_pcb *pcb, u16_t size)
{
    relay_touch(arg);
    return ERR_OK;
}

static err_t wipy_connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
    struct forward_relay *relay = arg;
    relay->state = RELAY_OPEN;
    relay_touch(relay);
    return ERR_OK;
}

/* lwIP has freed the connection: refused, reset, timed out, or the network is down. */
static void wipy_failed(void *arg, err_t error)
{
    struct forward_relay *relay = arg;
    relay->pcb = NULL;
    if (relay->state == RELAY_CONNECTING_WIPY && !relay->forward->station->online)
        relay->state = RELAY_WAITING;
    else
        relay->state = RELAY_RESET;
    relay_touch(relay);
}

void relay_take_pcb(struct forward_relay *relay, struct tcp_pcb *pcb)
{
    relay->pcb = pcb;
    tcp_arg(pcb, relay);
    tcp_recv(pcb, wipy_received);
    tcp_sent(pcb, wipy_acknowledged);
    tcp_err(pcb, wipy_failed);
    tcp_nagle_disable(pcb);
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = RELAY_KEEP_IDLE_S * 1000;
    pcb->keep_intvl = RELAY_KEEP_PERIOD_S * 1000;
    pcb->keep_cnt = RELAY_KEEP_PROBES;
}

void relay_release_pcb(struct forward_relay *relay)
{
    tcp_arg(relay->pcb, NULL);
    tcp_recv(relay->pcb, NULL);
    tcp_sent(relay->pcb, NULL);
    tcp_err(relay->pcb, NULL);
    relay->pcb = NULL;
}

void relay_connect_wipy(struct forward_relay *relay)
{
    struct tcp_pcb *pcb = tcp_new();
    if (pcb == NULL) {
        relay->state = RELAY_RESET;
        relay_touch(relay);
        return;
    }
    ev_timer_stop(relay->forward->loop, &relay->patience);
    relay_take_pcb(relay, pcb);
    relay->state = RELAY_CONNECTING_WIPY;
    if (tcp_connect(pcb, station_wipy(relay->forward->station), relay->wipy_port, wipy_connected) !=
        ERR_OK) {
        relay_release_pcb(relay);
        tcp_abort(pcb);
        relay->state = RELAY_RESET;
        relay_touch(relay);
    }
}

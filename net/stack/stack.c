#include "net/stack/stack.h"

#include "hal/clock.h"
#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"
#include "net/stack/radio_netif.h"
#include "net/stack/timers.h"
#include "netif/ethernet.h"

#define LINGER_POLLS  4    /* of 500 ms each: lwIP's coarse timer */
#define BUSY_RETRY_US 1000 /* how soon to try again when the radio's queue was full */

static struct netif radio;
static bool more_frames;

void stack_init(void)
{
    lwip_init();
    netif_add(&radio, NULL, NULL, NULL, NULL, radio_netif_init, ethernet_input);
    netif_set_default(&radio);
    netif_set_up(&radio);
}

struct netif *stack_netif(void)
{
    return &radio;
}

void stack_poll(void)
{
    timers_poll();
    more_frames = radio_netif_receive(&radio, STACK_FRAMES_PER_POLL);
    netif_poll_all();
    PBUF_CHECK_FREE_OOSEQ();
    if (radio_netif_busy()) {
        radio_netif_forget_busy();
        for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next)
            tcp_output(pcb);
    }
}

/* Whether packets to ourselves wait to be delivered. */
static bool looped_back(void)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        if (netif->loop_first != NULL)
            return true;
    }
    return false;
}

void stack_deadline(struct loop_deadline *deadline)
{
    uint64_t now = hal_clock_link_us();
    uint64_t due = HAL_CLOCK_NEVER;
    uint32_t timer_ms = timers_due_ms();
    if (timer_ms != UINT32_MAX)
        due = now + (uint64_t)timer_ms * 1000;
    if (radio_netif_busy())
        due = now + BUSY_RETRY_US;
    if (more_frames || looped_back())
        due = now;
    if (due < deadline->link_us)
        deadline->link_us = due;
}

struct tcp_pcb *stack_listen(uint16_t port, uint8_t backlog)
{
    struct tcp_pcb *pcb = tcp_new();
    if (pcb == NULL)
        return NULL;
    ip_set_option(pcb, SOF_REUSEADDR); /* the last connections of a service that starts again */
    if (tcp_bind(pcb, IP_ANY_TYPE, port) == ERR_OK) {
        tcp_setprio(pcb, TCP_PRIO_MAX);
        struct tcp_pcb *listener = tcp_listen_with_backlog(pcb, backlog);
        if (listener != NULL)
            return listener;
    }
    tcp_close(pcb);
    return NULL;
}

bool stack_is_service(const struct tcp_pcb *pcb)
{
    return pcb->prio == TCP_PRIO_MAX;
}

static err_t linger_receive(void *context, struct tcp_pcb *pcb, struct pbuf *pbuf, err_t error)
{
    if (pbuf == NULL) {
        tcp_close(pcb);
        return ERR_OK;
    }
    tcp_recved(pcb, pbuf->tot_len);
    pbuf_free(pbuf);
    return ERR_OK;
}

static err_t linger_end(void *context, struct tcp_pcb *pcb)
{
    tcp_abort(pcb);
    return ERR_ABRT;
}

void stack_linger(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_recv(pcb, linger_receive);
    tcp_poll(pcb, linger_end, LINGER_POLLS);
    tcp_setprio(pcb, TCP_PRIO_MIN);
    if (tcp_shutdown(pcb, 0, 1) == ERR_OK)
        tcp_output(pcb);
}

#include "net/stack/timers.h"

#include <stdbool.h>

#include "hal/clock.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/dhcp.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

/* How long after the last frame the timers keep their own pace: longer than ARP's and the
 * reassembly's longest retry. */
#define QUIET_AFTER_MS 20000u
/* Then their ticks are made up for in bundles, so that an idle MCU sleeps. */
#define BUNDLE_MS 60000u

static bool always(void);
static bool tcp_needed(void);
static bool dhcp_fine_needed(void);
static bool dhcp_coarse_needed(void);
static bool igmp_needed(void);

struct timer {
    uint32_t interval_ms;
    void (*handler)(void);
    bool (*needed)(void); /* false: it need not run, and its missed ticks are forgotten */
    bool bundled;         /* may be late while the network is quiet: it only ages tables; the ticks it
                             missed come together */
};

static const struct timer timers[] = {
    {TCP_TMR_INTERVAL, tcp_tmr, tcp_needed, false},
    {IGMP_TMR_INTERVAL, igmp_tmr, igmp_needed, false},
    {DHCP_FINE_TIMER_MSECS, dhcp_fine_tmr, dhcp_fine_needed, false},
    {DHCP_COARSE_TIMER_MSECS, dhcp_coarse_tmr, dhcp_coarse_needed, false},
    {ARP_TMR_INTERVAL, etharp_tmr, always, true},
    {IP_TMR_INTERVAL, ip_reass_tmr, always, true},
    {DNS_TMR_INTERVAL, dns_tmr, always, true},
};
#define TIMERS (sizeof timers / sizeof timers[0])

static uint32_t last_tick_ms[TIMERS];
static uint32_t last_frame_ms;

/* What lwIP's mDNS responder asks for once each: five per interface, one per probe, one per stored
 * packet. */
#define TIMEOUTS 16

static struct timeout {
    sys_timeout_handler handler; /* NULL: the place is free */
    void *context;
    uint32_t start_ms;
    uint32_t wait_ms;
} timeouts[TIMEOUTS];

uint32_t sys_now(void)
{
    return (uint32_t)(hal_clock_link_us() / 1000);
}

/* lwIP starts its timers through these two. */
void sys_timeouts_init(void)
{
    for (size_t i = 0; i < TIMERS; i++)
        last_tick_ms[i] = sys_now();
    last_frame_ms = sys_now();
}

void sys_timeout(u32_t wait_ms, sys_timeout_handler handler, void *context)
{
    for (size_t i = 0; i < TIMEOUTS; i++) {
        if (timeouts[i].handler == NULL) {
            timeouts[i] = (struct timeout){handler, context, sys_now(), wait_ms};
            return;
        }
    }
    LWIP_ASSERT("too few timeouts", false);
}

void sys_untimeout(sys_timeout_handler handler, void *context)
{
    for (size_t i = 0; i < TIMEOUTS; i++) {
        if (timeouts[i].handler == handler && timeouts[i].context == context) {
            timeouts[i].handler = NULL;
            return;
        }
    }
}

/* How long it has to wait still. */
static uint32_t left_ms(const struct timeout *timeout, uint32_t now)
{
    uint32_t passed = now - timeout->start_ms;
    return passed < timeout->wait_ms ? timeout->wait_ms - passed : 0;
}

static void poll_timeouts(void)
{
    for (size_t i = 0; i < TIMEOUTS; i++) {
        sys_timeout_handler handler = timeouts[i].handler;
        /* The clock is looked at each time: a handler may have started this one a moment ago. */
        if (handler != NULL && left_ms(&timeouts[i], sys_now()) == 0) {
            timeouts[i].handler = NULL; /* first: it may start another one */
            handler(timeouts[i].context);
        }
    }
}

void tcp_timer_needed(void)
{
    /* timers_poll() looks for itself. */
}

static bool always(void)
{
    return true;
}

static bool tcp_needed(void)
{
    return tcp_active_pcbs != NULL || tcp_tw_pcbs != NULL;
}

static bool dhcp_fine_needed(void)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        const struct dhcp *dhcp = netif_dhcp_data(netif);
        if (dhcp != NULL && dhcp->request_timeout > 0)
            return true;
    }
    return false;
}

static bool dhcp_coarse_needed(void)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        const struct dhcp *dhcp = netif_dhcp_data(netif);
        if (dhcp != NULL && dhcp->state != DHCP_STATE_OFF)
            return true;
    }
    return false;
}

static bool igmp_needed(void)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        for (const struct igmp_group *group = netif_igmp_data(netif); group != NULL;
             group = group->next) {
            if (group->timer > 0)
                return true;
        }
    }
    return false;
}

void timers_frame(void)
{
    last_frame_ms = sys_now();
}

void timers_poll(void)
{
    uint32_t now = sys_now();
    for (size_t i = 0; i < TIMERS; i++) {
        const struct timer *timer = &timers[i];
        if (!timer->needed()) {
            last_tick_ms[i] = now;
            continue;
        }
        /* When the MCU was held up, the ticks before are forgotten: nobody could have answered, so no
         * retransmission or keepalive may count as unanswered. */
        uint32_t late_ms = timer->bundled ? 2 * BUNDLE_MS + timer->interval_ms : 2 * timer->interval_ms;
        if (now - last_tick_ms[i] > late_ms)
            last_tick_ms[i] = now - (timer->bundled ? BUNDLE_MS : timer->interval_ms);
        while (now - last_tick_ms[i] >= timer->interval_ms) {
            last_tick_ms[i] += timer->interval_ms;
            timer->handler();
        }
    }
    poll_timeouts();
}

uint32_t timers_due_ms(void)
{
    uint32_t now = sys_now();
    uint32_t soonest = UINT32_MAX;
    bool quiet = now - last_frame_ms >= QUIET_AFTER_MS;
    for (size_t i = 0; i < TIMERS; i++) {
        if (!timers[i].needed())
            continue;
        uint32_t interval = quiet && timers[i].bundled ? BUNDLE_MS : timers[i].interval_ms;
        uint32_t passed = now - last_tick_ms[i];
        uint32_t left = passed < interval ? interval - passed : 0;
        if (left < soonest)
            soonest = left;
    }
    for (size_t i = 0; i < TIMEOUTS; i++) {
        if (timeouts[i].handler != NULL && left_ms(&timeouts[i], now) < soonest)
            soonest = left_ms(&timeouts[i], now);
    }
    return soonest;
}

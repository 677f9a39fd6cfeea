#include "board/laptop/station.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/air/frame.h"
#include "board/child/frame_input.h"
#include "board/laptop/board_packet.h"
#include "board/laptop/laptop.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/dhcp.h"
#include "netif/ethernet.h"

#define BATCH           64        /* frames per system call */
#define AIR_BUFFER      (1 << 20) /* as much of it as the system grants */
#define LEASE_RETRY     0.05
#define LEASE_RETRY_MAX 2.0
#define ARP_TICKS       (ARP_TMR_INTERVAL / TCP_TMR_INTERVAL)

/* Frames on their way out (kept until the air takes them, so that none is lost) and just come in.
 */
struct batch {
    unsigned first, count;
    uint16_t size[BATCH];
    uint8_t frame[BATCH][FRAME_MAX];
};

static struct batch outgoing, incoming;

/* lwIP asks for its TCP clock by a call without context. */
static struct ev_loop *clock_loop;
static ev_timer tcp_clock;
static unsigned arp_ticks;

/* ---- timers: they run only while there is something that can time out */

void tcp_timer_needed(void)
{
    if (!ev_is_active(&tcp_clock)) {
        ev_now_update(clock_loop);
        ev_timer_again(clock_loop, &tcp_clock);
    }
}

static void tcp_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    tcp_tmr();
    if (++arp_ticks >= ARP_TICKS) {
        arp_ticks = 0;
        etharp_tmr();
    }
    if (tcp_active_pcbs == NULL && tcp_tw_pcbs == NULL)
        ev_timer_stop(loop, timer);
}

/* ---- sending */

static void send_batch(struct station *station)
{
    struct mmsghdr messages[BATCH] = {0};
    struct iovec vectors[BATCH];
    unsigned left = outgoing.count - outgoing.first;
    for (unsigned i = 0; i < left; i++) {
        unsigned slot = outgoing.first + i;
        vectors[i] = (struct iovec){outgoing.frame[slot], outgoing.size[slot]};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int sent = sendmmsg(station->air_fd, messages, left, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
        sent = (int)left; /* it has ended, which the reading side will see */
    if (sent > 0)
        outgoing.first += (unsigned)sent;
    if (outgoing.first == outgoing.count) {
        outgoing.first = outgoing.count = 0;
        ev_io_stop(station->config.loop, &station->writable);
    } else {
        ev_io_start(station->config.loop, &station->writable);
    }
}

static err_t link_output(struct netif *netif, struct pbuf *packet)
{
    struct station *station = netif->state;
    if (packet->tot_len > FRAME_MAX)
        return ERR_VAL;
    if (outgoing.count == BATCH)
        send_batch(station);
    if (outgoing.count == BATCH)
        return ERR_MEM; /* TCP keeps the segment; air_writable() tries again */
    pbuf_copy_partial(packet, outgoing.frame[outgoing.count], packet->tot_len, 0);
    outgoing.size[outgoing.count++] = packet->tot_len;
    return ERR_OK;
}

static void air_writable(struct ev_loop *loop, ev_io *io, int events)
{
    struct station *station = io->data;
    send_batch(station);
    for (struct tcp_pcb *pcb = tcp_active_pcbs; outgoing.count < BATCH && pcb != NULL;
         pcb = pcb->next)
        tcp_output(pcb);
}

static void before_sleep(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct station *station = prepare->data;
    if (outgoing.count > 0 && !ev_is_active(&station->writable))
        send_batch(station);
}

/* ---- link and lease */

/* Tell the owners of all connections that these have ended. The connections stay, without anybody,
 * until the WiPy can be told, too: it may have noticed nothing, and serves only so many at a time.
 * Those in TIME_WAIT go by themselves: lwIP would free them without a word to their owner. */
static void abandon_connections(void)
{
    struct tcp_pcb *next;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = next) {
        tcp_err_fn failed = pcb->errf;
        void *owner = pcb->callback_arg;
        next = pcb->next;
        if (pcb->state == SYN_SENT) {
            tcp_abort(pcb);
        } else if (failed != NULL) {
            tcp_arg(pcb, NULL);
            tcp_recv(pcb, NULL);
            tcp_sent(pcb, NULL);
            tcp_err(pcb, NULL);
            failed(owner, ERR_ABRT);
        }
    }
}

/* Those that were abandoned: with a reset to the WiPy. */
static void abort_connections(void)
{
    while (tcp_active_pcbs != NULL)
        tcp_abort(tcp_active_pcbs);
}

/* While there is no room for them, the news wait: of several, the last one says it all. */
static void send_news(struct station *station)
{
    ssize_t sent = write(station->config.board_fd, &station->news, sizeof station->news);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        ev_io_start(station->config.loop, &station->board_has_room);
    else
        ev_io_stop(station->config.loop, &station->board_has_room);
}

static void board_has_room(struct ev_loop *loop, ev_io *io, int events)
{
    send_news(io->data);
}

static void tell_board(struct station *station, enum laptop_word word,
                       enum handshake_refusal refusal)
{
    station->news = (struct laptop_news){station->invitation, (uint8_t)word, (uint8_t)refusal};
    send_news(station);
}

static void go_offline(struct station *station)
{
    if (!station->online)
        return;
    station->online = false;
    abandon_connections();
    tell_board(station, LAPTOP_REACHES_NO_MORE, HANDSHAKE_OK);
    station->config.changed(station->config.context, false);
}

/* Where the WiPy is, as far as it can be reached with the lease. The address that it says to have
 * counts only if it is a neighbour's: nobody else's is its business. */
static bool find_wipy(const struct station *station, ip4_addr_t *address)
{
    const struct netif *netif = &station->netif;
    if (station->wipy.is_gateway) {
        *address = *netif_ip4_gw(netif);
        return true;
    }
    memcpy(address, station->wipy.address, sizeof *address);
    return ip4_addr_net_eq(address, netif_ip4_addr(netif), netif_ip4_netmask(netif)) &&
           !ip4_addr_eq(address, netif_ip4_addr(netif)) &&
           !ip4_addr_eq(address, netif_ip4_gw(netif));
}

static void check_wipy(struct station *station)
{
    ip4_addr_t address;
    if (!station->has_lease || !find_wipy(station, &address)) {
        go_offline(station);
        return;
    }
    if (station->online && !ip4_addr_eq(&address, &station->wipy_address))
        go_offline(station);
    if (!station->online) {
        station->online = true;
        station->wipy_address = address;
        abort_connections();
        tell_board(station, LAPTOP_REACHES, HANDSHAKE_OK);
        station->config.changed(station->config.context, true);
    }
}

/* The WiPy as access point is where the association is: ARP, which believes everybody, is not
 * asked. The entry goes with the link. */
static void pin_wipy(struct station *station)
{
    struct eth_addr hardware;
    memcpy(&hardware, station->bssid, sizeof hardware);
    if (station->wipy.is_gateway) {
        etharp_add_static_entry(netif_ip4_gw(&station->netif), &hardware);
    }
}

static void check_lease(struct station *station)
{
    bool has_lease = netif_is_link_up(&station->netif) && dhcp_supplied_address(&station->netif);
    if (has_lease && !station->has_lease) {
        pin_wipy(station);
        ev_timer_stop(station->config.loop, &station->lease_retry);
        ev_timer_again(station->config.loop, &station->lease_clock);
    } else if (!has_lease) {
        ev_timer_stop(station->config.loop, &station->lease_clock);
    }
    station->has_lease = has_lease;
    check_wipy(station);
}

static void retry_later(struct station *station)
{
    ev_timer_stop(station->config.loop, &station->lease_retry);
    ev_timer_set(&station->lease_retry, station->retry_after, 0.);
    ev_timer_start(station->config.loop, &station->lease_retry);
    station->retry_after *= 2;
    if (station->retry_after > LEASE_RETRY_MAX)
        station->retry_after = LEASE_RETRY_MAX;
}

/* No answer: ask again from the start. lwIP's own retries are made for real air and come after a
 * second. */
static void lease_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct station *station = timer->data;
    netif_set_addr(&station->netif, NULL, NULL, NULL);
    dhcp_start(&station->netif);
    retry_later(station);
}

/* Renewal, on lwIP's coarse clock. */
static void lease_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct station *station = timer->data;
    dhcp_coarse_tmr();
    check_lease(station);
    if (!station->has_lease && netif_is_link_up(&station->netif))
        retry_later(station);
}

static void link_down(struct station *station)
{
    netif_set_link_down(&station->netif);
    outgoing.first = outgoing.count = 0;
    ev_io_stop(station->config.loop, &station->writable);
    ev_timer_stop(station->config.loop, &station->lease_retry);
    etharp_cleanup_netif(&station->netif);
    check_lease(station);
}

static void leave_air(struct station *station)
{
    if (station->air_fd < 0)
        return;
    link_down(station);
    air_attempt_stop(&station->attempt);
    ev_io_stop(station->config.loop, &station->readable);
    close(station->air_fd);
    station->air_fd = -1;
}

/* No longer, or not at all in the air: the board searches for the next access point. */
static void lose_air(struct station *station)
{
    leave_air(station);
    tell_board(station, LAPTOP_ENDED, HANDSHAKE_OK);
}

static void attempt_over(void *context, enum handshake_refusal refusal)
{
    struct station *station = context;
    if (refusal != HANDSHAKE_OK) {
        leave_air(station);
        tell_board(station, LAPTOP_REFUSED, refusal);
        return;
    }
    ev_io_set(&station->readable, station->air_fd, EV_READ);
    ev_io_set(&station->writable, station->air_fd, EV_WRITE);
    ev_io_start(station->config.loop, &station->readable);
    /* Asks for the old address when there is one (INIT-REBOOT), else for any. */
    netif_set_link_up(&station->netif);
    station->retry_after = LEASE_RETRY;
    retry_later(station);
}

/* In another network the old lease means nothing. */
static void forget_lease(struct station *station)
{
    dhcp_release_and_stop(&station->netif);
    outgoing.first = outgoing.count = 0; /* what it says about that would go to the wrong one */
    dhcp_start(&station->netif);         /* waits for the link */
}

static void accept_invitation(struct station *station, const struct laptop_invitation *invitation,
                              int fd)
{
    int size = AIR_BUFFER;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    leave_air(station);
    if (station->wipy.is_gateway != invitation->wipy.is_gateway)
        forget_lease(station);
    station->air_fd = fd;
    station->invitation = invitation->number;
    station->wipy = invitation->wipy;
    memcpy(station->bssid, invitation->network.bssid, sizeof station->bssid);
    air_attempt_start(&station->attempt, fd, &invitation->network, invitation->pmk,
                      station->config.mac);
}

static void told(struct ev_loop *loop, ev_io *io, int events)
{
    struct station *station = io->data;
    union board_packet packet;
    int fd;
    ssize_t size = board_packet_receive(io->fd, &packet, &fd);
    if (size < 0)
        ev_break(loop, EVBREAK_ALL);
    else if (size == sizeof packet.invitation && fd >= 0)
        accept_invitation(station, &packet.invitation, fd);
    else if (size == sizeof packet.wipy) {
        station->wipy = packet.wipy;
        check_wipy(station);
    } else if (size == sizeof packet.prospect) {
        station->is_lost = packet.prospect.is_lost;
        station->config.changed(station->config.context, station->online);
    }
}

/* ---- receiving */

static void air_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct station *station = io->data;
    struct mmsghdr messages[BATCH] = {0};
    struct iovec vectors[BATCH];
    for (unsigned i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){incoming.frame[i], FRAME_MAX};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int count = recvmmsg(station->air_fd, messages, BATCH, MSG_DONTWAIT, NULL);
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR)
            lose_air(station);
        return;
    }
    for (int i = 0; i < count; i++) {
        size_t size = messages[i].msg_len;
        if (size == 0) { /* end of file */
            lose_air(station);
            return;
        }
        if (size >= FRAME_MIN)
            frame_input(&station->netif, incoming.frame[i], size);
    }
    check_lease(station);
}

/* ---- start */

static err_t netif_start(struct netif *netif)
{
    struct station *station = netif->state;
    netif->name[0] = 'w';
    netif->name[1] = 'l';
    netif->hostname = "laptop";
    netif->output = etharp_output;
    netif->linkoutput = link_output;
    netif->mtu = 1500;
    netif->hwaddr_len = sizeof station->config.mac;
    memcpy(netif->hwaddr, station->config.mac, sizeof station->config.mac);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    return ERR_OK;
}

void station_init(struct station *station, const struct station_config *config)
{
    *station = (struct station){.config = *config};
    clock_loop = config->loop;
    ev_init(&tcp_clock, tcp_tick);
    tcp_clock.repeat = TCP_TMR_INTERVAL / 1000.;
    ev_init(&station->lease_retry, lease_retry);
    ev_init(&station->lease_clock, lease_tick);
    station->lease_clock.repeat = DHCP_COARSE_TIMER_SECS;
    station->lease_retry.data = station->lease_clock.data = station;

    lwip_init();
    netif_add(&station->netif, NULL, NULL, NULL, station, netif_start, ethernet_input);
    netif_set_default(&station->netif);
    netif_set_up(&station->netif);
    dhcp_start(&station->netif); /* waits for the link */

    station->air_fd = -1;
    air_attempt_init(&station->attempt, config->loop, attempt_over, station);
    station->wipy.is_gateway = true;
    ev_io_init(&station->told, told, config->board_fd, EV_READ);
    ev_io_init(&station->board_has_room, board_has_room, config->board_fd, EV_WRITE);
    ev_io_init(&station->readable, air_readable, -1, EV_READ);
    ev_io_init(&station->writable, air_writable, -1, EV_WRITE);
    ev_prepare_init(&station->before_sleep, before_sleep);
    station->told.data = station->readable.data = station->writable.data = station;
    station->before_sleep.data = station->board_has_room.data = station;
    ev_set_priority(&station->told, 1); /* what the board says now is so for who comes now */
    ev_set_priority(&station->before_sleep,
                    EV_MINPRI); /* after the other preparations, which may send */
    ev_io_start(config->loop, &station->told);
    ev_prepare_start(config->loop, &station->before_sleep);
}

const ip_addr_t *station_wipy(const struct station *station)
{
    return &station->wipy_address;
}

const ip4_addr_t *station_address(const struct station *station)
{
    return netif_ip4_addr(&station->netif);
}

#include "board/router/nat.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "board/router/packet.h"
#include "board/router/sandbox.h"
#include "board/router/slirp.h"
#include "net/dhcp/dhcp_server.h"

#define DESCRIPTORS 1024 /* that are waited for: NAT_FILES, libslirp's connections among them */
#define BATCH       64   /* frames that are taken in before the connections have their turn */

struct nat {
    struct nat_config config;
    struct slirp_library library;
    Slirp *slirp;
    struct dhcp_server dhcp;
    /* A bit for each port of each station (the last byte of its address): whether its last question
     * to the DNS server of the host was one for the router, and is to be answered as by it. */
    uint8_t asks_router[256][65536 / 8];
    struct pollfd polled[DESCRIPTORS]; /* the first is that of the stations */
    int polled_count;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- frames */

/* What there is no room for is lost, as in any air. */
static void send_frame(const struct nat *nat, const uint8_t *frame, size_t size)
{
    (void)!send(nat->config.fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void answer_dhcp(struct nat *nat, const struct packet_udp *request)
{
    static const uint8_t any[4] = {255, 255, 255, 255};
    uint8_t reply[DHCP_REPLY_MAX], frame[PACKET_MAX];
    struct packet_end to = {.port = DHCP_CLIENT_PORT};
    size_t size = dhcp_server_handle(&nat->dhcp, (uint32_t)(now_ns() / 1000000000u), request->data,
                                     request->size, reply, to.address);
    if (size > 0) {
        bool to_all = memcmp(to.address, any, sizeof any) == 0;
        memcpy(to.mac, request->from.mac, sizeof to.mac);
        if (to_all) {
            memset(to.mac, 255, sizeof to.mac);
        }
        send_frame(nat, frame, packet_make_udp(frame, DHCP_SERVER_PORT, &to, reply, size));
    }
}

static bool has_dns(const struct nat *nat)
{
    static const uint8_t none[4];
    return nat->config.internet && memcmp(nat->config.dns, none, sizeof none) != 0;
}

static bool is_dns_server(const struct nat *nat, const struct packet_end *end)
{
    return has_dns(nat) && end->port == PACKET_DNS_PORT &&
           memcmp(end->address, nat->config.dns, 4) == 0;
}

static void remember(struct nat *nat, const struct packet_end *station, bool asks_router)
{
    uint8_t *ports = &nat->asks_router[station->address[3]][station->port / 8];
    uint8_t bit = (uint8_t)(1u << station->port % 8);
    *ports = (uint8_t)(asks_router ? *ports | bit : *ports & ~bit);
}

static bool asks_router(const struct nat *nat, const struct packet_end *station)
{
    return nat->asks_router[station->address[3]][station->port / 8] >> station->port % 8 & 1;
}

static void answer_dns(struct nat *nat, const struct packet_udp *query)
{
    uint8_t reply[PACKET_UDP_MAX], frame[PACKET_MAX];
    size_t size = packet_dns_failure(query->data, query->size, reply);
    if (size > 0) {
        send_frame(nat, frame, packet_make_udp(frame, PACKET_DNS_PORT, &query->from, reply, size));
    }
}

static void take_frame(struct nat *nat, uint8_t *frame, size_t size)
{
    enum packet_kind kind = packet_kind(frame, size);
    struct packet_udp udp;
    bool is_udp = packet_udp(frame, size, &udp);
    if (kind == PACKET_DNS && has_dns(nat)) {
        remember(nat, &udp.from, true);
        packet_set_destination(frame, nat->config.dns);
        kind = PACKET_PASS;
    } else if (kind == PACKET_PASS && is_udp && is_dns_server(nat, &udp.to)) {
        remember(nat, &udp.from, false);
    }
    switch (kind) {
    case PACKET_DHCP:
        answer_dhcp(nat, &udp);
        return;
    case PACKET_DNS:
        answer_dns(nat, &udp);
        return;
    case PACKET_PASS:
        nat->library.input(nat->slirp, frame, (int)size);
        return;
    case PACKET_DROP:
        return;
    }
}

/* False: the other end is gone. */
static bool take_frames(struct nat *nat)
{
    uint8_t frame[PACKET_MAX + 1];
    for (int i = 0; i < BATCH; i++) {
        ssize_t size = recv(nat->config.fd, frame, sizeof frame, MSG_DONTWAIT);
        if (size < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        if (size == 0) {
            return false;
        }
        take_frame(nat, frame, (size_t)size);
    }
    return true;
}

/* ---- what libslirp asks for */

static ssize_t from_slirp(const void *data, size_t size, void *context)
{
    struct nat *nat = context;
    struct packet_udp udp;
    uint8_t frame[PACKET_MAX];
    if (size > sizeof frame) {
        return (ssize_t)size;
    }
    memcpy(frame, data, size);
    if (packet_udp(frame, size, &udp) && is_dns_server(nat, &udp.from) &&
        asks_router(nat, &udp.to)) {
        packet_set_source(frame, packet_router);
    }
    send_frame(nat, frame, size);
    return (ssize_t)size;
}

static void guest_error(const char *message, void *context)
{
}

static int64_t clock_ns(void *context)
{
    return (int64_t)now_ns();
}

static void poll_fd(int fd, void *context)
{
}

static void notify(void *context)
{
}

/* Its only timer is for IPv6, which there is none of. */
static void *timer_new(SlirpTimerCb callback, void *timer_context, void *context)
{
    return context;
}

static void timer_free(void *timer, void *context)
{
}

static void timer_mod(void *timer, int64_t expire_ms, void *context)
{
}

static const SlirpCb callbacks = {
    .send_packet = from_slirp,
    .guest_error = guest_error,
    .clock_get_ns = clock_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = poll_fd,
    .unregister_poll_fd = poll_fd,
    .notify = notify,
};

/* ---- waiting */

static const struct {
    int slirp;
    short poll;
} events[] = {{SLIRP_POLL_IN, POLLIN},
              {SLIRP_POLL_OUT, POLLOUT},
              {SLIRP_POLL_PRI, POLLPRI},
              {SLIRP_POLL_ERR, POLLERR},
              {SLIRP_POLL_HUP, POLLHUP}};
#define EVENTS (sizeof events / sizeof events[0])

static int add_poll(int fd, int wanted, void *context)
{
    struct nat *nat = context;
    if (nat->polled_count == DESCRIPTORS) {
        return -1;
    }
    struct pollfd *one = &nat->polled[nat->polled_count];
    *one = (struct pollfd){.fd = fd};
    for (size_t i = 0; i < EVENTS; i++) {
        one->events |= (wanted & events[i].slirp) != 0 ? events[i].poll : 0;
    }
    return nat->polled_count++;
}

static int get_events(int index, void *context)
{
    const struct nat *nat = context;
    int happened = 0;
    for (size_t i = 0; i < EVENTS && index >= 0; i++) {
        happened |= (nat->polled[index].revents & events[i].poll) != 0 ? events[i].slirp : 0;
    }
    return happened;
}

static void serve(struct nat *nat)
{
    do {
        uint32_t limit_ms = INT32_MAX;
        nat->polled[0] = (struct pollfd){.fd = nat->config.fd, .events = POLLIN};
        nat->polled_count = 1;
        nat->library.fill(nat->slirp, &limit_ms, add_poll, nat);
        int count = poll(nat->polled, (nfds_t)nat->polled_count,
                         limit_ms >= INT32_MAX ? -1 : (int)limit_ms);
        if (count < 0) {
            nat->polled[0].revents = 0;
        }
        nat->library.poll(nat->slirp, count < 0, get_events, nat);
    } while (nat->polled[0].revents == 0 || take_frames(nat));
}

/* ---- start */

/* An address of the router's network. */
static struct in_addr address_of(uint8_t host)
{
    struct in_addr address;
    uint8_t bytes[4];
    memcpy(bytes, packet_router, 3);
    bytes[3] = host;
    memcpy(&address, bytes, sizeof address);
    return address;
}

static Slirp *make_slirp(struct nat *nat)
{
    struct in_addr unused = address_of(255); /* its own DHCP and DNS server are off */
    SlirpConfig config = {
        .version = 4,
        .restricted = !nat->config.internet,
        .in_enabled = true,
        .vnetwork = address_of(0),
        .vhost = address_of(packet_router[3]),
        .vdhcp_start = unused,
        .vnameserver = unused,
        .disable_host_loopback = true,
        .disable_dns = true,
        .disable_dhcp = true,
    };
    memcpy(&config.vnetmask, packet_netmask, sizeof config.vnetmask);
    return nat->library.make(&config, &callbacks, nat);
}

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "wipy: router: cannot start the network behind it: %s\n", why);
    _exit(1);
}

_Noreturn void nat_run(const struct nat_config *config)
{
    static struct nat nat;
    nat.config = *config;
    dhcp_server_init(&nat.dhcp, packet_router, packet_netmask);
    char error[200];
    if (!slirp_load(&nat.library, error, sizeof error)) {
        give_up(error);
    }
    nat.slirp = make_slirp(&nat);
    if (nat.slirp == NULL || sandbox_nat(config->internet) != 0) {
        give_up(strerror(errno));
    }
    serve(&nat);
    _exit(0);
}

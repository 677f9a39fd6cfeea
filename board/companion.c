#include "board/companion.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/air/handshake.h"
#include "board/air/steady.h"
#include "board/companion_loss.h"
#include "hal/radio.h"

#define FACTORY_KEY   "www.wipy.io"
#define LOOK_SECONDS  0.5  /* how often it looks when nothing is heard */
#define AFTER_LOSS    0.02 /* the access point may just start again with other settings */
#define PORT_TRIES    50
#define PORT_PAUSE_US 20000

void companion_factory_ssid(char ssid[AIR_SSID_MAX + 1], const uint8_t mac[6])
{
    snprintf(ssid, AIR_SSID_MAX + 1, "wipy-wlan-%02x%02x", mac[4], mac[5]);
}

/* ---- the process */

static void print_address(char *text, size_t size, const struct laptop_listen *listen)
{
    if (listen->enabled) {
        snprintf(text, size, "%s:%u", listen->address, listen->port);
    }
}

int companion_start(struct companion *companion, const struct laptop_listen *telnet,
                    const struct laptop_listen *ftp, const uint8_t mac[6], bool patient,
                    char *error, size_t error_size)
{
    companion->fd = -1;
    if (!telnet->enabled && !ftp->enabled) {
        return 0;
    }
    /* Locally administered, the rest as the board's: no two alike. */
    struct laptop_config laptop = {.telnet = *telnet, .ftp = *ftp, .mac = {0x02}};
    memcpy(laptop.mac + 1, mac + 1, sizeof laptop.mac - 1);
    memcpy(companion->board_mac, mac, sizeof companion->board_mac);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        snprintf(error, error_size, "cannot make the laptop: %s", strerror(errno));
        return -1;
    }
    laptop.board_fd = ends[1];
    int tries = patient ? PORT_TRIES : 1;
    while ((companion->laptop = laptop_start(&laptop, error, (int)error_size)) < 0 && --tries > 0) {
        usleep(PORT_PAUSE_US);
    }
    close(ends[1]);
    if (companion->laptop < 0) {
        close(ends[0]);
        companion->laptop = 0;
        return -1;
    }
    print_address(companion->telnet, sizeof companion->telnet, &laptop.telnet);
    print_address(companion->ftp, sizeof companion->ftp, &laptop.ftp);
    companion->fd = ends[0];
    return 0;
}

static void reap(struct companion *companion)
{
    waitpid(companion->laptop, NULL, 0);
    companion->laptop = 0;
    companion->telnet[0] = companion->ftp[0] = '\0';
}

static void laptop_ended(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct companion *companion = watcher->data;
    ev_io_stop(loop, watcher);
    ev_io_stop(loop, &companion->told);
    ev_timer_stop(loop, &companion->look);
    ev_timer_stop(loop, &companion->patience);
    companion->loss[0] = '\0';
    reap(companion);
    companion->ended(companion->context);
}

void companion_stop(struct companion *companion)
{
    if (companion->laptop > 0) {
        kill(companion->laptop, SIGKILL);
        reap(companion);
    }
}

/* ---- what passes */

/* Send a packet to the laptop; with a descriptor, unless it is -1. */
static bool send_packet(const struct companion *companion, const void *data, size_t size, int fd)
{
    struct iovec part = {(void *)data, size};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    return sendmsg(companion->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

/* ---- losing the board */

static void call_lost(struct companion *companion, bool is_lost)
{
    struct laptop_prospect prospect = {is_lost};
    if (companion->is_lost != is_lost) {
        companion->is_lost = is_lost;
        send_packet(companion, &prospect, sizeof prospect, -1);
    }
}

/* Look whether the board is lost, now and when patience comes to its end. */
static void reconsider(struct companion *companion)
{
    char why[COMPANION_WHY_MAX], line[sizeof companion->loss];
    ev_timer_stop(companion->loop, &companion->patience);
    if (companion->is_reached || companion->board == COMPANION_BOARD_OFF) {
        call_lost(companion, false);
        return;
    }
    double left = companion->since + companion_explain(companion, why, sizeof why) - steady_now();
    if (left > 0) {
        ev_timer_set(&companion->patience, left, 0.);
        ev_timer_start(companion->loop, &companion->patience);
        return;
    }
    call_lost(companion, true);
    snprintf(line, sizeof line, "the laptop lost the board's network: %s", why);
    if (strcmp(line, companion->loss) != 0) {
        strcpy(companion->loss, line);
        companion->noticed(companion->context, line);
    }
}

static void patience_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    reconsider(timer->data);
}

/* Something is new at the board: there is hope. */
static void begin_anew(struct companion *companion, enum companion_board board)
{
    companion->board = board;
    companion->since = steady_now();
    companion->invitations_before = companion->invitations;
    companion->refusal = HANDSHAKE_OK;
    call_lost(companion, false);
    reconsider(companion);
}

static void set_reached(struct companion *companion, bool is_reached)
{
    companion->is_reached = is_reached;
    if (!is_reached) {
        companion->since = steady_now();
    } else if (companion->loss[0] != '\0') {
        companion->loss[0] = '\0';
        companion->noticed(companion->context, "the laptop is back in the board's network");
    }
}

/* ---- the air */

/* The network to be in, and its key. */
static const char *choose(const struct companion *companion, struct air_network *network)
{
    if (!companion->wipy.is_gateway) {
        *network = companion->router;
        return companion->router_key;
    }
    *network = (struct air_network){.security = HAL_RADIO_WPA2};
    companion_factory_ssid(network->ssid, companion->board_mac);
    memcpy(network->bssid, companion->board_mac, sizeof network->bssid);
    return FACTORY_KEY;
}

/* Hand a connection to the access point over to the laptop. */
static bool invite(struct companion *companion, const struct air_network *network, const char *key,
                   int fd)
{
    struct laptop_invitation invitation = {
        .number = companion->invitations + 1, .network = *network, .wipy = companion->wipy};
    if (network->security != HAL_RADIO_OPEN) {
        handshake_pmk(key, network->ssid, invitation.pmk);
    }
    if (!send_packet(companion, &invitation, sizeof invitation, fd)) {
        return false;
    }
    companion->invitations++;
    if (companion->is_reached) {
        set_reached(companion, false);
    }
    return true;
}

static void look(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct companion *companion = timer->data;
    struct air_network wanted, found;
    const char *key = choose(companion, &wanted);
    if (!air_place_find(companion->place, wanted.bssid, &found) ||
        strcmp(found.ssid, wanted.ssid) != 0) {
        return;
    }
    int fd = air_connect(companion->place, wanted.bssid);
    if (fd < 0) {
        return;
    }
    if (invite(companion, &wanted, key, fd)) {
        ev_timer_stop(loop, timer);
    }
    close(fd);
}

static void look_after(struct companion *companion, double seconds)
{
    ev_timer_stop(companion->loop, &companion->look);
    ev_timer_set(&companion->look, seconds, LOOK_SECONDS);
    ev_timer_start(companion->loop, &companion->look);
}

static void take_news(struct companion *companion, const struct laptop_news *news)
{
    switch (news->word) {
    case LAPTOP_REACHES:
        set_reached(companion, true);
        break;
    case LAPTOP_REACHES_NO_MORE:
        set_reached(companion, false);
        break;
    case LAPTOP_REFUSED:
        look_after(companion, LOOK_SECONDS);
        /* By a board that was another one then, it means nothing; nor by one that is about to go or
         * to come. */
        if (news->invitation != companion->invitations_before &&
            news->refusal != HANDSHAKE_PROTOCOL) {
            companion->refusal = news->refusal;
        }
        break;
    default:
        look_after(companion, AFTER_LOSS);
        break;
    }
    reconsider(companion);
}

/* The laptop says what has become of an invitation. What it says about one before the last is old
 * news. */
static void told(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct companion *companion = watcher->data;
    struct laptop_news news;
    ssize_t size = recv(watcher->fd, &news, sizeof news, MSG_DONTWAIT);
    if (size == sizeof news) {
        if (news.invitation == companion->invitations) {
            take_news(companion, &news);
        }
    } else if (size == 0 || errno != EAGAIN) {
        ev_io_stop(loop, watcher); /* it is about to end */
    }
}

void companion_has_router(struct companion *companion, const struct air_network *router,
                          const char *key)
{
    companion->router = *router;
    strncpy(companion->router_key, key, sizeof companion->router_key - 1);
}

void companion_board_is_off(struct companion *companion)
{
    if (companion->laptop != 0) {
        begin_anew(companion, COMPANION_BOARD_OFF);
    }
}

void companion_board_is_ap(struct companion *companion, const struct air_network *network,
                           const char *key)
{
    static const struct laptop_wipy nowhere;
    bool moved = !companion->wipy.is_gateway;
    companion->wipy = (struct laptop_wipy){.is_gateway = true};
    if (companion->laptop == 0) {
        return;
    }
    if (moved && !ev_is_active(&companion->look)) {
        send_packet(companion, &nowhere, sizeof nowhere, -1);
    }
    if (moved || ev_is_active(&companion->look)) {
        look_after(companion, 0.);
    }
    memcpy(companion->ssid, network->ssid, sizeof companion->ssid);
    companion->security = network->security;
    companion->has_factory_key = strcmp(key, FACTORY_KEY) == 0;
    begin_anew(companion, COMPANION_BOARD_AP);
}

void companion_board_is_station(struct companion *companion, bool is_at_router,
                                const uint8_t address[4])
{
    struct laptop_wipy before = companion->wipy, now = {.is_gateway = false};
    memcpy(now.address, address, sizeof now.address);
    if (companion->laptop == 0) {
        return;
    }
    if (companion->router.ssid[0] == '\0') {
        if (companion->board != COMPANION_BOARD_STATION) {
            begin_anew(companion, COMPANION_BOARD_STATION);
        }
        return;
    }
    if (companion->board == COMPANION_BOARD_STATION && companion->is_at_router == is_at_router &&
        memcmp(&now, &before, sizeof now) == 0) {
        return;
    }
    companion->is_at_router = is_at_router;
    companion->wipy = now;
    begin_anew(companion, COMPANION_BOARD_STATION);
    if (before.is_gateway) {
        look_after(companion, 0.);
    } else if (!ev_is_active(&companion->look)) {
        send_packet(companion, &now, sizeof now, -1);
    }
}

void companion_search(struct companion *companion, struct ev_loop *loop,
                      const struct air_place *place)
{
    companion->loop = loop;
    companion->place = place;
    companion->wipy.is_gateway = true;
    ev_init(&companion->look, look);
    ev_init(&companion->patience, patience_over);
    companion->look.data = companion->patience.data = companion;
    if (companion->laptop == 0) {
        return;
    }
    int process = (int)syscall(SYS_pidfd_open, companion->laptop, 0);
    ev_io_init(&companion->laptop_ended, laptop_ended, process, EV_READ);
    ev_io_init(&companion->told, told, companion->fd, EV_READ);
    companion->laptop_ended.data = companion->told.data = companion;
    ev_io_start(loop, &companion->laptop_ended);
    ev_io_start(loop, &companion->told);
    look_after(companion, LOOK_SECONDS);
}

void companion_prepare(const struct companion *companion)
{
    char ssid[AIR_SSID_MAX + 1];
    uint8_t pmk[32];
    if (companion->laptop > 0) {
        companion_factory_ssid(ssid, companion->board_mac);
        handshake_pmk(FACTORY_KEY, ssid, pmk); /* which remembers it */
    }
}

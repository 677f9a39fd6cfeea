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
#include "hal/radio.h"

#define FACTORY_KEY   "www.wipy.io"
#define LOOK_SECONDS  0.5  /* how often it looks when nothing is heard */
#define AFTER_LOSS    0.02 /* the access point may just start again with other settings */
#define PORT_TRIES    50
#define PORT_PAUSE_US 20000

static void factory_ssid(char ssid[AIR_SSID_MAX + 1], const uint8_t mac[6])
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

/* ---- the air */

/* Hand a connection to the access point over to the laptop. */
static bool invite(struct companion *companion, const struct air_network *network, int fd)
{
    struct laptop_invitation invitation = {.network = *network};
    struct iovec part = {&invitation, sizeof invitation};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    invitation.network.security = HAL_RADIO_WPA2;
    handshake_pmk(FACTORY_KEY, network->ssid, invitation.pmk);
    return sendmsg(companion->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static void look(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct companion *companion = timer->data;
    struct air_network network;
    char ssid[AIR_SSID_MAX + 1];
    factory_ssid(ssid, companion->board_mac);
    if (!air_place_find(companion->place, companion->board_mac, &network) ||
        strcmp(network.ssid, ssid) != 0) {
        return;
    }
    int fd = air_connect(companion->place, companion->board_mac);
    if (fd < 0) {
        return;
    }
    if (invite(companion, &network, fd)) {
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

void companion_look(struct companion *companion)
{
    if (ev_is_active(&companion->look)) {
        look_after(companion, 0.);
    }
}

/* The laptop says how its association has ended. */
static void told(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct companion *companion = watcher->data;
    uint8_t word;
    ssize_t size = recv(watcher->fd, &word, sizeof word, MSG_DONTWAIT);
    if (size > 0) {
        look_after(companion, word == LAPTOP_ENDED ? AFTER_LOSS : LOOK_SECONDS);
    } else if (size == 0 || errno != EAGAIN) {
        ev_io_stop(loop, watcher); /* it is about to end */
    }
}

void companion_search(struct companion *companion, struct ev_loop *loop,
                      const struct air_place *place)
{
    companion->loop = loop;
    companion->place = place;
    ev_init(&companion->look, look);
    companion->look.data = companion;
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
        factory_ssid(ssid, companion->board_mac);
        handshake_pmk(FACTORY_KEY, ssid, pmk); /* which remembers it */
    }
}

#include "board/laptop/laptop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/air/listener.h"
#include "board/child/child.h"
#include "board/laptop/forward.h"
#include "board/laptop/ftp_forward.h"
#include "board/laptop/sandbox.h"
#include "board/laptop/station.h"

#define TELNET_PORT 23
#define FTP_PORT    21
#define BACKLOG     256
#define FILES       4096 /* descriptors: two a connection at the most, and a few */

/* A listening socket of the host. */
struct door {
    struct laptop *laptop;
    uint16_t wipy_port;
    struct listener listener;
};

struct laptop {
    struct ev_loop *loop;
    struct station station;
    struct forward forward;
    struct door telnet, ftp;
};

/* ---- in the caller: ports */

static void explain(const char *service, const struct laptop_listen *where, char *error,
                    size_t size)
{
    int reason = errno;
    const char *a = where->address;
    if (reason == EADDRINUSE)
        snprintf(error, size, "%s: port %s:%u is in use; choose another with --%s PORT, or --%s 0",
                 service, a, where->port, service, service);
    else if (reason == EACCES)
        snprintf(error, size,
                 "%s: port %s:%u is reserved for the system; choose one above 1023 with --%s PORT",
                 service, a, where->port, service);
    else if (reason == EADDRNOTAVAIL)
        snprintf(error, size, "%s: %s is not an address of this machine", service, a);
    else
        snprintf(error, size, "%s: cannot listen at %s:%u: %s", service, a, where->port,
                 strerror(reason));
}

/* The listening socket, -1 when off, -2 when it failed. */
static int listen_at(const char *service, struct laptop_listen *where, char *error,
                     size_t error_size)
{
    if (!where->enabled)
        return -1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(where->port)};
    if (inet_pton(AF_INET, where->address, &address.sin_addr) != 1) {
        snprintf(error, error_size, "%s: '%.15s' is not an IPv4 address", service, where->address);
        return -2;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    socklen_t size = sizeof address;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        explain(service, where, error, error_size);
        if (fd >= 0)
            close(fd);
        return -2;
    }
    where->port = ntohs(address.sin_port);
    return fd;
}

/* ---- in the process: connections */

static void knock(struct ev_loop *loop, ev_io *io, int events)
{
    struct door *door = io->data;
    struct sockaddr_in peer;
    int fd = listener_accept(&door->listener, loop, &peer);
    if (fd < 0)
        return;
    if (door->wipy_port == FTP_PORT)
        ftp_forward_host(&door->laptop->forward, fd, &peer, door->wipy_port);
    else
        forward_host(&door->laptop->forward, fd, door->wipy_port, NULL);
}

/* `fd` -1: it stays closed. */
static void open_door(struct laptop *laptop, struct door *door, int fd, uint16_t wipy_port)
{
    *door = (struct door){.laptop = laptop, .wipy_port = wipy_port};
    listener_init(&door->listener, knock, door);
    if (fd >= 0)
        listener_start(&door->listener, laptop->loop, fd);
}

static void changed(void *context, bool online)
{
    struct laptop *laptop = context;
    forward_online(&laptop->forward, online);
}

/* ---- in the process: start */

static _Noreturn void run(const struct laptop_config *config, int telnet, int ftp)
{
    static struct laptop laptop;
    laptop.loop = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
    if (laptop.loop == NULL || laptop_sandbox() != 0) {
        fprintf(stderr, "wipy: laptop: cannot start: %s\n", strerror(errno));
        _exit(1);
    }
    struct station_config station = {
        .loop = laptop.loop, .board_fd = config->board_fd, .changed = changed, .context = &laptop};
    memcpy(station.mac, config->mac, sizeof station.mac);
    forward_init(&laptop.forward, laptop.loop, &laptop.station);
    station_init(&laptop.station, &station);
    open_door(&laptop, &laptop.telnet, telnet, TELNET_PORT);
    open_door(&laptop, &laptop.ftp, ftp, FTP_PORT);
    ev_run(laptop.loop, 0);
    _exit(0);
}

pid_t laptop_start(struct laptop_config *config, char *error, int error_size)
{
    int telnet = listen_at("telnet", &config->telnet, error, (size_t)error_size);
    if (telnet == -2)
        return -1;
    int ftp = listen_at("ftp", &config->ftp, error, (size_t)error_size);
    pid_t board = getpid(), pid = -1;
    if (ftp != -2) {
        pid = fork();
        if (pid == 0) {
            int keep[] = {config->board_fd, telnet, ftp};
            child_settle("wipy-laptop", board, FILES);
            child_keep(keep, sizeof keep / sizeof keep[0]);
            run(config, telnet, ftp);
        }
        if (pid < 0)
            snprintf(error, (size_t)error_size, "cannot start the laptop's process: %s",
                     strerror(errno));
    }
    if (telnet >= 0)
        close(telnet);
    if (ftp >= 0)
        close(ftp);
    return pid;
}

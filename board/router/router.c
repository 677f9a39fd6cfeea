#include "board/router/router.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/air/ap.h"
#include "board/child/child.h"
#include "board/router/nat.h"
#include "board/router/packet.h"
#include "board/router/sandbox.h"

#define FILES     1024 /* descriptors of one of its processes */
#define END_LIMIT 1000 /* ms that it may take for taking its beacon away */

/* ---- the access point's process */

struct access_point {
    struct relay relay;
    struct air_ap ap;
};

static void stop(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    ev_break(loop, EVBREAK_ALL);
}

/* The network behind it is gone: it is no router any more. */
static void nat_ended(void *context, struct relay_port *port)
{
    ev_break(port->relay->loop, EVBREAK_ALL);
}

static void unheard(void *context)
{
    const struct access_point *all = context;
    if (all->ap.silence != -EADDRINUSE) {
        fprintf(stderr, "wipy: router: not heard in the air %s as long as that is so: %s\n",
                all->ap.place->path, strerror(-all->ap.silence));
    }
}

static _Noreturn void give_up(int reason)
{
    fprintf(stderr, "wipy: router: cannot start: %s\n", strerror(reason));
    _exit(1);
}

/* Returns when the board wants no router any more. */
static void run_ap(const struct router *router, const struct router_config *config,
                   const struct air_place *place, int board_fd, int nat_fd)
{
    static struct access_point all;
    struct ev_io board;
    struct ev_loop *loop = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
    if (loop == NULL || sandbox_ap() != 0) {
        give_up(errno);
    }
    relay_init(&all.relay, loop);
    air_ap_init(&all.ap, loop, place, &all.relay);
    all.ap.unheard = unheard;
    all.ap.context = &all;
    relay_add(&all.relay, nat_fd, RELAY_UPLINK, packet_router_mac, nat_ended, NULL);
    ev_io_init(&board, stop, board_fd, EV_READ);
    ev_io_start(loop, &board);
    air_ap_start(&all.ap, &router->network, config->key);
    ev_run(loop, 0);
    air_ap_stop(&all.ap);
}

/* ---- both processes */

/* The first DNS server of the host that has an IPv4 address, and can be reached from behind the
 * router: its own network hides those with an address in it. All 0: there is none. */
static void find_dns(uint8_t dns[4])
{
    char line[256], address[17], hidden[17] = "";
    FILE *file = fopen("/etc/resolv.conf", "re");
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        found =
            sscanf(line, " nameserver %16s", address) == 1 && inet_pton(AF_INET, address, dns) == 1;
        if (found && memcmp(dns, packet_router, 3) == 0) {
            found = false;
            strcpy(hidden, address);
        }
    }
    if (!found) {
        memset(dns, 0, 4);
    }
    if (!found && hidden[0] != '\0') {
        fprintf(stderr,
                "notice: the router finds no names: the DNS server of this machine, %s, has an "
                "address of the router's own network, 192.168.0.0/24\n",
                hidden);
    }
    if (file != NULL) {
        fclose(file);
    }
}

static int make_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

static _Noreturn void run(const struct router *router, const struct router_config *config,
                          const struct air_place *place, int board_fd)
{
    int ends[2];
    struct nat_config nat = {.internet = config->internet};
    if (config->internet) {
        find_dns(nat.dns);
    }
    if (make_pair(ends) < 0) {
        give_up(errno);
    }
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        give_up(errno);
    }
    if (pid == 0) {
        child_settle("wipy-nat", parent, FILES);
        child_keep(&ends[1], 1);
        nat.fd = ends[1];
        nat_run(&nat);
    }
    int keep[] = {board_fd, place->dir_fd, ends[0]};
    child_keep(keep, sizeof keep / sizeof keep[0]);
    run_ap(router, config, place, board_fd, ends[0]);
    close(ends[0]); /* which ends the network */
    waitpid(pid, NULL, 0);
    _exit(0);
}

/* ---- in the board's process */

static void describe(struct router *router, const struct router_config *config,
                     const uint8_t mac[6])
{
    struct air_network *network = &router->network;
    memcpy(network->ssid, config->ssid, sizeof network->ssid);
    /* Locally administered, the rest as the board's: no two alike. */
    memcpy(network->bssid, mac, sizeof network->bssid);
    network->bssid[0] = 0x06;
    network->channel = ROUTER_CHANNEL;
    network->security = config->key[0] != '\0' ? HAL_RADIO_WPA2 : HAL_RADIO_OPEN;
}

int router_start(struct router *router, const struct router_config *config,
                 const struct air_place *place, const uint8_t mac[6], char *error,
                 size_t error_size)
{
    int ends[2];
    if (!config->enabled) {
        return 0;
    }
    describe(router, config, mac);
    if (make_pair(ends) < 0) {
        snprintf(error, error_size, "cannot make the router: %s", strerror(errno));
        return -1;
    }
    pid_t board = getpid();
    router->pid = fork();
    if (router->pid == 0) {
        child_settle("wipy-router", board, FILES);
        run(router, config, place, ends[1]);
    }
    close(ends[1]);
    router->fd = ends[0];
    if (router->pid < 0) {
        snprintf(error, error_size, "cannot start the router's process: %s", strerror(errno));
        router->pid = 0;
        close(router->fd);
        return -1;
    }
    return 0;
}

static void reap(struct router *router)
{
    waitpid(router->pid, NULL, 0);
    router->pid = 0;
}

static void process_ended(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct router *router = watcher->data;
    ev_io_stop(loop, watcher);
    reap(router);
    router->ended(router->context);
}

void router_watch(struct router *router, struct ev_loop *loop)
{
    if (router->pid == 0) {
        return;
    }
    int process = (int)syscall(SYS_pidfd_open, router->pid, 0);
    ev_io_init(&router->watcher, process_ended, process, EV_READ);
    router->watcher.data = router;
    ev_io_start(loop, &router->watcher);
}

void router_stop(struct router *router)
{
    if (router->pid == 0) {
        return;
    }
    close(router->fd);
    struct pollfd process = {.fd = (int)syscall(SYS_pidfd_open, router->pid, 0), .events = POLLIN};
    if (poll(&process, 1, END_LIMIT) != 1) {
        kill(router->pid, SIGKILL);
    }
    close(process.fd);
    reap(router);
}

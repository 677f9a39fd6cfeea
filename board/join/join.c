#include "board/join/join.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/air/frame.h"
#include "board/air/station.h"
#include "board/join/inside.h"
#include "board/join/lease.h"
#include "board/join/range.h"
#include "board/join/sandbox.h"

#define BATCH            64 /* frames taken from one side before the other has its turn */
#define RELEASE_TRIES    200
#define RELEASE_PAUSE_US 1000

struct join {
    const struct join_config *config;
    struct ev_loop *loop;
    struct inside inside;
    struct air_station station;
    struct lease lease;
    ev_io signals, tap, air, air_has_room;
    ev_timer look, quiet, limit;
    struct frame held; /* waits for room in the air while air_has_room is active */
    bool has_started;  /* COMMAND */
    bool has_ended;
    bool has_joined; /* once */
    int status;      /* what join_run() returns */
    char *error;
    size_t error_size;
};

/* Signals that are for COMMAND. */
static const int passed_on[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

__attribute__((format(printf, 2, 3))) static void fail(struct join *join, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(join->error, join->error_size, format, arguments);
    va_end(arguments);
    join->status = -1;
    ev_break(join->loop, EVBREAK_ALL);
}

/* ---- COMMAND */

static void start(struct join *join)
{
    if (!join->has_started) {
        join->has_started = true;
        ev_timer_stop(join->loop, &join->limit);
        ev_timer_stop(join->loop, &join->quiet);
        inside_go(&join->inside);
    }
}

/* A signal of the terminal goes to its whole foreground process group, so COMMAND has it already.
 */
static void take_signal(struct join *join, const struct signalfd_siginfo *signal)
{
    if (signal->ssi_signo == SIGCHLD) {
        join->has_ended = inside_has_ended(&join->inside, &join->status);
    } else if (!join->has_started) {
        join->status = 128 + (int)signal->ssi_signo;
    } else if (signal->ssi_code != SI_KERNEL) {
        inside_signal(&join->inside, (int)signal->ssi_signo);
    }
    if (join->has_ended || !join->has_started) {
        ev_break(join->loop, EVBREAK_ALL);
    }
}

static void signalled(struct ev_loop *loop, ev_io *io, int events)
{
    struct signalfd_siginfo signal;
    while (read(io->fd, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        take_signal(io->data, &signal);
    }
}

/* ---- frames */

static void leave_air(struct join *join);

/* False: it waits for room. */
static bool send_to_air(struct join *join, const struct frame *frame)
{
    if (join->station.state != AIR_STATION_JOINED ||
        send(join->station.fd, frame->data, frame->size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
        errno != EAGAIN) {
        return true; /* or it is lost: an end of the association is seen by reading */
    }
    if (frame != &join->held) {
        join->held = *frame;
    }
    ev_io_stop(join->loop, &join->tap);
    ev_io_start(join->loop, &join->air_has_room);
    return false;
}

static void tap_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct join *join = io->data;
    static struct frame frame;
    for (int i = 0; i < BATCH; i++) {
        ssize_t size = read(io->fd, frame.data, sizeof frame.data);
        if (size < 0 && errno != EAGAIN && errno != EINTR) {
            ev_io_stop(loop, io); /* somebody inside has removed it: COMMAND goes on without */
        }
        if (size < (ssize_t)FRAME_MIN) {
            return;
        }
        frame.size = (uint32_t)size;
        if (!send_to_air(join, &frame)) {
            return;
        }
    }
}

/* What the last connections still said: their ends. */
static void send_the_rest(struct join *join)
{
    if (ev_is_active(&join->tap)) {
        tap_readable(join->loop, &join->tap, EV_READ);
    }
}

static void air_has_room(struct ev_loop *loop, ev_io *io, int events)
{
    struct join *join = io->data;
    if (send_to_air(join, &join->held)) {
        ev_io_stop(loop, io);
        ev_io_start(loop, &join->tap);
    }
}

static void air_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct join *join = io->data;
    static uint8_t frame[FRAME_MAX];
    for (int i = 0; i < BATCH; i++) {
        ssize_t size = recv(io->fd, frame, sizeof frame, MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (size <= 0) {
            leave_air(join);
            return;
        }
        if (size >= (ssize_t)FRAME_MIN &&
            (join->config->no_dhcp || !lease_frame(&join->lease, frame, (size_t)size))) {
            (void)!write(join->inside.device.tap, frame, (size_t)size);
        }
    }
}

static void send_frame(void *context, const uint8_t *data, size_t size)
{
    struct join *join = context;
    if (join->station.state == AIR_STATION_JOINED) {
        (void)!send(join->station.fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

/* ---- the lease */

static void write_resolv_conf(const struct join *join, const struct device_address *address)
{
    char text[2 * 32] = "";
    size_t size = 0;
    for (int i = 0; i < 2; i++) {
        char server[INET_ADDRSTRLEN];
        if (address->dns[i] != 0) {
            inet_ntop(AF_INET, &address->dns[i], server, sizeof server);
            size += (size_t)snprintf(text + size, sizeof text - size, "nameserver %s\n", server);
        }
    }
    (void)!ftruncate(join->inside.resolv, 0);
    (void)!pwrite(join->inside.resolv, text, size, 0);
}

static void leased(void *context, const struct device_address *address)
{
    struct join *join = context;
    int result = device_configure(&join->inside.device, address);
    if (result < 0 && !join->has_started) {
        fail(join, "cannot give " DEVICE_NAME " its address: %s", strerror(-result));
        return;
    }
    write_resolv_conf(join, address);
    start(join);
}

/* ---- the association */

static void link_up(struct join *join)
{
    ev_io_set(&join->air, join->station.fd, EV_READ);
    ev_io_set(&join->air_has_room, join->station.fd, EV_WRITE);
    ev_io_start(join->loop, &join->air);
    ev_io_start(join->loop, &join->tap);
    device_carrier(&join->inside.device, true);
    if (!join->config->no_dhcp) {
        lease_link(&join->lease, true);
    }
    if (!join->has_joined) {
        join->has_joined = true;
        join->limit.repeat = JOIN_LEASE_SECONDS;
        ev_timer_again(join->loop, &join->limit);
    }
    if (join->config->no_dhcp) {
        start(join);
    }
}

static void leave_air(struct join *join)
{
    ev_io_stop(join->loop, &join->air);
    ev_io_stop(join->loop, &join->air_has_room);
    ev_io_stop(join->loop, &join->tap);
    device_carrier(&join->inside.device, false);
    if (!join->config->no_dhcp) {
        lease_link(&join->lease, false);
    }
    air_station_ended(&join->station);
}

/* Whoever is refused at first is told so; later, what has refused us may yet change its mind. An
 * access point that is about to go or to come is no refusal. */
static void station_changed(struct air_station *station)
{
    struct join *join = station->context;
    if (station->state == AIR_STATION_JOINED) {
        link_up(join);
    } else if (station->state == AIR_STATION_REFUSED && !join->has_joined &&
               station->refusal != HANDSHAKE_PROTOCOL) {
        fail(join, "%s refuses: %s", join->config->ssid, handshake_refusal_text(station->refusal));
    }
}

/* Look for the network until it is there, which says what security it has. */
static void look(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct join *join = timer->data;
    const struct join_config *config = join->config;
    struct air_network found;
    if (!range_find(config, &found)) {
        return;
    }
    ev_timer_stop(loop, timer);
    if ((config->key != NULL) != (found.security != HAL_RADIO_OPEN)) {
        fail(join,
             config->key == NULL ? "%s wants a key: --key KEY" : "%s is open: leave out --key",
             config->ssid);
        return;
    }
    air_station_join(&join->station, config->ssid, config->bssid, found.security,
                     config->key != NULL ? config->key : "");
}

static bool is_searching(const struct join *join)
{
    return ev_is_active(&join->look) || join->station.state == AIR_STATION_SEARCHING;
}

static void say_what_we_wait_for(struct ev_loop *loop, ev_timer *timer, int events)
{
    const struct join *join = timer->data;
    const char *ssid = join->config->ssid;
    if (join->has_joined) {
        fprintf(stderr, "wipy join: waiting for an address in %s\n", ssid);
    } else if (is_searching(join)) {
        fprintf(stderr, "wipy join: waiting for the network %s in the air %s\n", ssid,
                join->config->place->path);
    } else {
        fprintf(stderr, "wipy join: waiting for an answer of %s\n", ssid);
    }
}

static void too_late(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct join *join = timer->data;
    if (join->has_joined) {
        fail(join, "%s gives no address: no DHCP lease within %.0f s; perhaps all of its addresses are taken", join->config->ssid,
             JOIN_LEASE_SECONDS);
    } else if (is_searching(join)) {
        char why[1024];
        range_explain(join->config, why, sizeof why);
        fail(join, "%s", why);
    } else {
        fail(join, "%s does not answer", join->config->ssid);
    }
}

/* ---- */

/* Locally administered, and nobody else's. */
static int random_mac(uint8_t mac[6])
{
    if (getrandom(mac, 6, 0) != 6) {
        return -1;
    }
    mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02);
    return 0;
}

static void set_up(struct join *join, int signal_fd, const uint8_t mac[6])
{
    struct ev_loop *loop = join->loop;
    ev_io_init(&join->signals, signalled, signal_fd, EV_READ);
    ev_io_init(&join->tap, tap_readable, join->inside.device.tap, EV_READ);
    ev_io_init(&join->air, air_readable, -1, EV_READ);
    ev_io_init(&join->air_has_room, air_has_room, -1, EV_WRITE);
    ev_timer_init(&join->look, look, 0., 0.05);
    ev_timer_init(&join->quiet, say_what_we_wait_for, JOIN_QUIET_SECONDS, 0.);
    ev_timer_init(&join->limit, too_late, JOIN_NETWORK_SECONDS, 0.);
    join->signals.data = join->tap.data = join->air.data = join->air_has_room.data = join;
    join->look.data = join->quiet.data = join->limit.data = join;
    ev_io_start(loop, &join->signals);
    ev_timer_start(loop, &join->look);
    ev_timer_start(loop, &join->quiet);
    ev_timer_start(loop, &join->limit);

    join->station = (struct air_station){.loop = loop,
                                         .place = join->config->place,
                                         .changed = station_changed,
                                         .context = join,
                                         .persistent = true};
    memcpy(join->station.mac, mac, 6);
    air_station_init(&join->station);
    if (!join->config->no_dhcp) {
        join->lease =
            (struct lease){.loop = loop, .send = send_frame, .changed = leased, .context = join};
        memcpy(join->lease.mac, mac, 6);
        lease_init(&join->lease);
    }
}

/* The signals that are taken from a descriptor, and those that must neither end nor stop us. */
static int take_over_signals(sigset_t *before)
{
    sigset_t taken;
    sigemptyset(&taken);
    sigaddset(&taken, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
        sigaddset(&taken, passed_on[i]);
    }
    sigset_t blocked = taken;
    sigaddset(&blocked, SIGPIPE);
    sigaddset(&blocked, SIGTTOU);
    sigprocmask(SIG_BLOCK, &blocked, before);
    return signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* COMMAND may be quicker than the answer that says where the lease goes. */
static void release(struct join *join)
{
    for (int i = 0; i < RELEASE_TRIES && !lease_can_release(&join->lease); i++) {
        usleep(RELEASE_PAUSE_US);
        ev_run(join->loop, EVRUN_NOWAIT);
    }
    lease_release(&join->lease);
}

int join_run(const struct join_config *config, char *error, size_t error_size)
{
    static struct join join;
    uint8_t mac[6];
    sigset_t before;
    join = (struct join){.config = config, .error = error, .error_size = error_size};
    int signal_fd = take_over_signals(&before);
    if (signal_fd < 0 || random_mac(mac) < 0) {
        snprintf(error, error_size, "cannot start: %s", strerror(errno));
        return -1;
    }
    if (inside_start(&join.inside, mac, config->command, &before, error, error_size) < 0) {
        return -1;
    }
    join.loop = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
    if (join.loop == NULL || join_sandbox(join.inside.pid) < 0) {
        snprintf(error, error_size, "cannot start: %s", strerror(errno));
        inside_stop(&join.inside);
        return -1;
    }
    set_up(&join, signal_fd, mac);
    ev_run(join.loop, 0);
    if (!join.has_ended) {
        inside_stop(&join.inside);
    }
    send_the_rest(&join);
    if (!config->no_dhcp) {
        release(&join);
    }
    return join.status;
}

/* Module socket: MicroPython's extmod/modlwip.c, unchanged, with guards around what it calls. Each
 * guard below says what would happen without it. The macros come after all headers and before the
 * module's text, so they change only what the module does. */
#include "python/modsocket.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lwip/dns.h"
#include "lwip/igmp.h"
#include "lwip/init.h"
#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/raw.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "lwip/udp.h"
#include "net/names.h"
#include "net/stack/stack.h"
#include "py/gc.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/objlist.h"
#include "py/runtime.h"
#include "py/stream.h"

/* Connections that may wait for accept(), whatever a program asks for: at least a burst of a
 * browser, at most a third of the pool. */
#define BACKLOG_MIN 8
#define BACKLOG_MAX 16

#define SERVICE_PCBS     16 /* TCP connections that Python leaves to the services */
#define SERVICE_UDP_PCBS 6  /* the same for UDP: DHCP client, DNS queries */

/* How late a time-out of a socket may be noticed, board time. */
#define WAIT_MS 10

int mp_mod_network_prefer_dns_use_ip_version = 4;

static bool aborting;

void python_abort_sockets(void)
{
    aborting = true;
}

/* The module looks every millisecond whether what it waits for has come, which costs percents of a
 * core in a blocking accept(). An event ends a wait anyhow; only who has a time-out must look at
 * the clock, and who looks at the clock has a time-out. */
static bool clock_read;

static mp_uint_t guard_ticks_ms(void)
{
    clock_read = true;
    return mp_hal_ticks_ms();
}

static void guard_wait(void)
{
    if (clock_read) {
        mp_event_wait_ms(WAIT_MS);
    } else {
        mp_event_wait_indefinite();
    }
    clock_read = false;
}

/* Whether `count` PCBs of a pool are free: at most SERVICE_PCBS. */
static bool services_have_room(memp_t pool, size_t count)
{
    void *taken[SERVICE_PCBS];
    size_t got = 0;
    while (got < count && (taken[got] = memp_malloc(pool)) != NULL) {
        got++;
    }
    for (size_t i = 0; i < got; i++) {
        memp_free(pool, taken[i]);
    }
    return got == count;
}

/* Sockets that the program forgot are closed before there are said to be none left. lwIP can take a
 * connection away from Python for a service, but not a socket that is not connected yet: so some
 * are left. */
static struct tcp_pcb *guard_tcp_new(void)
{
    aborting = false;
    if (!services_have_room(MEMP_TCP_PCB, SERVICE_PCBS)) {
        gc_collect();
        if (!services_have_room(MEMP_TCP_PCB, SERVICE_PCBS)) {
            return NULL;
        }
    }
    return tcp_new();
}

static struct udp_pcb *guard_udp_new(void)
{
    if (!services_have_room(MEMP_UDP_PCB, SERVICE_UDP_PCBS)) {
        gc_collect();
        if (!services_have_room(MEMP_UDP_PCB, SERVICE_UDP_PCBS)) {
            return NULL;
        }
    }
    return udp_new();
}

/* A listening PCB is smaller than a connected one and has neither callback: closing a server would
 * write behind it. */
static void guard_tcp_err(struct tcp_pcb *pcb, tcp_err_fn function)
{
    if (pcb->state != LISTEN) {
        tcp_err(pcb, function);
    }
}

/* lwIP takes a connection for accepted when it is established: the next would be reset when the
 * queue is full. So it counts until accept() (guard_tcp_recv), and a peer that finds no room tries
 * again by itself. */
static tcp_accept_fn module_accept;

static err_t accept_delayed(void *arg, struct tcp_pcb *pcb, err_t error)
{
    err_t result = module_accept(arg, pcb, error);
    if (error == ERR_OK && result == ERR_OK) {
        tcp_backlog_delayed(pcb);
    }
    return result;
}

static void guard_tcp_accept(struct tcp_pcb *pcb, tcp_accept_fn function)
{
    module_accept = function;
    tcp_accept(pcb, accept_delayed);
}

/* As guard_tcp_err(). And what came before accept() was held back in the PCB: hand it over now
 * instead of at lwIP's next 250 ms tick. A FIN that came alone was dropped; without it recv() would
 * wait for ever. */
static void guard_tcp_recv(struct tcp_pcb *pcb, tcp_recv_fn function)
{
    if (pcb->state == LISTEN) {
        return;
    }
    tcp_recv(pcb, function);
    if (function == NULL) {
        return;
    }
    tcp_backlog_accepted(pcb);
    if (pcb->refused_data != NULL) {
        tcp_process_refused_data(pcb);
    } else if (pcb->state == CLOSE_WAIT) {
        function(pcb->callback_arg, pcb, NULL, ERR_OK);
    }
}

/* The module aborts the connections that a closed server had not accepted. Their error callback
 * would change the queue that is being emptied. */
static void guard_tcp_abort(struct tcp_pcb *pcb)
{
    tcp_err(pcb, NULL);
    tcp_abort(pcb);
}

static err_t guard_tcp_close(struct tcp_pcb *pcb)
{
    if (aborting && pcb->state != LISTEN) {
        tcp_abort(pcb);
        return ERR_OK;
    }
    return tcp_close(pcb);
}

/* A listening PCB has no send buffer. */
static tcpwnd_size_t guard_tcp_sndbuf(const struct tcp_pcb *pcb)
{
    return pcb->state == LISTEN ? 0 : pcb->snd_buf;
}

/* A closed socket has no PCB. */
static void guard_option(struct ip_pcb *pcb, bool set, u8_t option)
{
    if (pcb == NULL) {
        mp_raise_OSError(MP_EBADF);
    }
    if (set) {
        ip_set_option(pcb, option);
    } else {
        ip_reset_option(pcb, option);
    }
}

/* TCP_NODELAY is kept where only a connected or new TCP PCB has its flags. A server may be asked
 * for it: nothing to do. */
static void guard_nodelay(struct tcp_pcb *pcb, bool is_tcp, bool set)
{
    if (pcb == NULL) {
        mp_raise_OSError(MP_EBADF);
    }
    if (!is_tcp) {
        mp_raise_OSError(MP_EOPNOTSUPP);
    }
    if (pcb->state == LISTEN) {
        return;
    }
    if (set) {
        tcp_nagle_disable(pcb);
    } else {
        tcp_nagle_enable(pcb);
    }
}

/* Look up a name and wait for the answer. The module would let lwIP write the answer to its C
 * stack; when Ctrl-C ends the wait, that is somebody else's. Here a late answer finds that its
 * number is no longer wanted. Nobody answers a question for our own name. */
static struct {
    uintptr_t number;
    enum { DNS_WAITING, DNS_FOUND, DNS_FAILED } state;
    ip_addr_t address;
} dns;

static void dns_answer(const char *name, const ip_addr_t *address, void *number)
{
    if ((uintptr_t)number != dns.number) {
        return;
    }
    if (address != NULL) {
        dns.address = *address;
        dns.state = DNS_FOUND;
    } else {
        dns.state = DNS_FAILED;
    }
}

static err_t guard_dns(const char *name, ip_addr_t *address)
{
    if (names_is_own(name)) {
        *address = *netif_ip_addr4(stack_netif());
        return ip_addr_isany(address) ? ERR_RTE : ERR_OK;
    }
    dns.number++;
    dns.state = DNS_WAITING;
    err_t result = dns_gethostbyname(name, address, dns_answer, (void *)dns.number);
    if (result != ERR_INPROGRESS) {
        return result;
    }
    while (dns.state == DNS_WAITING) {
        mp_event_wait_indefinite();
    }
    *address = dns.address;
    return dns.state == DNS_FOUND ? ERR_OK : ERR_BUF;
}

/* ---- replaced functions of the module: defined after its text, which calls its own `module_...`
 */

static mp_obj_t lwip_socket_connect(mp_obj_t self, mp_obj_t address);
static err_t _lwip_tcp_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *pbuf, err_t error);
static void _lwip_tcp_error(void *arg, err_t error);

#define lwip_socket_connect(self, address)    module_connect(self, address)
#define _lwip_tcp_recv(arg, pcb, pbuf, error) module_tcp_recv(arg, pcb, pbuf, error)
#define _lwip_tcp_error(arg, error)           module_tcp_error(arg, error)

/* In the module's table of errors: lwIP's TCP never reports ERR_WOULDBLOCK, so it stands for a peer
 * that refuses (_lwip_tcp_error() below). */
#undef MP_EWOULDBLOCK
#define MP_EWOULDBLOCK MP_ECONNREFUSED

#undef ip_set_option
#undef ip_reset_option
#undef tcp_sndbuf
#undef tcp_set_flags
#undef tcp_clear_flags
#undef assert
#undef mp_hal_ticks_ms

#define tcp_new()               guard_tcp_new()
#define udp_new()               guard_udp_new()
#define tcp_err(pcb, f)         guard_tcp_err(pcb, f)
#define tcp_recv(pcb, f)        guard_tcp_recv(pcb, f)
#define tcp_accept(pcb, f)      guard_tcp_accept(pcb, f)
#define tcp_abort(pcb)          guard_tcp_abort(pcb)
#define tcp_close(pcb)          guard_tcp_close(pcb)
#define tcp_sndbuf(pcb)         guard_tcp_sndbuf(pcb)
#define ip_set_option(p, o)     guard_option((struct ip_pcb *)(p), true, o)
#define ip_reset_option(p, o)   guard_option((struct ip_pcb *)(p), false, o)
#define tcp_set_flags(pcb, o)   guard_nodelay(pcb, socket->type == MOD_NETWORK_SOCK_STREAM, true)
#define tcp_clear_flags(pcb, o) guard_nodelay(pcb, socket->type == MOD_NETWORK_SOCK_STREAM, false)
#define mp_hal_ticks_ms()       guard_ticks_ms()
#define mp_event_wait_ms(ms)    guard_wait()
#define dns_gethostbyname_addrtype(name, address, found, arg, type)                                \
    guard_dns(name, (ip_addr_t *)(address))

/* A backlog that is not 2 to 255 would be cut to a byte, and a queue taken for a connection.
 * (`backlog` is a variable of the module.) */
#define tcp_listen_with_backlog_and_err(pcb, n, error)                                             \
    (backlog = backlog < BACKLOG_MIN ? BACKLOG_MIN : MIN(backlog, BACKLOG_MAX),                    \
     (tcp_listen_with_backlog_and_err)(pcb, (u8_t)backlog, error))

/* Reading from a server would take its queue for data. The module's assertions stand at the right
 * places, in functions that report an error through `_errno`. */
#define assert(condition)                                                                          \
    do {                                                                                           \
        if (socket->state == STATE_LISTENING || !(condition)) {                                    \
            *_errno = MP_ENOTCONN;                                                                 \
            return MP_STREAM_ERROR;                                                                \
        }                                                                                          \
    } while (0)

/* lwIP is the firmware's: Python neither restarts it nor drives its timers. */
#define lwip_init()          ((void)0)
#define sys_check_timeouts() ((void)0)

#define printf(...) mp_printf(&mp_plat_print, __VA_ARGS__)

#include "extmod/modlwip.c"

#undef lwip_socket_connect
#undef _lwip_tcp_recv
#undef _lwip_tcp_error

/* RFC 9293, 3.10.7.3: a reset in answer to our SYN means that the peer refuses. The module would
 * call it a connection that was reset. */
static void _lwip_tcp_error(void *arg, err_t error)
{
    const lwip_socket_obj_t *socket = arg;
    bool refused = error == ERR_RST && socket->state == STATE_CONNECTING;
    module_tcp_error(arg, refused ? ERR_WOULDBLOCK : error);
}

/* A peer may have answered and closed before connect() looks at the state, which would not be
 * "connected" any more: an error without a number. So the peer's end is kept back until connect()
 * returns. */
static struct connecting {
    nlr_jump_callback_node_t on_return;
    lwip_socket_obj_t *socket;
    bool peer_closed;
    struct connecting *outer; /* while one waits, a callback of the program may begin another */
} * connecting;

static err_t _lwip_tcp_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *pbuf, err_t error)
{
    for (struct connecting *one = connecting; one != NULL && pbuf == NULL; one = one->outer) {
        if (one->socket == arg) {
            one->peer_closed = true;
            return ERR_OK;
        }
    }
    return module_tcp_recv(arg, pcb, pbuf, error);
}

static void connect_returns(void *context)
{
    const struct connecting *one = context;
    lwip_socket_obj_t *socket = one->socket;
    connecting = one->outer;
    if (one->peer_closed && socket->pcb.tcp != NULL) {
        module_tcp_recv(socket, socket->pcb.tcp, NULL, ERR_OK);
    }
}

static mp_obj_t lwip_socket_connect(mp_obj_t self, mp_obj_t address)
{
    struct connecting one = {.socket = MP_OBJ_TO_PTR(self), .outer = connecting};
    connecting = &one;
    nlr_push_jump_callback(&one.on_return, connect_returns);
    module_connect(self, address);
    nlr_pop_jump_callback(true);
    return mp_const_none;
}

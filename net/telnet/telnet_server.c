#include "net/telnet/telnet_server.h"

#include <string.h>

#include "hal/clock.h"
#include "hal/result.h"
#include "net/stack/stack.h"
#include "net/telnet/last_line.h"
#include "net/telnet/telnet_session.h"
#include "system/console.h"

#define BACKLOG           64 /* a crowd at once is told in words, not left waiting */
#define KEEPALIVE_IDLE_MS 60000u
#define KEEPALIVE_STEP_MS 10000u
#define KEEPALIVE_COUNT   5u
/* A client may send many tiny segments, each of which occupies a whole frame: so many are kept,
 * then TCP is told to wait. */
#define PENDING_FRAMES_MAX 48

struct connection {
    struct tcp_pcb *pcb;  /* NULL: the place is free */
    struct pbuf *pending; /* received, not consumed; acknowledged when it is */
    bool finished;        /* the client has sent its last byte */
    bool failed;          /* the dialogue could not be sent */
    bool stalled;
    uint64_t accepted_us; /* link time */
    uint32_t taken;       /* bytes that the client has acknowledged, modulo 2^32 */
    struct telnet_session session;
    struct telnet_io io;
};

static struct connection connections[TELNET_CONNECTIONS];
static struct connection *owner; /* is logged in: has the console; NULL: nobody */
static struct tcp_pcb *listener; /* NULL: the server is stopped */
static struct last_line last_line;
static const char *greeting;
static uint64_t idle_limit_us;
static bool unsent; /* console output that TCP holds back until the next poll */
static uint64_t waiting_until_us =
    HAL_CLOCK_NEVER; /* link time, while console output waits for the client */

static void forget(struct connection *connection)
{
    if (connection->pending != NULL)
        pbuf_free(connection->pending);
    if (owner == connection)
        owner = NULL;
    connection->pending = NULL;
    connection->pcb = NULL;
}

/* The last words have been written: let the client go. */
static void let_go(struct connection *connection)
{
    struct tcp_pcb *pcb = connection->pcb;
    if (connection->pending != NULL)
        tcp_recved(pcb, connection->pending->tot_len);
    forget(connection);
    stack_linger(pcb);
}

/* ---- what the session asks for */

static void io_send(void *context, const void *data, size_t size)
{
    struct connection *connection = context;
    if (tcp_sndbuf(connection->pcb) >= size &&
        tcp_write(connection->pcb, data, (u16_t)size, TCP_WRITE_FLAG_COPY) == ERR_OK)
        return;
    /* An answer to a client that does not read may be lost; the dialogue may not. */
    if (connection->session.state != TELNET_OPEN)
        connection->failed = true;
}

static bool io_claim(void *context)
{
    if (owner != NULL)
        return false;
    owner = context;
    return true;
}

static size_t io_type(void *context, const uint8_t *data, size_t size)
{
    (void)context;
    return console_offer(data, size);
}

static void io_interrupt(void *context)
{
    (void)context;
    console_interrupt();
    console_offer((const uint8_t *)"\x03",
                  1); /* at the prompt it is an ordinary character, which clears the line */
}

/* ---- what TCP reports */

static err_t on_receive(void *context, struct tcp_pcb *pcb, struct pbuf *pbuf, err_t error)
{
    struct connection *connection = context;
    if (pbuf == NULL) {
        connection->finished = true;
        return ERR_OK;
    }
    if (connection->pending == NULL)
        connection->pending = pbuf;
    else if (pbuf_clen(connection->pending) >= PENDING_FRAMES_MAX)
        return ERR_MEM;
    else
        pbuf_cat(connection->pending, pbuf);
    return ERR_OK;
}

static err_t on_sent(void *context, struct tcp_pcb *pcb, u16_t size)
{
    struct connection *connection = context;
    connection->taken += size;
    telnet_session_touch(&connection->session, hal_clock_us());
    return ERR_OK;
}

static void on_error(void *context, err_t error)
{
    forget(context); /* the PCB is gone already */
}

static struct connection *free_place(void)
{
    for (size_t i = 0; i < TELNET_CONNECTIONS; i++) {
        if (connections[i].pcb == NULL)
            return &connections[i];
    }
    return NULL;
}

static void say(struct tcp_pcb *pcb, const char *words)
{
    tcp_write(pcb, words, (u16_t)strlen(words), 0);
}

/* Make room for a newcomer; NULL: everybody has come just now. */
static struct connection *evict_oldest(void)
{
    struct connection *oldest = &connections[0];
    for (size_t i = 1; i < TELNET_CONNECTIONS; i++) {
        if (connections[i].accepted_us < oldest->accepted_us)
            oldest = &connections[i];
    }
    if (hal_clock_link_us() - oldest->accepted_us < TELNET_GRACE_US)
        return NULL;
    say(oldest->pcb, "\r\nToo many connections: this one makes room.\r\n");
    let_go(oldest);
    return oldest;
}

static void refuse(struct tcp_pcb *pcb, const char *words)
{
    say(pcb, words);
    stack_linger(pcb);
}

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    if (error != ERR_OK || pcb == NULL)
        return ERR_VAL;
    tcp_nagle_disable(pcb);
    if (owner != NULL && owner->finished)
        let_go(owner); /* its client is gone; what is left of its input was for nobody */
    if (owner != NULL) {
        refuse(pcb, "Another telnet session is open: close it first.\r\n");
        return ERR_OK;
    }
    struct connection *connection = free_place();
    if (connection == NULL)
        connection = evict_oldest(); /* none of them is logged in */
    if (connection == NULL) {
        refuse(pcb, "Too many connections: try again in a few seconds.\r\n");
        return ERR_OK;
    }
    memset(connection, 0, sizeof *connection);
    connection->pcb = pcb;
    connection->accepted_us = hal_clock_link_us();
    connection->io =
        (struct telnet_io){connection, io_send, login_check, io_claim, io_type, io_interrupt};
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = KEEPALIVE_IDLE_MS;
    pcb->keep_intvl = KEEPALIVE_STEP_MS;
    pcb->keep_cnt = KEEPALIVE_COUNT;
    tcp_arg(pcb, connection);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    telnet_session_start(&connection->session, &connection->io, greeting, hal_clock_us());
    return ERR_OK;
}

/* ---- the console's output */

/* Wait until the client has taken something; false when it has stalled or is gone. */
static bool wait_for_client(struct connection *connection)
{
    const struct tcp_pcb *pcb = connection->pcb;
    uint32_t taken = connection->taken;
    uint64_t deadline_us = hal_clock_link_us() + TELNET_STALL_US;
    while (connection->taken == taken) {
        if (hal_clock_link_us() >= deadline_us) {
            connection->stalled = true;
            return false;
        }
        waiting_until_us = deadline_us;
        loop_wait(HAL_CLOCK_NEVER);
        waiting_until_us = HAL_CLOCK_NEVER;
        if (owner != connection || connection->pcb != pcb)
            return false;
    }
    return true;
}

/* Send all of `data` to the client, or drop the rest by the rule in the header. */
static void send_output(struct connection *connection, const char *data, size_t size)
{
    struct tcp_pcb *pcb = connection->pcb;
    while (size > 0 && !connection->stalled) {
        size_t part = size < tcp_sndbuf(pcb) ? size : tcp_sndbuf(pcb);
        if (part > 0 && tcp_write(pcb, data, (u16_t)part, TCP_WRITE_FLAG_COPY) == ERR_OK) {
            unsent = true; /* again after each: a poll while we waited may have sent what was there */
            data += part;
            size -= part;
        } else if (!wait_for_client(connection)) {
            return;
        }
    }
}

static void on_output(const char *data, size_t size)
{
    last_line_print(&last_line, data, size);
    /* RFC 854: a data byte 255 is sent twice. */
    while (size > 0 && owner != NULL) {
        const char *escape = memchr(data, TELNET_IAC, size);
        size_t part = escape == NULL ? size : (size_t)(escape - data) + 1;
        send_output(owner, data, part);
        if (escape != NULL && owner != NULL)
            send_output(owner, "\xff", 1);
        data += part;
        size -= part;
    }
}

/* ---- the loop client */

void telnet_server_init(const char *banner)
{
    greeting = banner;
    console_set_remote(on_output);
}

int telnet_server_start(void)
{
    if (listener != NULL) {
        return 0;
    }
    listener = stack_listen(TELNET_PORT, BACKLOG);
    if (listener == NULL) {
        return HAL_ERROR_FAILED;
    }
    tcp_accept(listener, on_accept);
    return 0;
}

void telnet_server_stop(void)
{
    if (listener == NULL) {
        return;
    }
    tcp_close(listener);
    listener = NULL;
    for (size_t i = 0; i < TELNET_CONNECTIONS; i++) {
        if (connections[i].pcb != NULL) {
            let_go(&connections[i]);
        }
    }
}

void telnet_server_set_idle(uint64_t idle_us)
{
    idle_limit_us = idle_us;
}

static void show_last_line(struct connection *connection)
{
    tcp_write(connection->pcb, last_line.text, (u16_t)last_line.size, TCP_WRITE_FLAG_COPY);
}

static void consume(struct connection *connection)
{
    struct telnet_session *session = &connection->session;
    uint64_t now_us = hal_clock_us();
    bool was_open = session->state == TELNET_OPEN;
    telnet_session_input(session, NULL, 0, now_us);
    while (connection->pending != NULL && session->state != TELNET_CLOSED) {
        size_t used = telnet_session_input(session, connection->pending->payload,
                                           connection->pending->len, now_us);
        if (used == 0)
            break;
        connection->pending = pbuf_free_header(connection->pending, (u16_t)used);
        tcp_recved(connection->pcb, (u16_t)used);
    }
    if (!was_open && session->state == TELNET_OPEN)
        show_last_line(connection);
}

/* A stalled client has taken half of the send buffer: tell it what it missed. */
static void end_stall(struct connection *connection)
{
    connection->stalled = false;
    say(connection->pcb, "\r\n[output lost]\r\n");
    show_last_line(connection);
}

void telnet_server_poll(void)
{
    unsent = false;
    for (size_t i = 0; i < TELNET_CONNECTIONS; i++) {
        struct connection *connection = &connections[i];
        if (connection->pcb == NULL)
            continue;
        consume(connection);
        if (connection->stalled && tcp_sndbuf(connection->pcb) >= TCP_SND_BUF / 2)
            end_stall(connection);
        telnet_session_check_idle(&connection->session, hal_clock_us(), idle_limit_us);
        bool all_taken =
            connection->pending == NULL && !telnet_session_is_holding(&connection->session);
        if (connection->session.state == TELNET_CLOSED || connection->failed ||
            (connection->finished && all_taken))
            let_go(connection);
        else
            tcp_output(connection->pcb);
    }
}

void telnet_server_deadline(struct loop_deadline *deadline)
{
    uint64_t link_us = unsent ? 0 : waiting_until_us;
    if (link_us < deadline->link_us)
        deadline->link_us = link_us;
    for (size_t i = 0; i < TELNET_CONNECTIONS; i++) {
        const struct connection *connection = &connections[i];
        if (connection->pcb == NULL)
            continue;
        uint64_t idle_us = connection->session.active_us + idle_limit_us;
        if (idle_us < deadline->board_us)
            deadline->board_us = idle_us;
        if (telnet_session_is_holding(&connection->session))
            console_offer_deadline(deadline);
    }
}

#include "net/telnet/telnet_server.h"

#include <string.h>

#include "hal/clock.h"
#include "hal/result.h"
#include "lib/text.h"
#include "net/stack/stack.h"
#include "net/telnet/telnet_internal.h"
#include "system/console.h"

#define BACKLOG           64 /* a crowd at once is told in words, not left waiting */
#define KEEPALIVE_IDLE_MS 60000u
#define KEEPALIVE_STEP_MS 10000u
#define KEEPALIVE_COUNT   5u
/* A client may send many tiny segments, each of which occupies a whole frame: so many are kept,
 * then TCP is told to wait. */
#define PENDING_FRAMES_MAX 48

static struct telnet_connection connections[TELNET_CONNECTIONS];
static struct tcp_pcb *listener; /* NULL: the server is stopped */
static const char *greeting;
static uint64_t idle_limit_us;
static size_t turn; /* whose next login is looked at */

static struct telnet_time now(void)
{
    return (struct telnet_time){.board_us = hal_clock_us(), .link_us = hal_clock_link_us()};
}

static void forget(struct telnet_connection *connection)
{
    if (connection->pending != NULL) {
        pbuf_free(connection->pending);
    }
    if (telnet_owner == connection) {
        telnet_owner = NULL;
        console_set_size((struct console_size){0});
    }
    connection->pending = NULL;
    connection->pcb = NULL;
}

/* The last words have been written: let the client go. */
static void let_go(struct telnet_connection *connection)
{
    struct tcp_pcb *pcb = connection->pcb;
    if (connection->pending != NULL) {
        tcp_recved(pcb, connection->pending->tot_len);
    }
    forget(connection);
    stack_linger(pcb);
}

/* ---- what the session asks for */

static void io_send(void *context, const void *data, size_t size)
{
    struct telnet_connection *connection = context;
    /* An answer to a client that does not read may be lost; the dialogue may not. */
    if (!telnet_send(connection->pcb, data, size) && connection->session.state != TELNET_OPEN) {
        connection->failed = true;
    }
}

static void text_address(struct text *text, const struct telnet_connection *connection)
{
    char address[IP4ADDR_STRLEN_MAX];
    text_string(text, ip4addr_ntoa_r(&connection->pcb->remote_ip, address, sizeof address));
}

static bool io_claim(void *context, bool take_over)
{
    struct telnet_connection *connection = context;
    if (telnet_owner != NULL) {
        if (!telnet_owner->finished && !take_over) {
            return false;
        }
        char words[TELNET_OWNER_MAX + 1] = {0};
        struct text text = {words, sizeof words - 1, 0};
        text_string(&text, "\r\nTaken over by a session from ");
        text_address(&text, connection);
        text_string(&text, ".\r\n");
        telnet_say(telnet_owner->pcb, words);
        let_go(telnet_owner);
    }
    telnet_owner = connection;
    return true;
}

static void io_describe_owner(void *context, char description[TELNET_OWNER_MAX])
{
    struct text text = {description, TELNET_OWNER_MAX - 1, 0};
    text_address(&text, telnet_owner);
    text_string(&text, ", idle ");
    text_number(&text, (uint32_t)((hal_clock_link_us() - telnet_owner->session.heard_us) / 1000000),
                0, ' ');
    text_string(&text, " s");
    description[text.length] = '\0';
}

static size_t io_type(void *context, const uint8_t *data, size_t size)
{
    telnet_output_resume(context);
    return console_offer(data, size);
}

static void io_interrupt(void *context)
{
    telnet_output_resume(context);
    console_interrupt();
}

static void io_abort_output(void *context)
{
    telnet_output_abort(context);
}

static void io_resize(void *context, uint16_t columns, uint16_t rows)
{
    console_set_size((struct console_size){columns, rows});
}

static const struct telnet_io services = {
    .send = io_send,
    .login = login_try,
    .notice = login_notice,
    .claim = io_claim,
    .describe_owner = io_describe_owner,
    .type = io_type,
    .interrupt = io_interrupt,
    .abort_output = io_abort_output,
    .resize = io_resize,
};

/* ---- what TCP reports */

static err_t on_receive(void *context, struct tcp_pcb *pcb, struct pbuf *pbuf, err_t error)
{
    struct telnet_connection *connection = context;
    if (pbuf == NULL) {
        connection->finished = true;
        return ERR_OK;
    }
    if (connection->pending == NULL) {
        connection->pending = pbuf;
    } else if (pbuf_clen(connection->pending) >= PENDING_FRAMES_MAX) {
        return ERR_MEM;
    } else {
        pbuf_cat(connection->pending, pbuf);
    }
    return ERR_OK;
}

static err_t on_sent(void *context, struct tcp_pcb *pcb, u16_t size)
{
    struct telnet_connection *connection = context;
    connection->taken += size;
    telnet_session_touch(&connection->session, hal_clock_us());
    return ERR_OK;
}

static void on_error(void *context, err_t error)
{
    forget(context); /* the PCB is gone already */
}

static struct telnet_connection *free_place(void)
{
    for (size_t i = 0; i < TELNET_CONNECTIONS; i++) {
        if (connections[i].pcb == NULL) {
            return &connections[i];
        }
    }
    return NULL;
}

/* Whether `a` makes room before `b`: a guesser before who may just be typing the right password. */
static bool goes_before(const struct telnet_connection *a, const struct telnet_connection *b)
{
    bool a_failed = telnet_session_has_failed(&a->session);
    bool b_failed = telnet_session_has_failed(&b->session);
    return a_failed == b_failed ? a->accepted_us < b->accepted_us : a_failed;
}

/* Make room for a newcomer, by one that has not given the right password. NULL: all of them have.
 */
static struct telnet_connection *evict(void)
{
    struct telnet_connection *first = NULL;
    for (size_t i = 0; i < TELNET_CONNECTIONS; i++) {
        if (!telnet_session_knows_password(&connections[i].session) &&
            (first == NULL || goes_before(&connections[i], first))) {
            first = &connections[i];
        }
    }
    if (first != NULL) {
        telnet_say(first->pcb, "\r\nToo many connections: this one makes room. Connect again.\r\n");
        let_go(first);
    }
    return first;
}

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    if (error != ERR_OK || pcb == NULL) {
        return ERR_VAL;
    }
    tcp_nagle_disable(pcb);
    struct telnet_connection *connection = free_place();
    if (connection == NULL) {
        connection = evict();
    }
    if (connection == NULL) {
        telnet_say(pcb, "Too many connections: try again in a few seconds.\r\n");
        stack_linger(pcb);
        return ERR_OK;
    }
    memset(connection, 0, sizeof *connection);
    connection->pcb = pcb;
    connection->accepted_us = hal_clock_link_us();
    connection->io = services;
    connection->io.context = connection;
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = KEEPALIVE_IDLE_MS;
    pcb->keep_intvl = KEEPALIVE_STEP_MS;
    pcb->keep_cnt = KEEPALIVE_COUNT;
    tcp_arg(pcb, connection);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    telnet_session_start(&connection->session, &connection->io, greeting, now());
    return ERR_OK;
}

/* ---- the loop client */

void telnet_server_init(const char *banner)
{
    greeting = banner;
    telnet_output_init();
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

/* Whether it waits for its turn to log in. */
static bool wants_turn(const struct telnet_connection *connection)
{
    return connection->pcb != NULL && connection->pending != NULL &&
           telnet_session_is_logging_in(&connection->session);
}

/* A try to log in may cost a hash (net/login/login.h): one connection in a poll may do that, in
 * turn. */
static void next_turn(void)
{
    for (size_t i = 0; i < TELNET_CONNECTIONS; i++) {
        turn = (turn + 1) % TELNET_CONNECTIONS;
        if (wants_turn(&connections[turn])) {
            return;
        }
    }
}

static void consume(struct telnet_connection *connection)
{
    struct telnet_session *session = &connection->session;
    struct telnet_time time = now();
    telnet_session_poll(session, time, idle_limit_us);
    if (wants_turn(connection) && connection != &connections[turn]) {
        return;
    }
    bool was_open = session->state == TELNET_OPEN;
    telnet_session_input(session, NULL, 0, time);
    while (connection->pending != NULL && session->state != TELNET_CLOSED) {
        size_t used = telnet_session_input(session, connection->pending->payload,
                                           connection->pending->len, time);
        if (used == 0) {
            break;
        }
        connection->pending = pbuf_free_header(connection->pending, (u16_t)used);
        tcp_recved(connection->pcb, (u16_t)used);
    }
    if (!was_open && session->state == TELNET_OPEN) {
        telnet_output_show_line(connection);
    }
}

/* Whether a client that sends no more has nothing to wait for either: its input is consumed, its
 * failure told, Python, if it got there, has done what it typed, and it has taken what that made.
 */
static bool is_done(const struct telnet_connection *connection)
{
    if (!connection->finished || connection->pending != NULL ||
        telnet_session_is_holding(&connection->session) ||
        connection->session.state == TELNET_REFUSING || tcp_sndqueuelen(connection->pcb) > 0) {
        return false;
    }
    return connection != telnet_owner || (console_is_waiting() && !connection->stalled);
}

void telnet_server_poll(void)
{
    telnet_output_sent();
    next_turn();
    for (size_t i = 0; i < TELNET_CONNECTIONS; i++) {
        struct telnet_connection *connection = &connections[i];
        if (connection->pcb == NULL) {
            continue;
        }
        consume(connection);
        if (connection == telnet_owner) {
            telnet_output_poll(connection);
        }
        if (connection->session.state == TELNET_CLOSED || connection->failed ||
            is_done(connection)) {
            let_go(connection);
        } else {
            tcp_output(connection->pcb);
        }
    }
}

void telnet_server_deadline(struct loop_deadline *deadline)
{
    telnet_output_deadline(deadline);
    for (size_t i = 0; i < TELNET_CONNECTIONS; i++) {
        const struct telnet_connection *connection = &connections[i];
        if (connection->pcb == NULL) {
            continue;
        }
        telnet_session_deadline(&connection->session, idle_limit_us, deadline);
        if (wants_turn(connection) || is_done(connection)) {
            deadline->link_us = 0;
        }
        if (telnet_session_is_holding(&connection->session)) {
            console_offer_deadline(deadline);
        }
    }
}

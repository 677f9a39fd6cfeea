#include "net/telnet/telnet_session.h"

#include <string.h>

#define IAC  "\xff"
#define WILL "\xfb"
#define WONT "\xfc"
#define ECHO "\x01"
#define SGA  "\x03"
#define LINE "\x22"

static const char user_options[] = IAC WONT ECHO IAC WONT SGA IAC WILL LINE;
static const char password_options[] = IAC WILL ECHO IAC WONT SGA IAC WILL LINE;
static const char console_options[] = IAC WILL ECHO IAC WILL SGA IAC WONT LINE;

static bool bit(const uint8_t *set, unsigned number)
{
    return (set[number / 8] >> (number % 8) & 1) != 0;
}

static void set_bit(uint8_t *set, unsigned number, bool on)
{
    uint8_t mask = (uint8_t)(1u << (number % 8));
    set[number / 8] = (uint8_t)(on ? set[number / 8] | mask : set[number / 8] & ~mask);
}

static void send(struct telnet_session *session, const char *text)
{
    session->io->send(session->io->context, text, strlen(text));
}

/* Announce three options, as IAC WILL/WONT OPTION each. */
static void announce(struct telnet_session *session, const char *options)
{
    for (const char *option = options; *option != '\0'; option += 3)
        set_bit(session->will, (uint8_t)option[2], (uint8_t)option[1] == TELNET_WILL);
    send(session, options);
}

static void ask_user(struct telnet_session *session)
{
    session->state = TELNET_USER;
    announce(session, user_options);
    send(session, "Login as: ");
}

void telnet_session_start(struct telnet_session *session, const struct telnet_io *io,
                          const char *banner, uint64_t now_us)
{
    memset(session, 0, sizeof *session);
    session->io = io;
    session->active_us = now_us;
    telnet_parser_init(&session->parser);
    send(session, banner);
    send(session, "\r\n");
    ask_user(session);
}

static void refuse_login(struct telnet_session *session)
{
    send(session, "\r\nInvalid credentials, try again.\r\n");
    if (++session->failures >= TELNET_TRIES)
        session->state = TELNET_CLOSED;
    else
        ask_user(session);
}

static void open_console(struct telnet_session *session)
{
    if (!session->io->claim(session->io->context)) {
        send(session, "\r\nAnother telnet session is open: close it first.\r\n");
        session->state = TELNET_CLOSED;
        return;
    }
    announce(session, console_options);
    send(session, "\r\nLogin succeeded!\r\nType \"help()\" for more information.\r\n");
    session->state = TELNET_OPEN;
}

static void end_of_line(struct telnet_session *session)
{
    bool too_long = session->line_size > LOGIN_TEXT_MAX;
    session->line[too_long ? LOGIN_TEXT_MAX : session->line_size] = '\0';
    session->line_size = 0;
    if (session->state == TELNET_USER) {
        memcpy(session->user, session->line, sizeof session->user);
        session->user_too_long = too_long;
        session->state = TELNET_PASSWORD;
        announce(session, password_options); /* first: the client must hide what is typed from here on */
        send(session, "Password: ");
    } else {
        bool right = session->io->login(session->user, session->line) && !too_long &&
                     !session->user_too_long;
        memset(session->line, 0, sizeof session->line);
        if (right)
            open_console(session);
        else
            refuse_login(session);
    }
}

static void login_byte(struct telnet_session *session, uint8_t byte)
{
    if (byte == '\r' || byte == '\n') {
        end_of_line(session);
    } else if (byte == '\b' || byte == 0x7f) {
        if (session->line_size > 0)
            session->line_size--;
    } else {
        if (session->line_size < LOGIN_TEXT_MAX)
            session->line[session->line_size] = (char)byte;
        if (++session->line_size > TELNET_LINE_MAX) {
            send(session, "\r\nInvalid credentials, try again.\r\n");
            session->state = TELNET_CLOSED;
        }
    }
}

/* The client asks for or about an option. What we have not offered is refused, once: an answer to
 * every request would invite a loop with a client that insists. DO answers our offer; WONT needs no
 * answer, as nothing was ever accepted. */
static void option(struct telnet_session *session, uint8_t verb, uint8_t number)
{
    unsigned request;
    uint8_t answer;
    if (verb == TELNET_DO && !bit(session->will, number)) {
        request = number;
        answer = TELNET_WONT;
    } else if (verb == TELNET_WILL) {
        request = 256u + number;
        answer = TELNET_DONT;
    } else {
        return;
    }
    if (bit(session->refused, request))
        return;
    set_bit(session->refused, request, true);
    session->io->send(session->io->context, (const uint8_t[]){TELNET_IAC, answer, number}, 3);
}

static void command(struct telnet_session *session, const struct telnet_event *event)
{
    switch (event->command) {
    case TELNET_WILL:
    case TELNET_WONT:
    case TELNET_DO:
    case TELNET_DONT:
        option(session, event->command, event->option);
        break;
    case TELNET_AYT:
        send(session, "\r\n[WiPy: yes]\r\n");
        break;
    case TELNET_IP:
    case TELNET_BRK:
        if (session->state == TELNET_OPEN) {
            session->typed_size = 0;
            session->io->interrupt(session->io->context);
        }
        break;
    default:
        break;
    }
}

/* Offer the console what is kept; true when all was taken. */
static bool offer(struct telnet_session *session)
{
    if (session->typed_size == 0)
        return true;
    size_t taken = session->io->type(session->io->context, session->typed, session->typed_size);
    session->typed_size = (uint8_t)(session->typed_size - taken);
    memmove(session->typed, session->typed + taken, session->typed_size);
    return session->typed_size == 0;
}

size_t telnet_session_input(struct telnet_session *session, const uint8_t *data, size_t size,
                            uint64_t now_us)
{
    size_t used = 0;
    if (size > 0)
        session->active_us = now_us;
    while (session->state != TELNET_CLOSED && offer(session) && used < size) {
        /* one byte at a time until the login is through: the state may change with each */
        bool open = session->state == TELNET_OPEN;
        uint8_t decoded[sizeof session->typed];
        size_t count;
        struct telnet_event event;
        used += telnet_parser_feed(&session->parser, data + used, size - used, decoded,
                                   open ? sizeof decoded : 1, &count, &event);
        if (open) {
            memcpy(session->typed, decoded, count);
            session->typed_size = (uint8_t)count;
            if (event.command != 0)
                offer(session);
        } else if (count > 0) {
            login_byte(session, decoded[0]);
        }
        if (event.command != 0)
            command(session, &event);
    }
    return used;
}

bool telnet_session_is_holding(const struct telnet_session *session)
{
    return session->typed_size > 0;
}

void telnet_session_touch(struct telnet_session *session, uint64_t now_us)
{
    session->active_us = now_us;
}

void telnet_session_check_idle(struct telnet_session *session, uint64_t now_us, uint64_t limit_us)
{
    if (session->state == TELNET_CLOSED || now_us - session->active_us < limit_us)
        return;
    send(session, "\r\nSession closed: idle for too long.\r\n");
    session->state = TELNET_CLOSED;
}

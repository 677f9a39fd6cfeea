#include "net/telnet/telnet_session.h"

#include <string.h>

#define IAC  "\xff"
#define WILL "\xfb"
#define WONT "\xfc"
#define ECHO "\x01"
#define SGA  "\x03"
#define LINE "\x22"

#define BACKSPACE 0x08
#define DELETE    0x7f
#define CTRL_U    0x15

#define LINE_KEPT (LOGIN_TEXT_MAX + 1u)

static const char user_options[] = IAC WONT ECHO IAC WONT SGA IAC WILL LINE;
static const char password_options[] = IAC WILL ECHO IAC WONT SGA IAC WILL LINE;
static const char console_options[] = IAC WILL ECHO IAC WILL SGA IAC WONT LINE;

static void send(struct telnet_session *session, const char *text)
{
    session->io->send(session->io->context, text, strlen(text));
}

/* Announce three options, as IAC WILL/WONT OPTION each. */
static void announce(struct telnet_session *session, const char *options)
{
    for (const char *option = options; *option != '\0'; option += 3) {
        telnet_options_offer(&session->options, (uint8_t)option[1], (uint8_t)option[2]);
    }
    send(session, options);
}

static void close_with(struct telnet_session *session, const char *words)
{
    send(session, words);
    session->state = TELNET_CLOSED;
}

/* Until the login is through lines end as in text, whatever is agreed: the LF of a CR LF is no
 * empty password. */
static void follow_binary(struct telnet_session *session)
{
    session->parser.binary =
        session->state == TELNET_OPEN && telnet_options_theirs(&session->options, TELNET_BINARY);
}

/* ---- login */

static void ask_user(struct telnet_session *session)
{
    session->state = TELNET_USER;
    announce(session, user_options);
    send(session, "Login as: ");
}

void telnet_session_start(struct telnet_session *session, const struct telnet_io *io,
                          const char *banner, struct telnet_time now)
{
    memset(session, 0, sizeof *session);
    session->io = io;
    session->active_us = now.board_us;
    session->heard_us = now.link_us;
    telnet_parser_init(&session->parser);
    send(session, banner);
    send(session, "\r\n");
    ask_user(session);
}

static void refuse_login(struct telnet_session *session)
{
    send(session, "\r\nInvalid credentials, try again.\r\n");
    if (++session->failures >= TELNET_TRIES) {
        close_with(session, "Too many tries: connect again.\r\n");
    } else {
        ask_user(session);
    }
}

static void open_console(struct telnet_session *session)
{
    send(session, "\r\nLogin succeeded!\r\nType \"help()\" for more information.\r\n");
    const char *notice = session->io->notice();
    if (notice != NULL) { /* after the line that tools wait for, not among those that they parse */
        send(session, notice);
        send(session, "\r\n");
    }
    session->state = TELNET_OPEN;
    follow_binary(session);
    session->io->resize(session->io->context, session->columns, session->rows);
}

static void ask_to_take_over(struct telnet_session *session, struct telnet_time now)
{
    char owner[TELNET_OWNER_MAX];
    session->io->describe_owner(session->io->context, owner);
    send(session, "\r\nsession from ");
    send(session, owner);
    send(session, ": take over? [y/N] ");
    session->due_us = now.link_us + TELNET_ANSWER_US;
    session->state = TELNET_QUESTION;
}

static void answer(struct telnet_session *session, uint8_t key)
{
    if (key == 'y' || key == 'Y') {
        session->answered = session->answering = true;
        send(session, "y");
        session->io->claim(session->io->context, true);
        open_console(session);
    } else {
        close_with(session, "n\r\nThe other session stays.\r\n");
    }
}

static void log_in(struct telnet_session *session, struct telnet_time now)
{
    bool right = session->io->login(session->user, session->line, now.link_us, &session->due_us);
    memset(session->line, 0, sizeof session->line);
    if (!right) {
        session->state = TELNET_REFUSING;
        return;
    }
    bool free = session->io->claim(session->io->context, false);
    announce(session, console_options);
    if (free) {
        open_console(session);
    } else {
        ask_to_take_over(session, now);
    }
}

static void end_of_line(struct telnet_session *session, struct telnet_time now)
{
    session->line[session->line_size < LINE_KEPT ? session->line_size : LINE_KEPT] = '\0';
    session->line_size = 0;
    if (session->state == TELNET_USER) {
        memcpy(session->user, session->line, sizeof session->user);
        session->state = TELNET_PASSWORD;
        announce(session,
                 password_options); /* first: the client must hide what is typed from here on */
        send(session, "Password: ");
    } else {
        log_in(session, now);
    }
}

/* Take the last character back, which in UTF-8 may be several bytes. */
static void erase_character(struct telnet_session *session)
{
    bool continues = true;
    while (continues && session->line_size > 0) {
        session->line_size--;
        continues = session->line_size < LINE_KEPT &&
                    ((uint8_t)session->line[session->line_size] & 0xc0) == 0x80;
    }
}

static bool is_end_of_line(uint8_t byte)
{
    return byte == '\r' || byte == '\n';
}

static void login_byte(struct telnet_session *session, uint8_t byte, struct telnet_time now)
{
    if (is_end_of_line(byte)) {
        end_of_line(session, now);
    } else if (byte == BACKSPACE || byte == DELETE) {
        erase_character(session);
    } else if (byte == CTRL_U) {
        session->line_size = 0;
    } else {
        if (session->line_size < LINE_KEPT) {
            session->line[session->line_size] = (char)byte;
        }
        if (++session->line_size > TELNET_LINE_MAX) {
            close_with(session, "\r\nThis is too long for a login.\r\n");
        }
    }
}

/* ---- commands */

static void option(struct telnet_session *session, uint8_t verb, uint8_t number)
{
    uint8_t said = telnet_options_answer(&session->options, verb, number);
    if (said != 0) {
        session->io->send(session->io->context, (const uint8_t[]){TELNET_IAC, said, number}, 3);
    }
    follow_binary(session);
    /* Tools that refuse everything are not asked: they may not expect it. */
    if ((verb == TELNET_DO || verb == TELNET_WILL) && !session->naws_asked) {
        session->naws_asked = true;
        if (!telnet_options_theirs(&session->options, TELNET_NAWS)) {
            telnet_options_ask(&session->options, TELNET_NAWS);
            session->io->send(session->io->context,
                              (const uint8_t[]){TELNET_IAC, TELNET_DO, TELNET_NAWS}, 3);
        }
    }
}

static uint16_t window_size(const uint8_t bytes[2])
{
    unsigned size = (unsigned)bytes[0] << 8 | bytes[1];
    return size >= TELNET_WINDOW_MIN && size <= TELNET_WINDOW_MAX ? (uint16_t)size : 0;
}

/* RFC 1073: the option, width and height, 16 bits each. */
static void subnegotiation(struct telnet_session *session)
{
    const uint8_t *sub = session->parser.sub;
    if (session->parser.sub_size != 5 || sub[0] != TELNET_NAWS) {
        return;
    }
    session->columns = window_size(sub + 1);
    session->rows = window_size(sub + 3);
    if (session->state == TELNET_OPEN) {
        session->io->resize(session->io->context, session->columns, session->rows);
    }
}

static void open_command(struct telnet_session *session, uint8_t command)
{
    switch (command) {
    case TELNET_IP:
    case TELNET_BRK:
        session->typed_size = 0;
        session->io->interrupt(session->io->context);
        break;
    case TELNET_AO:
        session->io->abort_output(session->io->context);
        break;
    case TELNET_EC:
        session->typed[session->typed_size++] = BACKSPACE;
        break;
    case TELNET_EL:
        session->typed[session->typed_size++] = CTRL_U;
        break;
    default:
        break;
    }
}

static void login_command(struct telnet_session *session, uint8_t command, struct telnet_time now)
{
    if (session->state == TELNET_USER || session->state == TELNET_PASSWORD) {
        if (command == TELNET_EC) {
            login_byte(session, BACKSPACE, now);
        } else if (command == TELNET_EL) {
            login_byte(session, CTRL_U, now);
        }
    }
}

static void command(struct telnet_session *session, const struct telnet_event *event,
                    struct telnet_time now)
{
    switch (event->command) {
    case TELNET_WILL:
    case TELNET_WONT:
    case TELNET_DO:
    case TELNET_DONT:
        option(session, event->command, event->option);
        break;
    case TELNET_SB:
        subnegotiation(session);
        break;
    case TELNET_AYT:
        send(session, "\r\n[WiPy: yes]\r\n");
        break;
    default:
        if (session->state == TELNET_OPEN) {
            open_command(session, event->command);
        } else {
            login_command(session, event->command, now);
        }
        break;
    }
}

/* ---- input */

/* Offer the console what is kept; true when all was taken. */
static bool offer(struct telnet_session *session)
{
    if (session->typed_size == 0) {
        return true;
    }
    size_t taken = session->io->type(session->io->context, session->typed, session->typed_size);
    session->typed_size = (uint8_t)(session->typed_size - taken);
    memmove(session->typed, session->typed + taken, session->typed_size);
    return session->typed_size == 0;
}

/* How many bytes still belong to the answer to the question: what came with the key, as the rest
 * of "yes", to the end of the line; of what comes later an end of line. */
static size_t rest_of_answer(struct telnet_session *session, const uint8_t *bytes, size_t count)
{
    size_t rest = 0;
    while (session->answering && rest < count && !is_end_of_line(bytes[rest])) {
        rest++;
    }
    if (session->answered && rest < count) {
        rest += is_end_of_line(bytes[rest]);
        session->answered = session->answering = false;
    }
    return rest;
}

/* The data bytes before the next command. */
static void data_bytes(struct telnet_session *session, const uint8_t *bytes, size_t count,
                       struct telnet_time now)
{
    if (session->state == TELNET_OPEN) {
        size_t rest = rest_of_answer(session, bytes, count);
        bytes += rest;
        count -= rest;
        memcpy(session->typed, bytes, count);
        session->typed_size = (uint8_t)count;
    } else if (session->state == TELNET_QUESTION) {
        answer(session, bytes[0]);
    } else {
        login_byte(session, bytes[0], now);
    }
}

size_t telnet_session_input(struct telnet_session *session, const uint8_t *data, size_t size,
                            struct telnet_time now)
{
    size_t used = 0;
    if (size > 0) {
        session->active_us = now.board_us;
        session->heard_us = now.link_us;
    }
    while (session->state != TELNET_CLOSED && session->state != TELNET_REFUSING && offer(session) &&
           used < size) {
        /* One byte at a time until the login is through: the state may change with each. Then as
         * many as are kept, less one for EC and EL. */
        bool open = session->state == TELNET_OPEN;
        uint8_t decoded[sizeof session->typed - 1];
        size_t count;
        struct telnet_event event;
        used += telnet_parser_feed(&session->parser, data + used, size - used, decoded,
                                   open ? sizeof decoded : 1, &count, &event);
        if (count > 0) {
            data_bytes(session, decoded, count, now);
        }
        if (event.command != 0) {
            offer(session);
            command(session, &event, now);
        }
    }
    session->answering = false;
    return used;
}

/* ---- time */

void telnet_session_poll(struct telnet_session *session, struct telnet_time now,
                         uint64_t idle_limit_us)
{
    if (session->state == TELNET_REFUSING && now.link_us >= session->due_us) {
        refuse_login(session);
    } else if (session->state == TELNET_QUESTION && now.link_us >= session->due_us) {
        close_with(session, "\r\nNo answer: the other session stays.\r\n");
    }
    if (session->state != TELNET_CLOSED && now.board_us - session->active_us >= idle_limit_us) {
        close_with(session, "\r\nSession closed: idle for too long.\r\n");
    }
}

void telnet_session_deadline(const struct telnet_session *session, uint64_t idle_limit_us,
                             struct loop_deadline *deadline)
{
    uint64_t idle_us = session->active_us + idle_limit_us;
    if (idle_us < deadline->board_us) {
        deadline->board_us = idle_us;
    }
    bool waits = session->state == TELNET_REFUSING || session->state == TELNET_QUESTION;
    if (waits && session->due_us < deadline->link_us) {
        deadline->link_us = session->due_us;
    }
}

bool telnet_session_has_failed(const struct telnet_session *session)
{
    return session->failures > 0 || session->state == TELNET_REFUSING;
}

bool telnet_session_is_logging_in(const struct telnet_session *session)
{
    return session->state == TELNET_USER || session->state == TELNET_PASSWORD;
}

bool telnet_session_knows_password(const struct telnet_session *session)
{
    return session->state == TELNET_QUESTION || session->state == TELNET_OPEN;
}

bool telnet_session_is_holding(const struct telnet_session *session)
{
    return session->typed_size > 0;
}

void telnet_session_touch(struct telnet_session *session, uint64_t now_board_us)
{
    session->active_us = now_board_us;
}

#include "board/laptop/ftp_gateway.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TELNET_SE   240u
#define TELNET_SB   250u
#define TELNET_WILL 251u
#define TELNET_DONT 254u
#define TELNET_IAC  255u

/* Where a line of commands is in a telnet sequence. */
enum { TELNET_NONE, TELNET_COMMAND /* behind IAC */, TELNET_OPTION /* ... WILL to DONT */ };

#define VERB_SIZE 5 /* "PORT ", "EPRT " */
#define CODE_SIZE 4 /* "227 ", "229 ", "234 ", "211-" */

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* ---- output */

struct output {
    uint8_t *data;
    size_t size;
};

static void emit(struct output *out, const void *data, size_t size)
{
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

static void emit_line(struct output *out, struct ftp_gateway_line *line)
{
    emit(out, line->text, line->size);
    line->size = 0;
}

/* The line with the bytes from `begin` up to `end` replaced. */
static void emit_replaced(struct output *out, struct ftp_gateway_line *line, size_t begin,
                          size_t end, const char *text)
{
    emit(out, line->text, begin);
    emit(out, text, strlen(text));
    emit(out, line->text + end, line->size - end);
    line->size = 0;
}

/* ---- addresses in lines; positions are indices of line->text */

/* A decimal number up to `max` at `*at`, which moves behind it. False when there is none. */
static bool read_number(const struct ftp_gateway_line *line, size_t *at, unsigned max,
                        unsigned *number)
{
    size_t begin = *at;
    unsigned value = 0;
    while (*at < line->size && is_digit(line->text[*at])) {
        value = value * 10 + (line->text[*at] - '0');
        if (value > max) {
            return false;
        }
        ++*at;
    }
    *number = value;
    return *at > begin;
}

static bool read_byte(const struct ftp_gateway_line *line, size_t *at, uint8_t byte)
{
    if (*at >= line->size || line->text[*at] != byte) {
        return false;
    }
    ++*at;
    return true;
}

/* h1,h2,h3,h4,p1,p2 (RFC 959) */
static bool read_host_port(const struct ftp_gateway_line *line, size_t *at,
                           struct ftp_endpoint *endpoint)
{
    unsigned number[6];
    for (int i = 0; i < 6; i++) {
        if (i > 0 && !read_byte(line, at, ',')) {
            return false;
        }
        if (!read_number(line, at, 255, &number[i])) {
            return false;
        }
        if (i < 4) {
            endpoint->address[i] = (uint8_t)number[i];
        }
    }
    endpoint->port = (uint16_t)(number[4] << 8 | number[5]);
    return true;
}

static void write_host_port(char *text, size_t size, const struct ftp_endpoint *endpoint)
{
    const uint8_t *a = endpoint->address;
    snprintf(text, size, "%u,%u,%u,%u,%u,%u", a[0], a[1], a[2], a[3], endpoint->port >> 8,
             endpoint->port & 255u);
}

/* |1|a.b.c.d|port| with any delimiter (RFC 2428); false also for other protocols than IPv4. */
static bool read_extended(const struct ftp_gateway_line *line, size_t *at,
                          struct ftp_endpoint *endpoint)
{
    if (*at >= line->size) {
        return false;
    }
    uint8_t delimiter = line->text[(*at)++];
    if (is_digit(delimiter) || !read_byte(line, at, '1') || !read_byte(line, at, delimiter)) {
        return false;
    }
    unsigned number;
    for (int i = 0; i < 4; i++) {
        if ((i > 0 && !read_byte(line, at, '.')) || !read_number(line, at, 255, &number)) {
            return false;
        }
        endpoint->address[i] = (uint8_t)number;
    }
    if (!read_byte(line, at, delimiter) || !read_number(line, at, 65535, &number)) {
        return false;
    }
    endpoint->port = (uint16_t)number;
    return read_byte(line, at, delimiter);
}

static void write_extended(char *text, size_t size, char delimiter,
                           const struct ftp_endpoint *endpoint)
{
    const uint8_t *a = endpoint->address;
    snprintf(text, size, "%c1%c%u.%u.%u.%u%c%u%c", delimiter, delimiter, a[0], a[1], a[2], a[3],
             delimiter, endpoint->port, delimiter);
}

/* ---- commands */

/* Nothing but the end of the line follows: a command that is not well-formed is the WiPy's to
 * refuse. */
static bool only_end(const struct ftp_gateway_line *line, size_t at)
{
    while (at < line->size && (line->text[at] == ' ' || line->text[at] == '\r')) {
        at++;
    }
    return at < line->size && line->text[at] == '\n';
}

static void finish_command(struct ftp_gateway *gateway, struct output *out)
{
    struct ftp_gateway_line *line = &gateway->command;
    struct ftp_endpoint client, listening;
    size_t end = VERB_SIZE;
    if (line->size <= VERB_SIZE) {
        emit_line(out, line);
        return;
    }
    bool extended = (line->text[0] | 0x20) == 'e';
    bool valid =
        extended ? read_extended(line, &end, &client) : read_host_port(line, &end, &client);
    if (!valid || !only_end(line, end)) {
        emit_line(out, line);
        return;
    }
    if (!gateway->owner.active(gateway->owner.context, &client, &listening)) {
        listening = (struct ftp_endpoint){0};
    }
    char text[40];
    if (extended) {
        write_extended(text, sizeof text, (char)line->text[VERB_SIZE], &listening);
    } else {
        write_host_port(text, sizeof text, &listening);
    }
    emit_replaced(out, line, VERB_SIZE, end, text);
}

static bool may_become_port(const struct ftp_gateway_line *line)
{
    size_t known = line->size < VERB_SIZE ? line->size : VERB_SIZE;
    return strncasecmp((const char *)line->text, "PORT ", known) == 0 ||
           strncasecmp((const char *)line->text, "EPRT ", known) == 0;
}

/* A byte of the line that is held. */
static void take_text(struct ftp_gateway *gateway, uint8_t byte, struct output *out)
{
    struct ftp_gateway_line *line = &gateway->command;
    line->text[line->size++] = byte;
    if (byte == '\n') {
        finish_command(gateway, out);
    } else if (line->size == sizeof line->text || !may_become_port(line)) {
        emit_line(out, line);
        line->passing = true;
    }
}

/* The byte after an IAC, which is the last of the line so far. */
static void after_iac(struct ftp_gateway *gateway, uint8_t byte, struct output *out)
{
    struct ftp_gateway_line *line = &gateway->command;
    bool has_option = byte >= TELNET_WILL && byte <= TELNET_DONT;
    line->telnet = has_option ? TELNET_OPTION : TELNET_NONE;
    if (byte < TELNET_SE || byte == TELNET_SB || byte == TELNET_IAC) {
        take_text(gateway, byte, out); /* data, or what no FTP client sends */
        return;
    }
    line->size--;
    emit(out, (const uint8_t[]){TELNET_IAC, byte}, 2);
}

static void take_command(struct ftp_gateway *gateway, uint8_t byte, struct output *out)
{
    struct ftp_gateway_line *line = &gateway->command;
    /* Telnet sequences (urgent ABOR, RFC 959) are not part of the line that they are in: they
     * overtake what is held of it. */
    if (line->passing) {
        emit(out, &byte, 1);
        line->passing = byte != '\n';
    } else if (line->telnet == TELNET_OPTION) {
        line->telnet = TELNET_NONE;
        emit(out, &byte, 1);
    } else if (line->telnet == TELNET_COMMAND) {
        after_iac(gateway, byte, out);
    } else if (byte == TELNET_IAC && line->size < sizeof line->text - 1) {
        line->telnet = TELNET_COMMAND;
        line->text[line->size++] = byte;
    } else {
        take_text(gateway, byte, out);
    }
}

/* ---- replies */

static void refuse_passive(struct ftp_gateway_line *line, struct output *out)
{
    static const char refusal[] = "425 The laptop cannot open a data connection.\r\n";
    emit(out, refusal, sizeof refusal - 1);
    line->size = 0;
}

/* The address stands anywhere in the text of a 227 (RFC 1123, 4.1.2.6). */
static void finish_passive(struct ftp_gateway *gateway, struct output *out)
{
    struct ftp_gateway_line *line = &gateway->reply;
    struct ftp_endpoint wipy, listening;
    size_t begin = CODE_SIZE, end = begin;
    while (begin < line->size &&
           (is_digit(line->text[begin - 1]) || !read_host_port(line, &end, &wipy))) {
        end = ++begin;
    }
    if (begin == line->size) {
        emit_line(out, line);
    } else if (!gateway->owner.passive(gateway->owner.context, wipy.port, &listening)) {
        refuse_passive(line, out);
    } else {
        char text[32];
        write_host_port(text, sizeof text, &listening);
        emit_replaced(out, line, begin, end, text);
    }
}

/* Find (|||port|), with any delimiter; `begin` and `end` enclose the port. */
static bool find_extended_port(const struct ftp_gateway_line *line, size_t *begin, size_t *end,
                               unsigned *port)
{
    for (size_t at = CODE_SIZE; at + 1 < line->size; at++) {
        if (line->text[at] != '(') {
            continue;
        }
        uint8_t delimiter = line->text[at + 1];
        *end = at + 2;
        if (!read_byte(line, end, delimiter) || !read_byte(line, end, delimiter)) {
            continue;
        }
        *begin = *end;
        size_t after;
        if (read_number(line, end, 65535, port) &&
            (after = *end, read_byte(line, &after, delimiter))) {
            return true;
        }
    }
    return false;
}

static void finish_extended_passive(struct ftp_gateway *gateway, struct output *out)
{
    struct ftp_gateway_line *line = &gateway->reply;
    struct ftp_endpoint listening;
    size_t begin, end;
    unsigned port;
    if (!find_extended_port(line, &begin, &end, &port)) {
        emit_line(out, line);
    } else if (!gateway->owner.passive(gateway->owner.context, (uint16_t)port, &listening)) {
        refuse_passive(line, out);
    } else {
        char text[8];
        snprintf(text, sizeof text, "%u", listening.port);
        emit_replaced(out, line, begin, end, text);
    }
}

static void finish_reply(struct ftp_gateway *gateway, struct output *out)
{
    struct ftp_gateway_line *line = &gateway->reply;
    if (line->size > CODE_SIZE && memcmp(line->text, "227 ", CODE_SIZE) == 0 &&
        gateway->multiline[0] == 0) {
        finish_passive(gateway, out);
    } else if (line->size > CODE_SIZE && memcmp(line->text, "229 ", CODE_SIZE) == 0 &&
               gateway->multiline[0] == 0) {
        finish_extended_passive(gateway, out);
    } else {
        emit_line(out, line);
    }
}

/* The code of a reply is known: does its line concern us? Follows replies of several lines (RFC
 * 959, 4.2), in which a line may begin like another reply. */
static bool concerns_us(struct ftp_gateway *gateway)
{
    const uint8_t *text = gateway->reply.text;
    if (gateway->multiline[0] != 0) {
        if (memcmp(text, gateway->multiline, 3) == 0 && text[3] == ' ') {
            gateway->multiline[0] = 0;
        }
        return false;
    }
    if (memcmp(text, "234", 3) == 0) {
        gateway->encrypted = true;
        return false;
    }
    if (is_digit(text[0]) && is_digit(text[1]) && is_digit(text[2]) && text[3] == '-') {
        memcpy(gateway->multiline, text, 3);
        return false;
    }
    return memcmp(text, "227 ", CODE_SIZE) == 0 || memcmp(text, "229 ", CODE_SIZE) == 0;
}

static void take_reply(struct ftp_gateway *gateway, uint8_t byte, struct output *out)
{
    struct ftp_gateway_line *line = &gateway->reply;
    if (line->passing) {
        emit(out, &byte, 1);
        line->passing = byte != '\n';
        return;
    }
    line->text[line->size++] = byte;
    if (byte == '\n') {
        finish_reply(gateway, out);
    } else if (line->size == sizeof line->text ||
               (line->size == CODE_SIZE && !concerns_us(gateway))) {
        emit_line(out, line);
        line->passing = true;
    }
}

/* ---- */

void ftp_gateway_init(struct ftp_gateway *gateway, const struct ftp_gateway_owner *owner)
{
    memset(gateway, 0, sizeof *gateway);
    gateway->owner = *owner;
}

static size_t pass(struct ftp_gateway *gateway, struct ftp_gateway_line *line,
                   void (*take)(struct ftp_gateway *, uint8_t, struct output *), const uint8_t *in,
                   size_t size, bool end, uint8_t *data)
{
    struct output out = {data, 0};
    size_t taken = 0;
    while (taken < size && !gateway->encrypted) {
        take(gateway, in[taken++], &out);
    }
    if (gateway->encrypted || end) {
        emit_line(&out, line);
    }
    if (taken < size) {
        emit(&out, in + taken, size - taken);
    }
    return out.size;
}

size_t ftp_gateway_command(struct ftp_gateway *gateway, const uint8_t *in, size_t size, bool end,
                           uint8_t *out)
{
    return pass(gateway, &gateway->command, take_command, in, size, end, out);
}

size_t ftp_gateway_reply(struct ftp_gateway *gateway, const uint8_t *in, size_t size, bool end,
                         uint8_t *out)
{
    return pass(gateway, &gateway->reply, take_reply, in, size, end, out);
}

#include "net/telnet/telnet_parser.h"

#include <string.h>

void telnet_parser_init(struct telnet_parser *parser)
{
    memset(parser, 0, sizeof *parser);
}

/* A data byte; false when it is the second half of an end of line (RFC 854: CR LF, CR NUL), also of
 * one that began before BINARY. */
static bool is_data(struct telnet_parser *parser, uint8_t byte)
{
    bool after_cr = parser->after_cr;
    parser->after_cr = byte == '\r' && !parser->binary;
    return !(after_cr && (byte == '\n' || byte == '\0'));
}

/* The byte after IAC; true when it is the data byte 255. */
static bool after_iac(struct telnet_parser *parser, uint8_t byte, struct telnet_event *event)
{
    parser->state = TELNET_PARSE_DATA;
    switch (byte) {
    case TELNET_IAC:
        return true;
    case TELNET_WILL:
    case TELNET_WONT:
    case TELNET_DO:
    case TELNET_DONT:
        parser->state = TELNET_PARSE_OPTION;
        parser->verb = byte;
        return false;
    case TELNET_SB:
        parser->state = TELNET_PARSE_SUB;
        parser->sub_size = 0;
        return false;
    default: /* bytes below 240 are no commands: skipped as one */
        event->command = byte >= TELNET_NOP ? byte : 0;
        return false;
    }
}

static void in_subnegotiation(struct telnet_parser *parser, uint8_t byte,
                              struct telnet_event *event)
{
    bool escaped = parser->state == TELNET_PARSE_SUB_IAC;
    if (escaped && byte == TELNET_SE) {
        parser->state = TELNET_PARSE_DATA;
        event->command = TELNET_SB;
        return;
    }
    if (!escaped && byte == TELNET_IAC) {
        parser->state = TELNET_PARSE_SUB_IAC;
        return;
    }
    parser->state = TELNET_PARSE_SUB;
    if (parser->sub_size < TELNET_SUBNEGOTIATION_KEPT) {
        parser->sub[parser->sub_size] = byte;
    }
    if (++parser->sub_size >= TELNET_SUBNEGOTIATION_MAX) {
        parser->state = TELNET_PARSE_DATA;
    }
}

size_t telnet_parser_feed(struct telnet_parser *parser, const uint8_t *input, size_t size,
                          uint8_t *output, size_t room, size_t *produced,
                          struct telnet_event *event)
{
    size_t used = 0;
    *produced = 0;
    event->command = 0;
    while (used < size && *produced < room && event->command == 0) {
        uint8_t byte = input[used++];
        switch (parser->state) {
        case TELNET_PARSE_DATA:
            if (byte == TELNET_IAC) {
                parser->state = TELNET_PARSE_IAC;
            } else if (is_data(parser, byte)) {
                output[(*produced)++] = byte;
            }
            break;
        case TELNET_PARSE_IAC:
            if (after_iac(parser, byte, event) && is_data(parser, byte)) {
                output[(*produced)++] = byte;
            }
            break;
        case TELNET_PARSE_OPTION:
            parser->state = TELNET_PARSE_DATA;
            event->command = parser->verb;
            event->option = byte;
            break;
        case TELNET_PARSE_SUB:
        case TELNET_PARSE_SUB_IAC:
            in_subnegotiation(parser, byte, event);
            break;
        }
    }
    return used;
}

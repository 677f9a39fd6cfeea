/* The telnet protocol below the session: takes the commands out of the byte stream (RFC 854, 855).
 * Pure; survives any split of the stream. */
#ifndef NET_TELNET_TELNET_PARSER_H
#define NET_TELNET_TELNET_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/telnet/telnet_codes.h"

/* A subnegotiation that has not ended after so many bytes is taken as broken and ends there. Of
 * one, the option and what follows are kept, up to TELNET_SUBNEGOTIATION_KEPT bytes. */
#define TELNET_SUBNEGOTIATION_MAX  1024u
#define TELNET_SUBNEGOTIATION_KEPT 8u

enum telnet_parser_state {
    TELNET_PARSE_DATA,
    TELNET_PARSE_IAC,     /* IAC seen */
    TELNET_PARSE_OPTION,  /* IAC and WILL, WONT, DO or DONT seen */
    TELNET_PARSE_SUB,     /* inside a subnegotiation */
    TELNET_PARSE_SUB_IAC, /* IAC seen in it */
};

struct telnet_parser {
    enum telnet_parser_state state;
    uint8_t verb;
    bool binary; /* set by the owner: the client sends BINARY, an end of line is data like any other
                  */
    bool after_cr; /* the last data byte was CR: a NUL or LF that follows belongs to it */
    uint16_t sub_size;
    uint8_t sub[TELNET_SUBNEGOTIATION_KEPT];
};

struct telnet_event {
    uint8_t command; /* enum telnet_command; 0: none. SB: a subnegotiation has ended,
                        parser->sub_size bytes came, in parser->sub */
    uint8_t option;  /* of WILL, WONT, DO, DONT */
};

void telnet_parser_init(struct telnet_parser *parser);

/* Decode from `input` until it is used up, `room` data bytes were put out, or a command was met.
 * Returns the bytes consumed; *produced is the number of data bytes in `output`; they come before
 * *event. */
size_t telnet_parser_feed(struct telnet_parser *parser, const uint8_t *input, size_t size,
                          uint8_t *output, size_t room, size_t *produced,
                          struct telnet_event *event);

#endif

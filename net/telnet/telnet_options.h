/* Which telnet options hold on a connection (RFC 854, 855; without loops as in RFC 1143). Pure.
 *
 * Ours are offered by telnet_options_offer(). Of the client's wishes BINARY is granted, both ways,
 * and it may suppress go-ahead and tell its window's size. All else is refused, once each. */
#ifndef NET_TELNET_TELNET_OPTIONS_H
#define NET_TELNET_TELNET_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/telnet/telnet_parser.h"

/* A bit per option. */
struct telnet_options {
    uint8_t ours[32];    /* we have offered it, or do it */
    uint8_t theirs[32];  /* the client does it, with our consent */
    uint8_t asked[32];   /* we have asked for it and have no answer */
    uint8_t refused[64]; /* has been refused: what they asked of us, then what they offered */
};

/* We have said WILL or WONT. */
void telnet_options_offer(struct telnet_options *options, uint8_t verb, uint8_t number);
/* We have said DO. */
void telnet_options_ask(struct telnet_options *options, uint8_t number);
/* The client says WILL, WONT, DO or DONT: the verb to answer with, 0: no answer. */
uint8_t telnet_options_answer(struct telnet_options *options, uint8_t verb, uint8_t number);
/* Whether the client does it. */
bool telnet_options_theirs(const struct telnet_options *options, uint8_t number);

#endif

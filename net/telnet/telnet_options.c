#include "net/telnet/telnet_options.h"

static bool bit(const uint8_t *set, unsigned number)
{
    return (set[number / 8] >> (number % 8) & 1) != 0;
}

static void set_bit(uint8_t *set, unsigned number, bool on)
{
    uint8_t mask = (uint8_t)(1u << (number % 8));
    set[number / 8] = (uint8_t)(on ? set[number / 8] | mask : set[number / 8] & ~mask);
}

void telnet_options_offer(struct telnet_options *options, uint8_t verb, uint8_t number)
{
    set_bit(options->ours, number, verb == TELNET_WILL);
}

void telnet_options_ask(struct telnet_options *options, uint8_t number)
{
    set_bit(options->asked, number, true);
}

bool telnet_options_theirs(const struct telnet_options *options, uint8_t number)
{
    return bit(options->theirs, number);
}

/* Refuse once: an answer to every request would invite a loop with a client that insists. */
static uint8_t refuse(struct telnet_options *options, uint8_t answer, unsigned request)
{
    if (bit(options->refused, request)) {
        return 0;
    }
    set_bit(options->refused, request, true);
    return answer;
}

static bool is_welcome(uint8_t number)
{
    return number == TELNET_BINARY || number == TELNET_SGA || number == TELNET_NAWS;
}

uint8_t telnet_options_answer(struct telnet_options *options, uint8_t verb, uint8_t number)
{
    switch (verb) {
    case TELNET_DO:
        if (bit(options->ours, number)) {
            return 0; /* it answers our offer */
        }
        if (number != TELNET_BINARY) {
            return refuse(options, TELNET_WONT, number);
        }
        set_bit(options->ours, number, true);
        return TELNET_WILL;
    case TELNET_DONT:
        /* All others are offers of ours that it declines; what they stand for is so nevertheless.
         */
        if (number != TELNET_BINARY || !bit(options->ours, number)) {
            return 0;
        }
        set_bit(options->ours, number, false);
        return TELNET_WONT;
    case TELNET_WILL:
        if (bit(options->theirs, number)) {
            return 0;
        }
        if (!is_welcome(number)) {
            return refuse(options, TELNET_DONT, 256u + number);
        }
        set_bit(options->theirs, number, true);
        if (bit(options->asked, number)) {
            set_bit(options->asked, number, false);
            return 0;
        }
        return TELNET_DO;
    default: /* WONT */
        set_bit(options->asked, number, false);
        if (!bit(options->theirs, number)) {
            return 0;
        }
        set_bit(options->theirs, number, false);
        return TELNET_DONT;
    }
}

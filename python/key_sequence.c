#include "python/key_sequence.h"

#include "py/obj.h"
#include "shared/readline/readline.h"

#define PARAMETER_MAX 1000u

/* A key that sends ESC [ LETTER or ESC O LETTER: the same as which control key. */
static int letter_key(int letter)
{
    switch (letter) {
    case 'A':
        return CHAR_CTRL_P;
    case 'B':
        return CHAR_CTRL_N;
    case 'C':
        return CHAR_CTRL_F;
    case 'D':
        return CHAR_CTRL_B;
    case 'H':
        return CHAR_CTRL_A;
    case 'F':
        return CHAR_CTRL_E;
    default:
        return 0;
    }
}

/* ESC [ NUMBER ~ */
static int number_key(unsigned number)
{
    switch (number) {
    case 1:
    case 7:
        return CHAR_CTRL_A;
    case 4:
    case 8:
        return CHAR_CTRL_E;
    case 3:
        return CHAR_CTRL_D;
    default:
        return 0;
    }
}

void key_sequence_begin(struct key_sequence *keys)
{
    *keys = (struct key_sequence){.state = KEYS_ESCAPE};
}

bool key_sequence_is_open(const struct key_sequence *keys)
{
    return keys->state != KEYS_PLAIN;
}

int key_sequence_feed(struct key_sequence *keys, int c)
{
    if (c < ' ') {
        keys->state = KEYS_PLAIN;
        return KEYS_BROKEN_OFF;
    }
    if (keys->state == KEYS_ESCAPE) {
        keys->state = c == '[' ? KEYS_CSI : c == 'O' ? KEYS_SS3 : KEYS_PLAIN;
        return 0;
    }
    if (keys->state == KEYS_CSI && c >= 0x20 && c < 0x40) {
        if (c == ';') {
            keys->more_parameters = true;
        } else if (c >= '0' && c <= '9' && !keys->more_parameters &&
                   keys->parameter < PARAMETER_MAX) {
            keys->parameter = keys->parameter * 10 + (unsigned)(c - '0');
        }
        return 0;
    }
    keys->state = KEYS_PLAIN;
    return c == '~' ? number_key(keys->parameter) : letter_key(c);
}

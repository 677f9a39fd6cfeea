/* The keys of a terminal that send more than one byte: ESC [ ..., ESC O ... (ECMA-48). Pure. */
#ifndef PYTHON_KEY_SEQUENCE_H
#define PYTHON_KEY_SEQUENCE_H

#include <stdbool.h>

enum key_sequence_state { KEYS_PLAIN, KEYS_ESCAPE, KEYS_CSI, KEYS_SS3 };

/* All zero: none is under way. */
struct key_sequence {
    enum key_sequence_state state;
    unsigned parameter; /* the first one of ESC [ */
    bool more_parameters;
};

/* ESC came. */
void key_sequence_begin(struct key_sequence *keys);
bool key_sequence_is_open(const struct key_sequence *keys);
#define KEYS_BROKEN_OFF (-1)

/* The next byte: the control character that does the same as the key; 0: not at its end, or a key
 * without meaning; KEYS_BROKEN_OFF: a control character, which is no part of a sequence: it has
 * ended, and the character is to be handled as if it had come alone. */
int key_sequence_feed(struct key_sequence *keys, int c);

#endif

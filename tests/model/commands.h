/* Random command lines for FTP, good and bad. */
#ifndef TESTS_MODEL_COMMANDS_H
#define TESTS_MODEL_COMMANDS_H

#include "tests/model/ftp_model.h"

#define COMMANDS_AT_ONCE 6

extern uint32_t random_state; /* not 0 */
/* Below `limit`, which is not 0. */
uint32_t random_below(uint32_t limit);

/* Up to COMMANDS_AT_ONCE lines that a client of `model` might send next; returns how many. A line
 * of more bytes than the server takes is "too long", whatever is in it. */
unsigned commands_next(const struct model *model, char lines[COMMANDS_AT_ONCE][MODEL_LINE]);
bool commands_too_long(const char *line);

#endif

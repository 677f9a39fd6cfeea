/* What is in range of the network that is to be joined. */
#ifndef BOARD_JOIN_RANGE_H
#define BOARD_JOIN_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "board/join/join.h"

/* The network of that name, and of that bssid if one is wanted; if there are several, one with a key
 * if a key is given, else an open one. False: it is not in range. */
bool range_find(const struct join_config *config, struct air_network *found);

/* Say in one line why it has not been found. */
void range_explain(const struct join_config *config, char *text, size_t size);

#endif

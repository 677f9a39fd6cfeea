/* What `status` says of the board (docs/spec.md gives the members). */
#ifndef BOARD_STATUS_H
#define BOARD_STATUS_H

#include <cjson/cJSON.h>

struct board;

/* The caller owns the object; NULL when out of memory. */
cJSON *status_make(const struct board *board);

#endif

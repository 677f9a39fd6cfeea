/* What `status` says of the board (docs/spec.md gives the members). */
#ifndef BOARD_STATUS_H
#define BOARD_STATUS_H

#include <cjson/cJSON.h>

struct board;
struct sd_slot;

/* The caller owns the object; NULL when out of memory. */
cJSON *status_make(const struct board *board);

/* Add the member "sd": what is in the slot. */
void status_add_sd(cJSON *object, const struct sd_slot *slot);

#endif

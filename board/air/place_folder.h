/* The folder of a place. Private to place.c, as the functions of place.h that open and close it. */
#ifndef BOARD_AIR_PLACE_FOLDER_H
#define BOARD_AIR_PLACE_FOLDER_H

#include "board/air/place.h"

/* A folder that has been removed, as those of a user's session are when he logs out, is made again,
 * if it can be, and has the same descriptor. */
void place_renew(const struct air_place *place);

#endif

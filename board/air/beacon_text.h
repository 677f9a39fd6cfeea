/* What is written in a beacon (docs/spec.md, "Air"). */
#ifndef BOARD_AIR_BEACON_TEXT_H
#define BOARD_AIR_BEACON_TEXT_H

#include "board/air/place.h"

#define BEACON_MAX 256 /* bytes, with a NUL */

/* All but the bssid, which is the name of the file. False: it is no beacon. */
bool beacon_parse(const char *text, struct air_network *network);

void beacon_write(char text[BEACON_MAX], const struct air_network *network);

#endif

/* Why the laptop does not reach the board: a part of board/companion.h. */
#ifndef BOARD_COMPANION_LOSS_H
#define BOARD_COMPANION_LOSS_H

#include <stddef.h>

#include "board/companion.h"

#define COMPANION_WHY_MAX 256

/* Why the laptop does not reach the board that is on the air, into `text` (room for
 * COMPANION_WHY_MAX); and for how many seconds it may be so before it counts. */
double companion_explain(const struct companion *companion, char *text, size_t size);

#endif

/* The bus: what the MCU asks of its board (link.h, LINK_FD_BUS). The one place where commands are
 * checked.
 *
 * A packet that is no command, or whose numbers make no sense, is a hard fault of the MCU. */
#ifndef BOARD_BUS_H
#define BOARD_BUS_H

#include <ev.h>

struct board;

struct bus {
    struct ev_io commands;
};

void bus_init(struct board *board);

/* The board's end of the bus of a new MCU; and when that MCU is stopped. */
void bus_start(struct board *board, int fd);
void bus_stop(struct board *board);

/* Handle what an MCU that has ended left in its socket. */
void bus_drain(struct board *board);

#endif

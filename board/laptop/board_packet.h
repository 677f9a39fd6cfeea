/* What the board sends to the laptop, see laptop.h. */
#ifndef BOARD_LAPTOP_BOARD_PACKET_H
#define BOARD_LAPTOP_BOARD_PACKET_H

#include <sys/types.h>

#include "board/laptop/laptop.h"

union board_packet {
    struct laptop_invitation invitation;
    struct laptop_wipy wipy;
    struct laptop_prospect prospect;
};

/* Receive one of them, and for an invitation its descriptor, else -1. Returns its size; 0: there is
 * none now; -1: the board is gone. */
ssize_t board_packet_receive(int board_fd, union board_packet *packet, int *fd);

#endif

/* An Ethernet frame on its way through the air. */
#ifndef BOARD_AIR_FRAME_H
#define BOARD_AIR_FRAME_H

#include <stdint.h>

#define FRAME_MIN 14u
#define FRAME_MAX 1514u

struct frame {
    uint32_t size;
    uint8_t data[FRAME_MAX];
};

#endif

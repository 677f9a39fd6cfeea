/* An Ethernet frame on its way through the air. */
#ifndef BOARD_AIR_FRAME_H
#define BOARD_AIR_FRAME_H

#include <stdint.h>

#include "hal/radio.h"

#define FRAME_MIN HAL_RADIO_FRAME_MIN
#define FRAME_MAX HAL_RADIO_FRAME_MAX

struct frame {
    uint32_t size;
    uint8_t data[FRAME_MAX];
};

#endif

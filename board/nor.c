#include "board/nor.h"

bool nor_program(uint8_t *cells, const uint8_t *data, size_t size)
{
    uint8_t refused = 0;
    for (size_t i = 0; i < size; i++) {
        refused |= cells[i] & data[i];
        cells[i] |= (uint8_t)~data[i];
    }
    return refused == 0;
}

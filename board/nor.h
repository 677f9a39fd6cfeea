/* The physics of NOR flash cells, one page or sector at a time: the one model for the board's chip
 * and the power-cut tests.
 *
 * Cells are kept inverted (a programmed bit is 1), so that erased cells are zero bytes. */
#ifndef BOARD_NOR_H
#define BOARD_NOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Program `data` (not inverted) into `size` cells: bits go from 1 to 0 only. False when `data`
 * asked a 0 to become 1 again: it stays 0. */
bool nor_program(uint8_t *cells, const uint8_t *data, size_t size);

#endif

/* What board/mcu.c and the loader agree on. */
#ifndef BOARD_LOADER_LOADER_H
#define BOARD_LOADER_LOADER_H

/* Descriptors that the loader inherits besides LINK_FD_*; it closes them before
 * the MCU starts. */
#define LOADER_FD_REGISTERS 7 /* memfd: struct link_registers */
#define LOADER_FD_FILTER    8 /* memfd: the seccomp filter, an array of struct sock_filter */

#define LOADER_FILTER_MAX 256 /* instructions */

#endif

/* What `wipy join`, outside, may ask of the kernel once COMMAND's process is there. */
#ifndef BOARD_JOIN_SANDBOX_H
#define BOARD_JOIN_SANDBOX_H

#include <sys/types.h>

/* The files of the place and the sockets in it, wlan0's settings, signals to the process `inside`
 * and its end. No programs, no other sockets. For good; 0, or -1. */
int join_sandbox(pid_t inside);

#endif

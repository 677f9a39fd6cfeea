/* What the laptop's process may ask of the kernel once it runs. */
#ifndef BOARD_LAPTOP_SANDBOX_H
#define BOARD_LAPTOP_SANDBOX_H

/* Allow sockets of IPv4/TCP, reading, writing, waiting and memory, and nothing else: no files, no
 * programs, no other processes; what is not allowed fails with EPERM. For good. 0, or -1. */
int laptop_sandbox(void);

#endif

/* The MCU as a process: built by a trusted child (board/loader), in its sandbox before anything that comes from flash runs.
 * It never outlives the board process. */
#ifndef BOARD_MCU_H
#define BOARD_MCU_H

#include <stdint.h>
#include <sys/types.h>

/* Things that stay the same for the life of the board. The descriptors stay the board's. */
struct mcu_config {
    int flash_fd;     /* the flash file, opened O_RDONLY; the ELF executables are read from it (bytes inverted, link.h) */
    int registers_fd; /* memfd of LINK_REGISTERS_SIZE bytes: struct link_registers */
};

struct mcu {
    pid_t pid;    /* 0: none */
    int pid_fd;   /* pidfd: readable when the process has ended; -1: none */
    int bus_fd;   /* the board's ends of the three link sockets (link.h), non-blocking, close-on-exec; -1: none */
    int event_fd;
    int radio_fd;
};

void mcu_init(struct mcu *mcu);

/* Start a process that runs the ELF executable of `size` bytes at flash address `address`. The registers must be filled in
 * before. 0, or -errno when no process could be made; an executable that is no good shows as the process's end, with
 * struct link_fault filled in by the loader. */
int mcu_start(struct mcu *mcu, const struct mcu_config *config, uint32_t address, uint32_t size);

/* Kill and reap it, close the sockets. Allowed when there is none. */
void mcu_stop(struct mcu *mcu);

#endif

/* The inside: a process that is the first of user, network, mount and PID namespaces of its own,
 * has wlan0 made in them, and then starts COMMAND and waits for it. What COMMAND leaves running
 * ends with it, and all of it with us, however we end: the kernel ends a PID namespace with its
 * first process. */
#ifndef BOARD_JOIN_INSIDE_H
#define BOARD_JOIN_INSIDE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "board/join/device.h"

struct inside {
    pid_t pid;
    int fd;     /* to it */
    int resolv; /* the /etc/resolv.conf that COMMAND sees */
    struct device device;
};

/* Make it. `command`: NULL-terminated; started by inside_go() with the signal mask `mask`. The mask
 * of the caller must block what it wants to pass on by inside_signal(). 0, or -1 with one clear
 * line in `error`. */
int inside_start(struct inside *inside, const uint8_t mac[6], char **command, const sigset_t *mask,
                 char *error, size_t error_size);

/* Start COMMAND. */
void inside_go(const struct inside *inside);

/* Pass a signal on to COMMAND. */
void inside_signal(const struct inside *inside, int number);

/* COMMAND has ended: true, with its exit status, 128 + n for signal n. */
bool inside_has_ended(const struct inside *inside, int *status);

/* End it, and all that runs in it. */
void inside_stop(const struct inside *inside);

#endif

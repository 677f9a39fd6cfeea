/* A hard fault: what stopped the MCU, and where. */
#ifndef BOARD_FAULT_H
#define BOARD_FAULT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/link.h"

struct fault {
    char cause[32]; /* e.g. "memory fault"; "": there was no fault */
    bool has_address, has_pc;
    uint64_t address, pc;
    char reason[160]; /* in words */
    uint64_t board_ms;
};

/* A fault that the board itself finds. */
void fault_make(struct fault *fault, const char *cause, const char *reason);

/* The fault of an MCU that has ended, of what it left in its registers (nothing of it is trusted),
 * or else of how its process ended. */
void fault_of_mcu(struct fault *fault, const struct link_fault *left, const siginfo_t *end);

/* The fault in a line of text, without newline. */
#define FAULT_LINE_MAX 300
void fault_line(const struct fault *fault, char *line, size_t size);

#endif

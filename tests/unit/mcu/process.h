/* An MCU process (board/mcu.h) that runs firmware.c, and the test in the place of its board. */
#ifndef TESTS_UNIT_MCU_PROCESS_H
#define TESTS_UNIT_MCU_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "board/mcu.h"
#include "link/link.h"
#include "tests/unit/mcu/deeds.h"

struct process_board {
    struct mcu mcu;
    struct mcu_config config;
    struct link_registers *registers;
    uint8_t *flash; /* inverted */
    uint32_t size;  /* of the executable at address 0 */
};
extern struct process_board board;

/* For each test. */
int make_board(void **state);
int drop_board(void **state);

void put_flash(uint32_t address, const void *data, size_t size);

/* Start the MCU, to do this. */
void start(enum deed deed);

void wait_readable(int fd);

/* The next command of the MCU; its data as text. */
void receive(struct link_command *command, char *data, size_t room);
void expect_uart(const char *text);
void expect_end(void);

/* The MCU, told to do this, ends with a fault whose reason contains this. */
void expect_fault(enum deed deed, uint32_t signal, const char *reason);

#endif

/* A board with all its parts, and the test in the place of the MCU (board/mcu.c) and of
 * board/board.c. */
#ifndef TESTS_UNIT_BUS_BOARD_H
#define TESTS_UNIT_BUS_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/board.h"
#include "lib/flash_map.h"

#define BOOTLOADER_SIZE 1000u
#define IMAGE_ADDRESS   (FLASH_FACTORY_ADDRESS + 256u)

extern struct board board;
extern char last_warning[400]; /* what the board said last of what goes wrong */
extern unsigned warnings;      /* how often it did */
extern bool said_ready;
extern int bus, event;                     /* the MCU's ends; -1: no MCU runs */
extern unsigned starts;                    /* of an MCU */
extern uint32_t start_address, start_size; /* of the last program that was started */
extern int start_result;                   /* negative: the next MCU cannot be started */

/* For each test: a board at 10 times real time whose power has been switched on. */
int set_up(void **state);
int tear_down(void **state);

/* For all tests. */
int make_directory(void **state);
int remove_directory(void **state);

/* The board does what there is to do. */
void work(void);

/* Wait until something can be read; the kernel passes on what is written to a terminal in its own
 * time. */
void wait_for(int fd);

/* The MCU sends a command, with data; `queue_packet` leaves it in the socket. */
void queue_packet(struct link_command command, const void *data, size_t size);
void send_packet(struct link_command command, const void *data, size_t size);
void command(struct link_command c);
void report(enum hal_report_item item, const char *text);

/* The boot loader boots the factory image. */
void boot(void);

/* Read the terminal until it has said `end`. */
void read_terminal(char *text, size_t room, const char *end);

/* The process of the MCU ends. */
void end_process(void);

/* The MCU is parked by a hard fault. */
void assert_fault(const char *cause);

#endif

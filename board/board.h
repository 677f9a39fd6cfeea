/* The board: everything on the printed circuit board, in one process around one event loop. */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/air/place.h"
#include "board/bus.h"
#include "board/clock.h"
#include "board/companion.h"
#include "board/control.h"
#include "board/flash_chip.h"
#include "board/laptop/laptop.h"
#include "board/led.h"
#include "board/pins.h"
#include "board/power.h"
#include "board/radio.h"
#include "board/reports.h"
#include "board/router/router.h"
#include "board/sd_slot.h"
#include "board/supervisor.h"
#include "board/uart.h"

struct board_image {
    const void *data;
    size_t size;
};

/* What is asked for when a board is started. */
struct board_config {
    const char *directory;
    const char *air; /* the place; NULL: the one that this user's boards share */
    struct laptop_listen telnet, ftp;
    bool no_laptop;
    struct router_config router;
    uint32_t speed;                /* 1 to CLOCK_SPEED_MAX */
    struct pins pins;              /* driven from the start */
    const char *sd;                /* file of the card in the slot, an absolute path; NULL: none */
    bool quiet;                    /* print only "ready" and what goes wrong */
    struct board_image bootloader; /* an ELF executable of at most FLASH_BOOTLOADER_SIZE bytes */
    struct board_image factory;    /* mcuimg.bin of at most FLASH_FACTORY_SIZE bytes */
    bool replace_factory;          /* also on a board that exists */
};

struct board {
    struct ev_loop *loop;
    bool quiet;
    bool was_ready;
    bool ending; /* it has been interrupted */
    unsigned lines; /* printed on behalf of the MCU, which must not flood the terminal */
    uint8_t mac[6];
    struct ev_io interrupted;
    struct air_place place;
    struct companion companion;
    struct router router;
    struct board_clock clock;
    struct pins pins;
    struct led led;
    struct uart uart;
    struct radio radio;
    struct flash_chip chip;
    struct sd_slot sd;
    struct reports reports;
    struct power power;
    struct supervisor supervisor;
    struct bus bus;
    struct control control;
};

/* Start the board and run it until SIGINT, SIGTERM or SIGHUP. 0, or -1 when it could not be
 * started, with one clear line, without newline, in `error`. Changes the current directory. */
int board_run(const struct board_config *config, char *error, size_t error_size);

/* Print a line for the person at the board, if not quiet; or, on stderr, one about what goes wrong.
 * Both keep the MCU from flooding the terminal: after BOARD_LINES_MAX lines there are no more. */
#define BOARD_LINES_MAX 200u
void board_say(struct board *board, const char *format, ...) __attribute__((format(printf, 2, 3)));
void board_warn(struct board *board, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The state of the board has become POWER_RUNNING. */
void board_ready(struct board *board);

/* The firmware has reported another address, or none. */
void board_moved(struct board *board);

#endif

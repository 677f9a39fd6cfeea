/* Power, reset and faults: which program the MCU runs, and why it stopped.
 *
 * Power-on and every hard reset start the boot loader in a fresh MCU; LINK_BOOT and LINK_BOOT_TRIAL
 * start an image in a fresh MCU, within the same run. An MCU that ends by itself, or breaks the
 * rules of the bus, is a hard fault: its reason is kept, the LED is on, and nothing happens until
 * the next reset. While an image is on trial, a hard fault is that reset. */
#ifndef BOARD_POWER_H
#define BOARD_POWER_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "board/fault.h"
#include "board/mcu.h"
#include "hal/boot.h"
#include "hal/reset.h"
#include "link/link.h"

struct board;

enum power_state {
    POWER_OFF,
    POWER_BOOTLOADER, /* until the firmware reports that it is running */
    POWER_RUNNING,
    POWER_FAULT,
};

struct power {
    enum power_state state;
    struct fault fault;      /* in POWER_FAULT */
    struct fault last_fault; /* before the last reset, and since power on */
    enum hal_reset_cause reset_cause;
    enum hal_trial_end trial_end; /* while the boot loader runs: how the trial before it ended */
    int slot;              /* enum hal_boot_slot of the image that runs; -1: the boot loader does */
    uint64_t reset_ns;     /* real time of the last hard reset */
    uint32_t runs;         /* MCU processes started so far: tells one from the next */
    uint32_t retained[16]; /* link.h */
    struct link_registers *registers; /* shared with the MCU */
    struct mcu mcu;
    struct mcu_config mcu_config;
    uint32_t bootloader_size; /* bytes at FLASH_BOOTLOADER_ADDRESS */
    struct ev_io ended;       /* the MCU's pidfd */
};

/* Make the registers. Flash is in the file BOARD_DIR_FLASH in the current directory. 0 or -errno.
 */
int power_open(struct board *board, uint32_t bootloader_size);

/* Switch the power. Switching on what is on changes nothing. */
void power_on(struct board *board);
void power_off(struct board *board);

/* Hard reset of a board that is on: by the switch; by the MCU itself. */
void power_reset(struct board *board);
void power_reset_by_mcu(struct board *board);

/* LINK_BOOT, LINK_BOOT_TRIAL: start an image; the arguments have been checked. */
void power_boot(struct board *board, enum hal_boot_slot slot, uint32_t address, uint32_t size,
                bool on_trial);

/* Stop the MCU with a hard fault: `cause` in a word or two, `reason` in a sentence. */
void power_fault(struct board *board, const char *cause, const char *reason);

/* The MCU has reported that its services are up. */
void power_running(struct board *board);

/* Give the MCU an event, with its interrupt. Nothing happens when there is no MCU. */
void power_event(struct board *board, enum link_event_code code, const void *data, uint32_t size);

/* The levels in board->pins have changed: let the MCU see them. */
void power_pins_changed(struct board *board);

/* The slot, board->sd, has another card or none: let the MCU see it. */
void power_sd_changed(struct board *board);

/* Microseconds of board time since the last hard reset; 0 while the power is off. */
uint64_t power_uptime_us(const struct board *board);

#endif

/* The wire between the worlds: what the MCU of the virtual target sees of its board (docs/spec.md, "Link registers").
 *
 * The MCU is a process. The board gives it a page of registers, at a fixed address as a memory-mapped microcontroller has it,
 * the serial flash to read, and three sockets. Nothing that the MCU writes is trusted: the board checks every
 * value and every length. All integers are little-endian as the host's; this wire never leaves one machine. */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include <stddef.h>
#include <stdint.h>

#define LINK_VERSION 1u

/* ---- memory map of the MCU */
#define LINK_REGISTERS_ADDRESS 0x20000000ul /* struct link_registers, shared with the board, read-write */
#define LINK_REGISTERS_SIZE    4096u
/* Where the segments of an executable may lie: code, data and RAM. */
#define LINK_PROGRAM_ADDRESS 0x00010000ul
#define LINK_PROGRAM_END     0x20000000ul
/* The stack that it starts on; nothing is mapped below it or above it. */
#define LINK_STACK_ADDRESS 0x60000000ul
#define LINK_STACK_SIZE    0x00100000ul

/* ---- descriptors of the MCU; the first three are SOCK_SEQPACKET, the board's ends are non-blocking */
#define LINK_FD_BUS   3 /* commands MCU -> board, each struct link_command (+ data); some are answered, see below */
#define LINK_FD_EVENT 4 /* events board -> MCU, each struct link_event (+ data) */
#define LINK_FD_RADIO 5 /* Ethernet frames, one a packet, both ways, 14 to 1514 bytes */
/* The flash file, open for reading (pread only; not mapped, because what was read once would count as the MCU's memory for good). It
 * holds every byte inverted, so that erased flash (0xFF) is a hole that costs no disk. */
#define LINK_FD_FLASH 6

/* ---- the radio */
#define LINK_RADIO_STATIONS 16
#define LINK_RADIO_NETWORKS 32

struct link_radio_ap {
    char ssid[33];
    char key[65];
    uint8_t channel;
    uint8_t security;
};

struct link_radio_network { /* as struct hal_radio_network */
    char ssid[33];
    char key[65];
    uint8_t bssid[6];
    uint8_t channel;
    uint8_t security;
    int8_t rssi;
    uint8_t padding;
};

/* ---- registers. Written by the board before the MCU starts and by the party that is named afterwards. An image may be older than its board, and the
 * other way round: registers are only ever appended. */
struct link_registers {
    uint32_t interrupt_pending; /* board sets to 1 *after* it has written to EVENT or RADIO, so that a MCU that clears it and then looks
                                   misses nothing; the MCU clears it. First: its address is what the firmware links
                                   hal_interrupt_pending to */
    uint32_t version;           /* LINK_VERSION */
    uint32_t speed;             /* board time runs this many times faster than CLOCK_MONOTONIC; 1 to 1000 */
    uint32_t reset_cause;       /* enum hal_reset_cause */
    uint64_t start_ns;          /* CLOCK_MONOTONIC at the hard reset: both of the MCU's clocks are 0 there */
    uint64_t rtc_start_us;      /* UTC, microseconds since 1970, at start_ns; LINK_RTC_SET changes the board's copy and this */
    uint32_t pin_levels;        /* bit n: level of GPn; board, at any time (an event follows) */
    uint32_t uart_taken;        /* bytes of LINK_UART_SEND since the MCU's start that have left the board's queue, read or dropped (mod
                                   2^32); board. The MCU has at most LINK_UART_WINDOW bytes more than this under way */
    uint8_t mac[6];
    uint8_t padding[2];
    uint32_t retained[16]; /* survive a reset (not power off): the MCU writes, the board copies them to the next run */
    struct link_fault {
        uint32_t signal;     /* 0: none; else the signal number, or LINK_FAULT_REASON: see text */
        uint32_t padding;
        uint64_t address;    /* that was accessed; LINK_FAULT_NO_ADDRESS: the processor does not say */
        uint64_t pc;
        char reason[128];    /* NUL-terminated */
    } fault; /* written by a dying MCU */
    uint32_t trial_end; /* enum hal_trial_end: how the trial ended that the last reset came out of; board */
    uint32_t radio_link; /* enum hal_radio_link; board, an event follows */
    uint32_t radio_station_count;                /* stations associated with the access point; board, an event follows */
    uint8_t radio_stations[LINK_RADIO_STATIONS][6];
    struct link_radio_network radio_networks[LINK_RADIO_NETWORKS]; /* of the last LINK_RADIO_SCAN; board, before its answer */
    struct link_sd { /* struct hal_sdcard; board, an event follows. `insertion` is 0 while the others change */
        uint32_t insertion;
        uint32_t blocks;
        uint32_t read_only;
    } sd;
};
_Static_assert(offsetof(struct link_registers, retained) == 48 && offsetof(struct link_registers, fault) == 112 &&
                   offsetof(struct link_registers, trial_end) == 264 && offsetof(struct link_registers, sd) == 3828,
               "where images that were built before look for them");
#define LINK_FAULT_REASON     0xFFFFFFFFu
#define LINK_FAULT_NO_ADDRESS UINT64_MAX

/* ---- commands, MCU -> board on LINK_FD_BUS. "answered": the board sends one struct link_answer on the same socket
 * before it handles the next command; the others have no answer. */
enum link_command_code {
    LINK_FLASH_PROGRAM = 1, /* answered. address, size 1..4096 within one sector, then `size` bytes of data (not inverted) */
    LINK_FLASH_ERASE = 2,   /* answered. address of a sector */
    LINK_UART_SEND = 3,     /* data: 1..LINK_DATA_MAX bytes; what exceeds the window is dropped */
    LINK_UART_TAKEN = 4,    /* the MCU has consumed the last LINK_EVENT_UART: the board may send the next one */
    LINK_LED = 5,           /* value: 0 or 1; time_us: when, on the MCU's board clock */
    LINK_RADIO_AP_START = 6,/* answered. data: struct hal_radio_ap's bytes as struct link_radio_ap */
    LINK_RADIO_AP_STOP = 7, /* answered */
    LINK_BOOT = 8,          /* value: enum hal_boot_slot; address, size of an ELF executable in flash. The MCU ends */
    LINK_RESET = 9,         /* The MCU ends; the next run has the cause HARD */
    LINK_RTC_SET = 10,      /* time_us: UTC microseconds now */
    LINK_REPORT = 11,       /* value: enum hal_report_item; data: text, no NUL */
    LINK_BOOT_TRIAL = 12,   /* as LINK_BOOT, supervised (hal/boot.h) */
    LINK_BOOT_CONFIRM = 13, /* ends the supervision */
    LINK_RADIO_SCAN = 15,   /* answered: how many networks are in radio_networks, or a negative enum hal_result */
    LINK_RADIO_JOIN = 16,   /* answered. data: struct link_radio_network; ends an access point; radio_link tells the outcome */
    LINK_RADIO_LEAVE = 17,  /* answered */
    LINK_SD_READ = 18,      /* answered, with the data behind struct link_answer. value: insertion, address: first block, size: bytes, whole
                               blocks, at most LINK_DATA_MAX */
    LINK_SD_WRITE = 19,     /* answered. The same, and `size` bytes of data */
    LINK_WATCHDOG = 14,     /* value: time-out in ms of board time, within hal/watchdog.h's limits: starts and feeds it */
};

#define LINK_DATA_MAX 4096u

struct link_command {
    uint32_t code;
    uint32_t value;
    uint32_t address;
    uint32_t size; /* bytes of data that follow (PROGRAM, UART_SEND, AP_START, JOIN, REPORT, SD_WRITE); for BOOT and BOOT_TRIAL the executable's size, for SD_READ that of the
                      answer's data */
    uint64_t time_us;
};

struct link_answer {
    int32_t result; /* enum hal_result */
    uint32_t padding;
};

/* ---- events, board -> MCU on LINK_FD_EVENT */
enum link_event_code {
    LINK_EVENT_UART = 1, /* 1..LINK_EVENT_DATA_MAX bytes of input; the board waits for LINK_UART_TAKEN before the next one */
    LINK_EVENT_PINS = 2, /* pin_levels has changed */
    LINK_EVENT_RADIO = 4, /* radio_link or radio_stations has changed */
    LINK_EVENT_SD = 5,    /* the slot has changed */
    LINK_EVENT_UART_ROOM = 3, /* uart_taken has passed a multiple of half of the window */
};

#define LINK_EVENT_DATA_MAX 512u
#define LINK_UART_WINDOW    32768u

struct link_event {
    uint32_t code;
    uint32_t size; /* bytes of data that follow */
};

#endif

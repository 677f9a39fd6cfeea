/* hal/flash.h over a chip in memory, with the physics of board/nor.h, for tests that look behind
 * the HAL: it can be wound back, and it can lose its power in the middle of a command. Also a clock
 * for mtime, and hal_fault(). */
#ifndef TESTS_RAM_CHIP_H
#define TESTS_RAM_CHIP_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

struct ram_chip_command {
    bool erase;
    uint32_t address;
    uint32_t size;
    const uint8_t *data; /* program only */
};

struct ram_chip {
    uint64_t commands, misuses;
    uint64_t rtc_us; /* each reading of the clock moves it on by a second */
    bool fails;      /* every command fails, as on a board whose disk is full */
    /* Called with each command before it is carried out; NULL: none. */
    void (*watch)(const struct ram_chip_command *command);
    /* Power is lost in command number `cut_at` (counted by `commands`); 0: never. Then
     * longjmp(power_lost, 1). */
    uint64_t cut_at;
    jmp_buf power_lost;
};

extern struct ram_chip ram_chip;

/* Erased and new. */
void ram_chip_reset(void);

/* Carry a command out, whole or torn: of a program an ascending run of pages and a part of the next
 * one, of an erase a part. Which part follows from
 * `*random`. */
void ram_chip_apply(const struct ram_chip_command *command);
void ram_chip_apply_torn(const struct ram_chip_command *command, uint32_t *random);

/* From now on remember what changes; wind back to this moment. */
void ram_chip_mark(void);
void ram_chip_wind_back(void);

/* Put a byte there against all physics. */
void ram_chip_damage(uint32_t address, uint8_t byte);

/* The cells, inverted. What is changed through this is not wound back. */
uint8_t *ram_chip_cells(uint32_t address);

uint32_t ram_chip_random(uint32_t *state); /* xorshift; `*state` is not 0 */

#endif

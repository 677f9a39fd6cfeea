/* The HAL's side of the wire (link/link.h): registers, and packets on the bus. */
#ifndef TARGETS_VIRTUAL_MCU_LINK_H
#define TARGETS_VIRTUAL_MCU_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "link/link.h"

#define MCU_REGISTERS ((volatile struct link_registers *)LINK_REGISTERS_ADDRESS)

/* Send one command with `command->size` bytes of data (at most LINK_DATA_MAX), or without any when
 * `data` is NULL, whatever its size says. */
void mcu_send(const struct link_command *command, const void *data);

/* The same for a command that is answered: waits for the answer, looking at nothing but the bus;
 * returns its result. */
int mcu_call(const struct link_command *command, const void *data);

/* The same for a command whose answer brings `command->size` bytes (at most LINK_DATA_MAX): they
 * are in `data` when the result is HAL_OK. */
int mcu_call_for_data(const struct link_command *command, void *data);

/* Take what the board has sent on LINK_FD_EVENT; input of the UART goes to the UART's buffer. */
void mcu_take_events(void);

/* The board is gone, or ends this run at any moment. */
_Noreturn void mcu_end(void);
_Noreturn void mcu_wait_for_end(void);

/* hal_fault(), on behalf of the code at `pc`. */
_Noreturn void mcu_fault(const char *reason, const void *pc);

/* The part of the HAL that runs before main(): fault handlers, the tick. */
void mcu_install_fault_handlers(void);

#endif

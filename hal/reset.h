/* Reset and its causes. */
#ifndef HAL_RESET_H
#define HAL_RESET_H

/* Why the MCU started: the numbers that Python sees. SOFT is made by the firmware, never reported by the hardware. */
enum hal_reset_cause {
    HAL_RESET_POWER_ON = 0,
    HAL_RESET_HARD = 1, /* the switch, or hal_reset() */
    HAL_RESET_WDT = 2,
    HAL_RESET_HIBERNATE = 3,
    HAL_RESET_SOFT = 4,
};

enum hal_reset_cause hal_reset_cause(void);

/* Reset the MCU. RAM is lost; does not return. */
_Noreturn void hal_reset(void);

/* Stop for good, as a hard fault does: the LED stays on until the next reset. `reason` (NUL-terminated, up to 120 bytes) is
 * shown by the board. Does not return. */
_Noreturn void hal_fault(const char *reason);

#endif

/* MicroPython's view of the hardware (py/mphal.h). */
#ifndef PYTHON_MPHALPORT_H
#define PYTHON_MPHALPORT_H

#include <stdint.h>

#include "hal/clock.h"
#include "hal/rtc.h"
#include "py/obj.h"

/* Ctrl-C or -1; see console_set_interrupt(). */
void mp_hal_set_interrupt_char(int c);

/* All times are board time. */
static inline mp_uint_t mp_hal_ticks_ms(void)
{
    return (mp_uint_t)(hal_clock_us() / 1000);
}

static inline mp_uint_t mp_hal_ticks_us(void)
{
    return (mp_uint_t)hal_clock_us();
}

static inline mp_uint_t mp_hal_ticks_cpu(void)
{
    return (mp_uint_t)hal_clock_us();
}

static inline uint64_t mp_hal_time_ns(void)
{
    return hal_rtc_us() * 1000;
}

#define mp_hal_ticks_ms  mp_hal_ticks_ms
#define mp_hal_ticks_us  mp_hal_ticks_us
#define mp_hal_ticks_cpu mp_hal_ticks_cpu
#define mp_hal_time_ns   mp_hal_time_ns

/* What long-running C code calls between its steps. */
static inline void python_poll_pending(void)
{
    if (hal_interrupt_pending) {
        python_poll();
    }
}

/* Sleep, with polls; raises what is pending (Ctrl-C). */
void python_sleep_us(uint64_t us);

#endif

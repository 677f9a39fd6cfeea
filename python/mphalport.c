/* Console, time and waiting for MicroPython. */
#include "hal/interrupt.h"
#include "hal/random.h"
#include "py/mphal.h"
#include "py/mpstate.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "system/console.h"
#include "system/loop.h"

/* Whether the loop was polled since the last wait: what somebody waits for may have come then, and
 * no interrupt tells of it any more. The next wait returns at once. */
static bool polled;

void python_poll(void)
{
    loop_poll();
    polled = true;
}

/* Every call of mp_iternext() between MicroPython's files comes here (CMakeLists.txt wraps it), so that what iterates in C, such as
 * sum(), is as alive as a loop in Python. */
mp_obj_t __real_mp_iternext(mp_obj_t iterator);
mp_obj_t __wrap_mp_iternext(mp_obj_t iterator);
mp_obj_t __wrap_mp_iternext(mp_obj_t iterator)
{
    if (MP_UNLIKELY(hal_interrupt_pending)) {
        python_poll();
        mp_handle_pending(true);
    }
    return __real_mp_iternext(iterator);
}

static void wait_until(uint64_t until_us)
{
    if (!polled) {
        loop_wait(until_us);
    }
    polled = false;
}

void python_wait_ms(mp_uint_t ms)
{
    wait_until(ms == (mp_uint_t)-1 ? HAL_CLOCK_NEVER : hal_clock_us() + (uint64_t)ms * 1000);
}

void python_sleep_us(uint64_t us)
{
    uint64_t now = hal_clock_us();
    uint64_t until = us < HAL_CLOCK_NEVER - now ? now + us : HAL_CLOCK_NEVER;
    for (;;) {
        mp_event_handle_nowait();
        if (hal_clock_us() >= until) {
            return;
        }
        wait_until(until);
    }
}

void mp_hal_delay_ms(mp_uint_t ms)
{
    python_sleep_us((uint64_t)ms * 1000);
}

void mp_hal_delay_us(mp_uint_t us)
{
    python_sleep_us(us);
}

void mp_hal_set_interrupt_char(int c)
{
    console_set_interrupt(c, mp_sched_keyboard_interrupt);
}

int mp_hal_stdin_rx_chr(void)
{
    for (;;) {
        int c = console_read();
        if (c >= 0) {
            return c;
        }
        mp_event_wait_indefinite();
    }
}

uintptr_t mp_hal_stdio_poll(uintptr_t poll_flags)
{
    uintptr_t ready = poll_flags & MP_STREAM_POLL_WR;
    if ((poll_flags & MP_STREAM_POLL_RD) && console_readable()) {
        ready |= MP_STREAM_POLL_RD;
    }
    return ready;
}

mp_uint_t mp_hal_stdout_tx_strn(const char *str, size_t len)
{
    console_write(str, len);
    /* A program that only prints must not starve the rest. */
    python_poll_pending();
    return len;
}

unsigned long python_random_seed(void)
{
    unsigned long seed;
    hal_random(&seed, sizeof seed);
    return seed;
}

/* What test_mcu.c runs in the sandbox: does what a retained register tells it to. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hal/boot.h"
#include "hal/clock.h"
#include "hal/flash.h"
#include "hal/gpio.h"
#include "hal/interrupt.h"
#include "hal/random.h"
#include "hal/reset.h"
#include "hal/result.h"
#include "hal/retained.h"
#include "hal/sdcard.h"
#include "hal/uart.h"
#include "hal/watchdog.h"
#include "link/link.h"
#include "tests/unit/mcu/deeds.h"

static volatile int zero;

static unsigned overflow(unsigned depth)
{
    volatile char room[1024];
    room[depth % sizeof room] = (char)depth;
    return zero ? 0 : overflow(depth + 1) + (unsigned)room[0];
}

static void say(const char *text)
{
    hal_uart_write(text, strlen(text));
}

static void echo(void)
{
    for (;;) {
        hal_interrupt_take();
        char data[64];
        size_t size = hal_uart_read(data, sizeof data);
        if (size > 0) {
            hal_uart_write(data, size);
        } else {
            hal_clock_sleep(HAL_CLOCK_NEVER, HAL_CLOCK_NEVER);
        }
    }
}

static void use_descriptors(void)
{
    for (int fd = 0; fd < 1024; fd++) {
        if ((fd < LINK_FD_BUS || fd > LINK_FD_RADIO) && write(fd, "x", 1) >= 0) {
            say("a descriptor is open");
        }
    }
    say("done");
}

/* ---- faults, each in a function of its own, so that the test can tell whether the pc is right */

static __attribute__((noinline)) void write_wildly(void)
{
    *(volatile uint32_t *)WILD_ADDRESS = 1;
}

static __attribute__((noinline)) void use_an_impossible_address(void)
{
    *(volatile uint32_t *)0x8000000000000000ul = 1;
}

static __attribute__((noinline)) void run_what_is_illegal(void)
{
    __builtin_trap();
}

static __attribute__((noinline)) void divide_by_zero(void)
{
#if defined(__x86_64__)
    __asm__ volatile("xor %%edx, %%edx\n\tmov $1, %%eax\n\tdivl %0" : : "m"(zero) : "eax", "edx");
#endif
}

static __attribute__((noinline)) void fail_an_assertion(void)
{
    assert(zero == 1);
}

static __attribute__((noinline)) void give_up(void)
{
    abort();
}

static __attribute__((noinline)) void stop_for_a_reason(void)
{
    hal_fault("a reason");
}

static void do_at(void (*deed)(void))
{
    hal_retained_write(PLACE_REGISTER, (uint32_t)(uintptr_t)deed);
    deed();
}

/* Copy the first two blocks of the card to its end. */
static void copy_blocks(void)
{
    static uint8_t data[2 * HAL_SDCARD_BLOCK];
    struct hal_sdcard card;
    hal_sdcard_look(&card);
    /* These are no business of the board. */
    if (hal_sdcard_read(card.insertion - 1, 0, data, 2) != HAL_ERROR_GONE ||
        hal_sdcard_write(0, 0, data, 2) != HAL_ERROR_GONE ||
        hal_sdcard_read(card.insertion, 0, data, 0) != HAL_ERROR_RANGE ||
        hal_sdcard_write(card.insertion, 0, data, HAL_SDCARD_TRANSFER_MAX + 1) != HAL_ERROR_RANGE) {
        say("wrong");
    }
    say(card.read_only ? "read-only" : "writable");
    if (hal_sdcard_read(card.insertion, 0, data, 2) == HAL_OK) {
        int result = hal_sdcard_write(card.insertion, card.blocks - 2, data, 2);
        say(result == HAL_ERROR_PROTECTED ? "protected" : "not protected");
    }
    say(hal_sdcard_read(card.insertion, 1, data, 1) == HAL_ERROR_GONE ? "gone" : "not gone");
}

static void wait_for_pin(void)
{
    say("asleep");
    while (!hal_gpio_read(HAL_GPIO_SAFE_BOOT)) {
        hal_clock_sleep(HAL_CLOCK_NEVER, HAL_CLOCK_NEVER);
        hal_interrupt_take();
    }
    say("high");
}

static void use_watchdog(void)
{
    hal_watchdog_feed(); /* nothing happens: it was not started */
    if (hal_watchdog_start(HAL_WATCHDOG_MIN_MS - 1) < 0 &&
        hal_watchdog_start(HAL_WATCHDOG_MAX_MS + 1) < 0) {
        hal_watchdog_start(WATCHDOG_MS);
        hal_watchdog_feed();
    }
}

int main(void)
{
    switch (hal_retained_read(DEED_REGISTER)) {
    case DEED_ECHO:
        echo();
        break;
    case DEED_SPIN:
        say("spinning");
        for (;;) {
        }
    case DEED_TICK:
        hal_interrupt_take();
        while (!hal_interrupt_pending) {
        }
        say("tick");
        break;
    case DEED_PIN:
        wait_for_pin();
        break;
    case DEED_SLEEP:
        hal_interrupt_take();
        while (hal_clock_us() < 1000000) {
            hal_clock_sleep(1000000, HAL_CLOCK_NEVER);
        }
        say("awake");
        break;
    case DEED_READ_FLASH: {
        char data[8];
        hal_flash_read(FLASH_TEXT_ADDRESS, data, sizeof data);
        hal_uart_write(data, sizeof data);
        break;
    }
    case DEED_COPY_BLOCKS:
        copy_blocks();
        break;
    case DEED_DESCRIPTORS:
        use_descriptors();
        break;
    case DEED_OPEN:
        open("/etc/passwd", O_RDONLY);
        break;
    case DEED_EXEC:
        execve("/bin/sh", NULL, NULL);
        break;
    case DEED_SOCKET:
        syscall(SYS_socket, 2, 1, 0);
        break;
    case DEED_FORK:
        syscall(SYS_clone, 17, 0, 0, 0, 0);
        break;
    case DEED_KILL:
        syscall(SYS_kill, -1, 9);
        break;
    case DEED_MAP:
        syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0);
        break;
    case DEED_PROTECT:
        syscall(SYS_mprotect, (uintptr_t)main & ~4095ul, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
        break;
    case DEED_WILD_WRITE:
        do_at(write_wildly);
        break;
    case DEED_IMPOSSIBLE_ADDRESS:
        do_at(use_an_impossible_address);
        break;
    case DEED_WRITE_CODE:
        *(volatile uint8_t *)(uintptr_t)main = 0;
        break;
    case DEED_JUMP_TO_DATA: {
        static uint8_t code[16] = {0xc3};
        ((void (*)(void))(uintptr_t)code)();
        break;
    }
    case DEED_JUMP_TO_NOWHERE:
        ((void (*)(void))NOWHERE_ADDRESS)();
        break;
    case DEED_STACK_OVERFLOW:
        zero = (int)overflow(0);
        break;
    case DEED_ILLEGAL:
        do_at(run_what_is_illegal);
        break;
    case DEED_DIVIDE:
        do_at(divide_by_zero);
        break;
    case DEED_ASSERT:
        do_at(fail_an_assertion);
        break;
    case DEED_ABORT:
        do_at(give_up);
        break;
    case DEED_FAULT:
        do_at(stop_for_a_reason);
        break;
    case DEED_BOOT:
        hal_boot(HAL_BOOT_FACTORY, 4096, 100);
    case DEED_BOOT_TRIAL:
        hal_boot_trial(HAL_BOOT_SLOT_C, 8192, 200);
    case DEED_CONFIRM:
        hal_boot_confirm();
        break;
    case DEED_TRIAL_END:
        say(hal_trial_end() == HAL_TRIAL_TIMEOUT ? "time-out" : "something else");
        break;
    case DEED_RETAIN:
        hal_retained_write(SPARE_REGISTER, hal_retained_read(SPARE_REGISTER) + 1);
        say("retained");
        break;
    case DEED_WATCHDOG:
        use_watchdog();
        break;
    case DEED_RESET_INTERRUPTED:
        errno = EINTR; /* of some call long ago */
        hal_reset();
    case DEED_RESET:
        hal_reset();
    }
    echo();
}

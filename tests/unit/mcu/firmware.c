/* What test_mcu.c runs in the sandbox: does what retained[0] tells it to. */
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hal/clock.h"
#include "hal/flash.h"
#include "hal/interrupt.h"
#include "hal/random.h"
#include "hal/reset.h"
#include "hal/uart.h"
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

int main(void)
{
    const volatile struct link_registers *registers = (const void *)LINK_REGISTERS_ADDRESS;
    switch (registers->retained[0]) {
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
        *(volatile uint32_t *)WILD_ADDRESS = 1;
        break;
    case DEED_WRITE_CODE:
        *(volatile uint8_t *)(uintptr_t)main = 0;
        break;
    case DEED_JUMP_TO_DATA: {
        static uint8_t code[16] = {0xc3};
        ((void (*)(void))(uintptr_t)code)();
        break;
    }
    case DEED_STACK_OVERFLOW:
        zero = (int)overflow(0);
        break;
    case DEED_ILLEGAL:
        __builtin_trap();
    case DEED_DIVIDE:
#if defined(__x86_64__)
        __asm__ volatile("xor %%edx, %%edx\n\tmov $1, %%eax\n\tdivl %0"
                         :
                         : "m"(zero)
                         : "eax", "edx");
#endif
        break;
    case DEED_ASSERT:
        assert(zero == 1);
        break;
    case DEED_FAULT:
        hal_fault("a reason");
    case DEED_RESET:
        hal_reset();
    }
    echo();
}

#include "board/power.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/board.h"
#include "board/board_dir.h"
#include "board/text.h"
#include "lib/flash_map.h"

static void set_led(struct board *board, bool on)
{
    led_set(&board->led, on, clock_us(&board->clock));
}

/* Take the MCU away, with all that hangs on it. */
static void stop(struct board *board)
{
    struct power *power = &board->power;
    if (ev_is_active(&power->ended)) {
        ev_io_stop(board->loop, &power->ended);
        memcpy(power->retained, power->registers->retained, sizeof power->retained);
    }
    bus_stop(board);
    uart_mcu_stopped(&board->uart);
    radio_mcu_stopped(&board->radio);
    mcu_stop(&power->mcu);
}

static void park(struct board *board, const struct power_fault *fault)
{
    struct power *power = &board->power;
    char line[300];
    char place[64] = "";
    stop(board);
    power->state = POWER_FAULT;
    power->fault = *fault;
    set_led(board, true);
    if (fault->has_place) {
        snprintf(place, sizeof place, " at address 0x%08llx, pc 0x%08llx",
                 (unsigned long long)fault->address, (unsigned long long)fault->pc);
    }
    snprintf(line, sizeof line, "hard fault: %s%s: %s", fault->cause, place, fault->reason);
    board_warn(board, "%s", line);
    uart_send(&board->uart, "\r\n", 2);
    uart_send(&board->uart, line, strlen(line));
    uart_send(&board->uart, "\r\n", 2);
}

void power_fault(struct board *board, const char *cause, const char *reason)
{
    struct power_fault fault = {0};
    snprintf(fault.cause, sizeof fault.cause, "%s", cause);
    snprintf(fault.reason, sizeof fault.reason, "%s", reason);
    park(board, &fault);
}

static const char *signal_cause(uint32_t number)
{
    switch (number) {
    case SIGSEGV:
    case SIGBUS:
        return "memory fault";
    case SIGILL:
    case SIGTRAP:
        return "illegal instruction";
    case SIGFPE:
        return "arithmetic fault";
    case SIGSYS:
        return "forbidden call";
    default:
        return "exception";
    }
}

/* How the process ended, when the MCU itself left no word about it. */
static void describe_end(const siginfo_t *end, struct power_fault *fault)
{
    if (end->si_code == CLD_EXITED) {
        snprintf(fault->cause, sizeof fault->cause, "end of program");
        snprintf(fault->reason, sizeof fault->reason, "the program ended with status %d",
                 end->si_status);
    } else {
        snprintf(fault->cause, sizeof fault->cause, "%s", signal_cause((uint32_t)end->si_status));
        snprintf(fault->reason, sizeof fault->reason, "the MCU was stopped by signal %d (%s)",
                 end->si_status, strsignal(end->si_status));
    }
}

static void ended(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct board *board = watcher->data;
    struct power *power = &board->power;
    siginfo_t end = {0};
    waitid(P_PIDFD, (id_t)watcher->fd, &end, WEXITED | WNOHANG | WNOWAIT);

    uint32_t run = power->runs;
    bus_drain(board);
    if (power->runs != run || power->state == POWER_FAULT) {
        return; /* its last words were a reset, a boot, or nonsense */
    }
    struct link_fault last;
    memcpy(&last, &power->registers->fault, sizeof last);
    struct power_fault fault = {.address = last.address, .pc = last.pc};
    if (last.signal == 0) {
        describe_end(&end, &fault);
    } else {
        bool by_itself = last.signal == LINK_FAULT_REASON;
        snprintf(fault.cause, sizeof fault.cause, "%s",
                 by_itself ? "firmware" : signal_cause(last.signal));
        text_clean(fault.reason, sizeof fault.reason, last.reason, sizeof last.reason);
        fault.has_place = !by_itself;
    }
    park(board, &fault);
}

static void fill_registers(struct board *board)
{
    struct power *power = &board->power;
    struct link_registers *registers = power->registers;
    memset(registers, 0, LINK_REGISTERS_SIZE);
    registers->version = LINK_VERSION;
    registers->speed = board->clock.speed;
    registers->reset_cause = power->reset_cause;
    registers->start_ns = power->reset_ns;
    registers->rtc_start_us = clock_rtc_us_at(&board->clock, power->reset_ns);
    registers->pin_levels = board->pins.levels;
    memcpy(registers->mac, board->mac, sizeof registers->mac);
    memcpy(registers->retained, power->retained, sizeof registers->retained);
}

/* Run the program of `size` bytes at flash address `address` in a fresh MCU. */
static void start(struct board *board, uint32_t address, uint32_t size, bool same_run)
{
    struct power *power = &board->power;
    stop(board);
    set_led(board, false);
    fill_registers(board);
    power->state = POWER_BOOTLOADER;
    power->runs++;
    int result = mcu_start(&power->mcu, &power->mcu_config, address, size);
    if (result < 0) {
        char reason[160];
        snprintf(reason, sizeof reason, "the MCU cannot be started: %s", strerror(-result));
        power_fault(board, "board", reason);
        return;
    }
    ev_io_set(&power->ended, power->mcu.pid_fd, EV_READ);
    ev_io_start(board->loop, &power->ended);
    bus_start(board, power->mcu.bus_fd);
    radio_mcu_started(&board->radio, power->mcu.radio_fd);
    uart_mcu_started(&board->uart, same_run);
}

void power_reset(struct board *board, enum hal_reset_cause cause)
{
    struct power *power = &board->power;
    power->reset_cause = cause;
    power->reset_ns = clock_link_ns();
    power->slot = -1;
    reports_clear(&board->reports);
    start(board, FLASH_BOOTLOADER_ADDRESS, power->bootloader_size, false);
}

void power_on(struct board *board)
{
    if (board->power.state == POWER_OFF) {
        clock_rtc_power_on(&board->clock);
        power_reset(board, HAL_RESET_POWER_ON);
    }
}

void power_off(struct board *board)
{
    stop(board);
    set_led(board, false);
    reports_clear(&board->reports);
    memset(board->power.retained, 0, sizeof board->power.retained);
    board->power.state = POWER_OFF;
    board->power.slot = -1;
}

void power_boot(struct board *board, enum hal_boot_slot slot, uint32_t address, uint32_t size)
{
    board->power.slot = (int)slot;
    start(board, address, size, true);
}

void power_running(struct board *board)
{
    if (board->power.state == POWER_BOOTLOADER) {
        board->power.state = POWER_RUNNING;
        board_ready(board);
    }
}

void power_event(struct board *board, enum link_event_code code, const void *data, uint32_t size)
{
    struct power *power = &board->power;
    if (power->mcu.event_fd < 0) {
        return;
    }
    int unread = 0;
    if (size == 0 && ioctl(power->mcu.event_fd, SIOCOUTQ, &unread) == 0 && unread > 0) {
        return; /* an event that carries nothing only wakes, and one that does is waiting already */
    }
    struct link_event event = {.code = code, .size = size};
    struct iovec parts[] = {{&event, sizeof event}, {(void *)(uintptr_t)data, size}};
    struct msghdr packet = {.msg_iov = parts, .msg_iovlen = size > 0 ? 2 : 1};
    /* Never full: one piece of input at a time, and one event that wakes. */
    (void)!sendmsg(power->mcu.event_fd, &packet, MSG_DONTWAIT | MSG_NOSIGNAL);
    power->registers->interrupt_pending = 1;
}

void power_pins_changed(struct board *board)
{
    board->power.registers->pin_levels = board->pins.levels;
    power_event(board, LINK_EVENT_PINS, NULL, 0);
}

uint64_t power_uptime_us(const struct board *board)
{
    if (board->power.state == POWER_OFF) {
        return 0;
    }
    return (clock_link_ns() - board->power.reset_ns) / 1000 * board->clock.speed;
}

int power_open(struct board *board, uint32_t bootloader_size)
{
    struct power *power = &board->power;
    power->state = POWER_OFF;
    power->slot = -1;
    power->bootloader_size = bootloader_size;
    mcu_init(&power->mcu);
    ev_io_init(&power->ended, ended, -1, EV_READ);
    power->ended.data = board;
    power->mcu_config.flash_fd = open(BOARD_DIR_FLASH, O_RDONLY | O_CLOEXEC);
    power->mcu_config.registers_fd = memfd_create("registers", MFD_CLOEXEC);
    if (power->mcu_config.flash_fd < 0 || power->mcu_config.registers_fd < 0 ||
        ftruncate(power->mcu_config.registers_fd, LINK_REGISTERS_SIZE) < 0) {
        return -errno;
    }
    power->registers = mmap(NULL, LINK_REGISTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                            power->mcu_config.registers_fd, 0);
    return power->registers == MAP_FAILED ? -errno : 0;
}

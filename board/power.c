#include "board/power.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/board.h"
#include "board/board_dir.h"
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
    companion_board_is_off(&board->companion);
    mcu_stop(&power->mcu);
}

/* Print a line about what has become of the MCU. */
static void announce(struct board *board, const char *line)
{
    board_warn(board, "%s", line);
    uart_send(&board->uart, "\r\n", 2);
    uart_send(&board->uart, line, strlen(line));
    uart_send(&board->uart, "\r\n", 2);
}

static void reset(struct board *board, enum hal_reset_cause cause, enum hal_trial_end trial_end);

/* A hard fault: the MCU is parked until the next reset; but an image on trial is given up at once.
 */
static void fail(struct board *board, struct fault *fault)
{
    struct power *power = &board->power;
    char line[FAULT_LINE_MAX];
    stop(board);
    power->state = POWER_FAULT;
    fault->board_ms = clock_us(&board->clock) / 1000;
    power->fault = *fault;
    fault_line(fault, line, sizeof line);
    announce(board, line);
    if (board->supervisor.on_trial) {
        reset(board, HAL_RESET_HARD, HAL_TRIAL_FAULT);
    } else {
        set_led(board, true);
    }
}

void power_fault(struct board *board, const char *cause, const char *reason)
{
    struct fault fault;
    fault_make(&fault, cause, reason);
    fail(board, &fault);
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
    struct link_fault left;
    struct fault fault;
    memcpy(&left, &power->registers->fault, sizeof left);
    fault_of_mcu(&fault, &left, &end);
    fail(board, &fault);
}

/* The MCU may be looking meanwhile: a number stands there only as long as all the rest is that of
 * its card. */
static void fill_sd(struct board *board)
{
    const struct sd_slot *slot = &board->sd;
    struct link_sd *sd = &board->power.registers->sd;
    sd->insertion = 0;
    atomic_thread_fence(memory_order_seq_cst);
    sd->blocks = slot->insertion != 0 ? slot->blocks : 0;
    sd->read_only = slot->insertion != 0 && slot->lock != SD_SLOT_WRITABLE;
    atomic_thread_fence(memory_order_seq_cst);
    sd->insertion = slot->insertion;
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
    registers->trial_end = power->trial_end;
    fill_sd(board);
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

static void reset(struct board *board, enum hal_reset_cause cause, enum hal_trial_end trial_end)
{
    struct power *power = &board->power;
    supervisor_reset(&board->supervisor);
    if (power->state == POWER_FAULT) {
        power->last_fault = power->fault;
    }
    power->reset_cause = cause;
    power->trial_end = trial_end;
    power->reset_ns = clock_link_ns();
    power->slot = -1;
    reports_clear(&board->reports);
    start(board, FLASH_BOOTLOADER_ADDRESS, power->bootloader_size, false);
}

void power_reset(struct board *board)
{
    reset(board, HAL_RESET_HARD, HAL_TRIAL_NONE);
}

void power_reset_by_mcu(struct board *board)
{
    reset(board, HAL_RESET_HARD, board->supervisor.on_trial ? HAL_TRIAL_RESET : HAL_TRIAL_NONE);
}

/* The time of the trial or of the watchdog is up: unless what shows that the MCU works waits in the
 * bus, or makes an end of its run. */
static void expired(void *context, const struct ev_timer *timer)
{
    struct board *board = context;
    struct supervisor *supervisor = &board->supervisor;
    bool is_watchdog = timer == &supervisor->watchdog;
    uint32_t run = board->power.runs;
    bus_drain(board);
    bool was_just_in_time = is_watchdog ? ev_is_active(timer) : !supervisor->on_trial;
    if (board->power.runs != run || was_just_in_time) {
        return;
    }
    char line[80];
    if (is_watchdog) {
        snprintf(line, sizeof line, "watchdog: not fed for %u ms: reset", supervisor->watchdog_ms);
    } else {
        snprintf(line, sizeof line, "the firmware on trial did not come up within %u s: reset",
                 HAL_BOOT_TRIAL_US / 1000000);
    }
    announce(board, line);
    reset(board, HAL_RESET_WDT, supervisor->on_trial ? HAL_TRIAL_TIMEOUT : HAL_TRIAL_NONE);
}

void power_on(struct board *board)
{
    if (board->power.state == POWER_OFF) {
        clock_rtc_power_on(&board->clock);
        reset(board, HAL_RESET_POWER_ON, HAL_TRIAL_NONE);
    }
}

void power_off(struct board *board)
{
    struct power *power = &board->power;
    stop(board);
    supervisor_reset(&board->supervisor);
    set_led(board, false);
    reports_clear(&board->reports);
    memset(power->retained, 0, sizeof power->retained);
    memset(&power->last_fault, 0, sizeof power->last_fault);
    power->state = POWER_OFF;
    power->slot = -1;
}

void power_boot(struct board *board, enum hal_boot_slot slot, uint32_t address, uint32_t size,
                bool on_trial)
{
    board->power.slot = (int)slot;
    board->power.trial_end = HAL_TRIAL_NONE;
    if (on_trial) {
        supervisor_begin_trial(&board->supervisor);
    }
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

void power_sd_changed(struct board *board)
{
    fill_sd(board);
    power_event(board, LINK_EVENT_SD, NULL, 0);
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
    supervisor_init(&board->supervisor, board->loop);
    board->supervisor.expired = expired;
    board->supervisor.context = board;
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

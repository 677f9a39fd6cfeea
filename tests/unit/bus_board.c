#include "tests/unit/bus_board.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/board_dir.h"

struct board board;
char last_warning[400];
unsigned warnings;
static char directory[] = "/tmp/test_bus.XXXXXX";

/* ---- in the place of board/board.c */

bool said_ready;

void board_ready(struct board *b)
{
    said_ready = true;
}

void board_moved(struct board *b)
{
}

void board_say(struct board *b, const char *format, ...)
{
}

void board_warn(struct board *b, const char *format, ...)
{
    va_list arguments;
    warnings++;
    va_start(arguments, format);
    vsnprintf(last_warning, sizeof last_warning, format, arguments);
    va_end(arguments);
}

/* ---- in the place of board/mcu.c: the other ends are kept here */

int bus = -1, event = -1;
static int radio = -1;
unsigned starts;
uint32_t start_address, start_size;
int start_result;

void mcu_init(struct mcu *mcu)
{
    *mcu = (struct mcu){.pid_fd = -1, .bus_fd = -1, .event_fd = -1, .radio_fd = -1};
}

static void pair(int *boards, int *mcus)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    *boards = ends[0];
    *mcus = ends[1];
}

int mcu_start(struct mcu *mcu, const struct mcu_config *config, uint32_t address, uint32_t size)
{
    if (start_result < 0) {
        int result = start_result;
        start_result = 0;
        return result;
    }
    pair(&mcu->bus_fd, &bus);
    pair(&mcu->event_fd, &event);
    pair(&mcu->radio_fd, &radio);
    mcu->pid = 1;
    mcu->pid_fd = eventfd(0, EFD_NONBLOCK);
    starts++;
    start_address = address;
    start_size = size;
    return 0;
}

void mcu_stop(struct mcu *mcu)
{
    int *const fds[] = {&mcu->pid_fd, &mcu->bus_fd, &mcu->event_fd, &mcu->radio_fd,
                        &bus,         &event,       &radio};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (*fds[i] >= 0) {
            close(*fds[i]);
        }
        *fds[i] = -1;
    }
}

/* ---- set-up */

static void uart_event(void *context, enum link_event_code code, const void *data, uint32_t size)
{
    power_event(context, code, data, size);
}

static void radio_changed(void *context)
{
    power_event(context, LINK_EVENT_RADIO, NULL, 0);
}

static void ignore(void *context)
{
}

int set_up(void **state)
{
    static const uint8_t mac[6] = {0xd4, 0xf5, 0x13, 0x5e, 1, 2};
    memset(&board, 0, sizeof board);
    start_result = 0;
    starts = 0;
    warnings = 0;
    said_ready = false;
    last_warning[0] = '\0';
    assert_int_equal(flash_chip_open(&board.chip, BOARD_DIR_FLASH, true), FLASH_CHIP_OK);
    board.chip.protected_size = FLASH_PROTECTED_SIZE;
    board.loop = ev_loop_new(EVFLAG_AUTO);
    memcpy(board.mac, mac, sizeof mac);
    clock_start(&board.clock, 10);
    bus_init(&board);
    assert_int_equal(power_open(&board, BOOTLOADER_SIZE), 0);
    assert_int_equal(air_place_open(&board.place, "air", last_warning, sizeof last_warning), 0);
    board.radio.changed = radio_changed;
    board.radio.on_air = board.radio.unheard = ignore;
    board.radio.context = &board;
    radio_init(&board.radio, board.loop, &board.place, mac, board.power.registers);
    board.uart.event = uart_event;
    board.uart.context = &board;
    board.uart.taken = &board.power.registers->uart_taken;
    assert_int_equal(uart_open(&board.uart, board.loop), 0);
    power_on(&board);
    return 0;
}

int tear_down(void **state)
{
    power_off(&board);
    uart_close(&board.uart);
    close(board.power.mcu_config.flash_fd);
    close(board.power.mcu_config.registers_fd);
    flash_chip_close(&board.chip);
    air_place_close(&board.place);
    ev_loop_destroy(board.loop);
    return 0;
}

int make_directory(void **state)
{
    return mkdtemp(directory) == NULL || chdir(directory) < 0;
}

int remove_directory(void **state)
{
    unlink(BOARD_DIR_FLASH);
    rmdir("air");
    return rmdir(directory);
}

void work(void)
{
    for (int i = 0; i < 50; i++) {
        ev_run(board.loop, EVRUN_NOWAIT);
    }
}

void wait_for(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    while (poll(&wanted, 1, 10) == 0) {
        work();
    }
}

void queue_packet(struct link_command command, const void *data, size_t size)
{
    uint8_t packet[sizeof command + 8000];
    memcpy(packet, &command, sizeof command);
    if (size > 0) {
        memcpy(packet + sizeof command, data, size);
    }
    send(bus, packet, sizeof command + size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void send_packet(struct link_command command, const void *data, size_t size)
{
    queue_packet(command, data, size);
    work();
}

void command(struct link_command c)
{
    send_packet(c, NULL, 0);
}

void report(enum hal_report_item item, const char *text)
{
    send_packet(
        (struct link_command){.code = LINK_REPORT, .value = item, .size = (uint32_t)strlen(text)},
        text, strlen(text));
}

void boot(void)
{
    command((struct link_command){
        .code = LINK_BOOT, .value = HAL_BOOT_FACTORY, .address = IMAGE_ADDRESS, .size = 5000});
}

void read_terminal(char *text, size_t room, const char *end)
{
    size_t size = 0;
    text[0] = '\0';
    while (strstr(text, end) == NULL) {
        wait_for(board.uart.slave);
        ssize_t n = read(board.uart.slave, text + size, room - 1 - size);
        assert_true(n > 0);
        size += (size_t)n;
        text[size] = '\0';
    }
}

void end_process(void)
{
    uint64_t one = 1;
    assert_int_equal(write(board.power.mcu.pid_fd, &one, sizeof one), sizeof one);
    work();
}

void assert_fault(const char *cause)
{
    assert_int_equal(board.power.state, POWER_FAULT);
    assert_string_equal(board.power.fault.cause, cause);
    assert_true(board.led.on);
    assert_non_null(strstr(last_warning, cause));
    assert_int_equal(board.power.mcu.bus_fd, -1); /* parked */
}

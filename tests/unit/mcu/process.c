#include "tests/unit/mcu/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/flash_map.h"

#define PATIENCE_MS 20000 /* a bound for what must happen, not a measure */

struct process_board board;

void put_flash(uint32_t address, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        board.flash[address + i] = (uint8_t)~bytes[i];
    }
}

int make_board(void **state)
{
    board.config.registers_fd = memfd_create("registers", MFD_CLOEXEC);
    int flash = memfd_create("flash", MFD_CLOEXEC);
    assert_return_code(ftruncate(board.config.registers_fd, LINK_REGISTERS_SIZE), 0);
    assert_return_code(ftruncate(flash, FLASH_SIZE), 0);
    board.registers = mmap(NULL, LINK_REGISTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                           board.config.registers_fd, 0);
    board.flash = mmap(NULL, FLASH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, flash, 0);
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", flash);
    board.config.flash_fd = open(path, O_RDONLY | O_CLOEXEC); /* as the board gives it */
    close(flash);
    assert_return_code(board.config.flash_fd, errno);
    assert_ptr_not_equal(board.registers, MAP_FAILED);
    assert_ptr_not_equal(board.flash, MAP_FAILED);
    *board.registers = (struct link_registers){.version = LINK_VERSION, .speed = 1};

    static uint8_t executable[FLASH_BOOTLOADER_SIZE];
    FILE *file = fopen(MCU_FIRMWARE, "rb");
    assert_non_null(file);
    board.size = (uint32_t)fread(executable, 1, sizeof executable, file);
    fclose(file);
    assert_in_range(board.size, 1, sizeof executable - 1);
    put_flash(0, executable, board.size);
    put_flash(FLASH_TEXT_ADDRESS, FLASH_TEXT, strlen(FLASH_TEXT));
    mcu_init(&board.mcu);
    return 0;
}

int drop_board(void **state)
{
    mcu_stop(&board.mcu);
    munmap(board.registers, LINK_REGISTERS_SIZE);
    munmap(board.flash, FLASH_SIZE);
    close(board.config.registers_fd);
    close(board.config.flash_fd);
    return 0;
}

void start(enum deed deed)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    board.registers->start_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    board.registers->retained[DEED_REGISTER] = deed;
    assert_int_equal(mcu_start(&board.mcu, &board.config, 0, board.size), 0);
}

void wait_readable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
}

void receive(struct link_command *command, char *data, size_t room)
{
    static char packet[sizeof *command + LINK_DATA_MAX];
    wait_readable(board.mcu.bus_fd);
    ssize_t got = read(board.mcu.bus_fd, packet, sizeof packet);
    if (got <= 0) {
        fail_msg("the MCU has ended: %s", board.registers->fault.reason);
    }
    memcpy(command, packet, sizeof *command);
    size_t size = (size_t)got - sizeof *command;
    assert_in_range(size, 0, room - 1);
    memcpy(data, packet + sizeof *command, size);
    data[size] = 0;
}

void expect_uart(const char *text)
{
    struct link_command command;
    char data[256];
    receive(&command, data, sizeof data);
    assert_int_equal(command.code, LINK_UART_SEND);
    assert_string_equal(data, text);
}

void expect_end(void)
{
    wait_readable(board.mcu.pid_fd);
}

void expect_fault(enum deed deed, uint32_t signal, const char *reason)
{
    start(deed);
    expect_end();
    assert_int_equal(board.registers->fault.signal, signal);
    assert_non_null(strstr(board.registers->fault.reason, reason));
}

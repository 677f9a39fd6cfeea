/* The MCU process and its sandbox: a firmware that tries what it must not, boards that die. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/boot.h"
#include "hal/gpio.h"
#include "hal/result.h"
#include "tests/unit/mcu/process.h"

static void send_uart(const char *text)
{
    struct {
        struct link_event event;
        char data[64];
    } packet = {.event = {.code = LINK_EVENT_UART, .size = (uint32_t)strlen(text)}};
    memcpy(packet.data, text, strlen(text));
    board.registers->interrupt_pending = 1;
    size_t size = sizeof packet.event + strlen(text);
    assert_int_equal(write(board.mcu.event_fd, &packet, size), size);
}

/* ---- it works */
static void runs_and_is_woken_by_input(void **state)
{
    start(DEED_ECHO);
    for (int i = 0; i < 3; i++) {
        send_uart("hello");
        /* Taken and echoed: the order is the HAL's. */
        struct link_command first, second;
        char data[64], more[64];
        receive(&first, data, sizeof data);
        receive(&second, more, sizeof more);
        assert_int_equal(first.code, LINK_UART_TAKEN);
        assert_int_equal(second.code, LINK_UART_SEND);
        assert_string_equal(more, "hello");
    }
}

static void reads_the_flash(void **state)
{
    start(DEED_READ_FLASH);
    expect_uart(FLASH_TEXT);
}

static void expect_transfer(enum link_command_code code, uint32_t block, uint32_t size, char *data,
                            size_t room)
{
    struct link_command command;
    receive(&command, data, room);
    assert_int_equal(command.code, code);
    assert_int_equal(command.value, 7);
    assert_int_equal(command.address, block);
    assert_int_equal(command.size, size);
}

static void reads_and_writes_the_card(void **state)
{
    struct {
        struct link_answer answer;
        char data[1024];
    } packet = {.answer = {.result = HAL_OK}};
    char data[1025];
    board.registers->sd = (struct link_sd){.insertion = 7, .blocks = 100, .read_only = 1};
    memset(packet.data, 'a', 512);
    memset(packet.data + 512, 'b', 512);
    start(DEED_COPY_BLOCKS);
    expect_uart("read-only");
    expect_transfer(LINK_SD_READ, 0, 1024, data, sizeof data);
    assert_string_equal(data, "");
    assert_int_equal(write(board.mcu.bus_fd, &packet, sizeof packet), sizeof packet);
    expect_transfer(LINK_SD_WRITE, 98, 1024, data, sizeof data);
    assert_memory_equal(data, packet.data, 1024);
    packet.answer.result = HAL_ERROR_PROTECTED;
    assert_int_equal(write(board.mcu.bus_fd, &packet.answer, sizeof packet.answer), 8);
    expect_uart("protected");
    expect_transfer(LINK_SD_READ, 1, 512, data, sizeof data);
    packet.answer.result = HAL_ERROR_GONE;
    assert_int_equal(write(board.mcu.bus_fd, &packet.answer, sizeof packet.answer), 8);
    expect_uart("gone");
}

static void a_busy_mcu_is_interrupted_by_the_tick(void **state)
{
    start(DEED_TICK);
    expect_uart("tick");
}

static void its_clock_runs_at_the_boards_speed(void **state)
{
    board.registers->speed = 1000; /* else this would take a second */
    start(DEED_SLEEP);
    expect_uart("awake");
}

static void a_sleeping_mcu_uses_no_time(void **state)
{
    start(DEED_ECHO);
    send_uart("x");
    struct link_command command;
    char data[64];
    receive(&command, data, sizeof data);
    receive(&command, data, sizeof data);
    /* Until it sleeps; then nothing may change: it has no clock of its own that could wake it. */
    char path[64], before[1024] = "", after[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)board.mcu.pid);
    for (int i = 0; i < 1000 && !strstr(before, ") S "); i++) {
        FILE *file = fopen(path, "r");
        assert_non_null(fgets(before, sizeof before, file));
        fclose(file);
        usleep(1000);
    }
    usleep(100000);
    FILE *file = fopen(path, "r");
    assert_non_null(fgets(after, sizeof after, file));
    fclose(file);
    assert_string_equal(before, after);
}

static void reset_is_asked_of_the_board(void **state)
{
    start(DEED_RESET);
    struct link_command command;
    char data[64];
    receive(&command, data, sizeof data);
    assert_int_equal(command.code, LINK_RESET);
}

static void a_board_that_is_gone_ends_the_wait_for_it(void **state)
{
    start(DEED_RESET_INTERRUPTED);
    struct link_command command;
    char data[64];
    receive(&command, data, sizeof data);
    assert_int_equal(command.code, LINK_RESET);
    assert_return_code(shutdown(board.mcu.bus_fd, SHUT_RDWR), errno);
    expect_end();
}

static void expect_boot(enum deed deed, enum link_command_code code, enum hal_boot_slot slot,
                        uint32_t address, uint32_t size)
{
    struct link_command command;
    char data[64];
    start(deed);
    receive(&command, data, sizeof data);
    assert_int_equal(command.code, code);
    assert_int_equal(command.value, slot);
    assert_int_equal(command.address, address);
    assert_int_equal(command.size, size);
    assert_string_equal(data, "");
    mcu_stop(&board.mcu);
}

static void boot_and_trial_are_asked_of_the_board(void **state)
{
    expect_boot(DEED_BOOT, LINK_BOOT, HAL_BOOT_FACTORY, 4096, 100);
    expect_boot(DEED_BOOT_TRIAL, LINK_BOOT_TRIAL, HAL_BOOT_SLOT_C, 8192, 200);
    expect_boot(DEED_CONFIRM, LINK_BOOT_CONFIRM, 0, 0, 0);
}

static void it_is_told_how_a_trial_ended(void **state)
{
    board.registers->trial_end = HAL_TRIAL_TIMEOUT;
    start(DEED_TRIAL_END);
    expect_uart("time-out");
}

static void what_is_retained_is_in_the_registers(void **state)
{
    board.registers->retained[SPARE_REGISTER] = 41;
    start(DEED_RETAIN);
    expect_uart("retained");
    assert_int_equal(board.registers->retained[SPARE_REGISTER], 42);
}

static void the_watchdog_is_started_and_fed_within_its_limits(void **state)
{
    start(DEED_WATCHDOG);
    for (int i = 0; i < 2; i++) {
        struct link_command command;
        char data[64];
        receive(&command, data, sizeof data);
        assert_int_equal(command.code, LINK_WATCHDOG);
        assert_int_equal(command.value, WATCHDOG_MS);
    }
}

static void a_pin_wakes_it(void **state)
{
    start(DEED_PIN);
    expect_uart("asleep");
    struct link_event told = {.code = LINK_EVENT_PINS};
    board.registers->pin_levels = UINT32_C(1) << HAL_GPIO_SAFE_BOOT;
    assert_int_equal(write(board.mcu.event_fd, &told, sizeof told), sizeof told);
    board.registers->interrupt_pending = 1;
    expect_uart("high");
}

static void it_can_be_started_again_and_again(void **state)
{
    for (int i = 0; i < 20; i++) {
        start(DEED_READ_FLASH);
        expect_uart(FLASH_TEXT);
        mcu_stop(&board.mcu);
        assert_int_equal(board.mcu.pid, 0);
    }
}

/* ---- the sandbox */
static void no_call_outside_the_list_works(void **state)
{
    static const enum deed deeds[] = {DEED_OPEN, DEED_EXEC, DEED_SOCKET, DEED_FORK,
                                      DEED_KILL, DEED_MAP,  DEED_PROTECT};
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        expect_fault(deeds[i], SIGSYS, "does not have");
        assert_int_not_equal(board.registers->fault.pc, 0);
        mcu_stop(&board.mcu);
        memset(&board.registers->fault, 0, sizeof board.registers->fault);
    }
}

static void only_the_link_is_open(void **state)
{
    start(DEED_DESCRIPTORS);
    expect_uart("done");
}

static void it_sees_nothing_of_the_host(void **state)
{
    start(DEED_ECHO);
    send_uart("x");
    wait_readable(board.mcu.bus_fd);
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/status", (int)board.mcu.pid);
    FILE *file = fopen(path, "r");
    bool filtered = false, bound = false;
    while (fgets(line, sizeof line, file)) {
        filtered |= strcmp(line, "Seccomp:\t2\n") == 0;
        bound |= strcmp(line, "NoNewPrivs:\t1\n") == 0;
    }
    fclose(file);
    assert_true(filtered);
    assert_true(bound);
}

/* ---- it never outlives its board */
static void it_ends_when_the_board_is_killed(void **state)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* the orphan becomes ours, so that its end can be seen */
    int out[2];
    assert_return_code(pipe(out), 0);
    pid_t victim = fork();
    if (victim == 0) {
        start(DEED_SPIN);
        expect_uart("spinning");
        if (write(out[1], &board.mcu.pid, sizeof board.mcu.pid) > 0) {
            pause();
        }
        _exit(1);
    }
    pid_t mcu = 0;
    wait_readable(out[0]);
    assert_int_equal(read(out[0], &mcu, sizeof mcu), sizeof mcu);
    close(out[0]);
    close(out[1]);
    kill(victim, SIGKILL);
    int status;
    assert_int_equal(waitpid(victim, &status, 0), victim);
    assert_int_equal(waitpid(mcu, &status, 0), mcu); /* ctest's time-out is the bound */
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_board, drop_board)
    const struct CMUnitTest tests[] = {
        TEST(runs_and_is_woken_by_input),
        TEST(reads_the_flash),
        TEST(reads_and_writes_the_card),
        TEST(a_busy_mcu_is_interrupted_by_the_tick),
        TEST(its_clock_runs_at_the_boards_speed),
        TEST(a_sleeping_mcu_uses_no_time),
        TEST(reset_is_asked_of_the_board),
        TEST(a_board_that_is_gone_ends_the_wait_for_it),
        TEST(boot_and_trial_are_asked_of_the_board),
        TEST(it_is_told_how_a_trial_ended),
        TEST(what_is_retained_is_in_the_registers),
        TEST(the_watchdog_is_started_and_fed_within_its_limits),
        TEST(a_pin_wakes_it),
        TEST(it_can_be_started_again_and_again),
        TEST(no_call_outside_the_list_works),
        TEST(only_the_link_is_open),
        TEST(it_sees_nothing_of_the_host),
        TEST(it_ends_when_the_board_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The MCU process and its sandbox: a firmware that tries what it must not, executables that are no
 * good, boards that die. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "board/mcu.h"
#include "hal/reset.h"
#include "lib/flash_map.h"
#include "link/link.h"
#include "tests/unit/mcu/deeds.h"

#define PATIENCE_MS 20000 /* a bound for what must happen, not a measure */

static struct {
    struct mcu mcu;
    struct mcu_config config;
    struct link_registers *registers;
    uint8_t *flash; /* inverted */
    uint32_t size;  /* of the executable at address 0 */
} board;

static void put_flash(uint32_t address, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        board.flash[address + i] = (uint8_t)~bytes[i];
    }
}

static int make_board(void **state)
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

static int drop_board(void **state)
{
    mcu_stop(&board.mcu);
    munmap(board.registers, LINK_REGISTERS_SIZE);
    munmap(board.flash, FLASH_SIZE);
    close(board.config.registers_fd);
    close(board.config.flash_fd);
    return 0;
}

static void start(enum deed deed)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    board.registers->start_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    board.registers->retained[0] = deed;
    assert_int_equal(mcu_start(&board.mcu, &board.config, 0, board.size), 0);
}

static void wait_readable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
}

static void receive(struct link_command *command, char *data, size_t room)
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

static void expect_uart(const char *text)
{
    struct link_command command;
    char data[256];
    receive(&command, data, sizeof data);
    assert_int_equal(command.code, LINK_UART_SEND);
    assert_string_equal(data, text);
}

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

static void expect_end(void)
{
    wait_readable(board.mcu.pid_fd);
}

static void expect_fault(enum deed deed, uint32_t signal, const char *reason)
{
    start(deed);
    expect_end();
    assert_int_equal(board.registers->fault.signal, signal);
    assert_non_null(strstr(board.registers->fault.reason, reason));
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
    assert_int_equal(command.value, HAL_RESET_HARD);
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

/* ---- faults */
static void a_wild_write_is_a_fault_with_its_address(void **state)
{
    expect_fault(DEED_WILD_WRITE, SIGSEGV, "memory");
    assert_int_equal(board.registers->fault.address, WILD_ADDRESS);
    assert_in_range(board.registers->fault.pc, LINK_PROGRAM_ADDRESS, LINK_PROGRAM_END);
}

static void code_cannot_be_written(void **state)
{
    expect_fault(DEED_WRITE_CODE, SIGSEGV, "memory");
}

static void data_cannot_be_run(void **state)
{
    expect_fault(DEED_JUMP_TO_DATA, SIGSEGV, "memory");
}

static void stack_overflow_is_a_fault(void **state)
{
    expect_fault(DEED_STACK_OVERFLOW, SIGSEGV, "memory");
    assert_in_range(board.registers->fault.address, LINK_STACK_ADDRESS - 8192,
                    LINK_STACK_ADDRESS - 1);
}

static void an_illegal_instruction_is_a_fault(void **state)
{
    expect_fault(DEED_ILLEGAL, SIGILL, "illegal instruction");
}

static void a_division_by_zero_is_a_fault(void **state)
{
#if defined(__x86_64__)
    expect_fault(DEED_DIVIDE, SIGFPE, "arithmetic");
#else
    skip(); /* this processor gives 0 */
#endif
}

static void a_failed_assertion_is_a_fault_with_its_place(void **state)
{
    expect_fault(DEED_ASSERT, LINK_FAULT_REASON, "assertion failed in firmware.c:");
    assert_non_null(strstr(board.registers->fault.reason, "zero == 1"));
}

static void hal_fault_gives_its_reason(void **state)
{
    expect_fault(DEED_FAULT, LINK_FAULT_REASON, "a reason");
}

/* ---- executables that are no good: each is one change to a good one */
static void expect_refusal(const char *reason)
{
    start(DEED_ECHO);
    expect_end();
    assert_int_equal(board.registers->fault.signal, LINK_FAULT_REASON);
    assert_string_equal(board.registers->fault.reason, reason);
    mcu_stop(&board.mcu);
    memset(&board.registers->fault, 0, sizeof board.registers->fault);
}

static void bad_executables_are_refused(void **state)
{
    Elf64_Ehdr good, header;
    uint8_t *bytes = (uint8_t *)&good;
    for (size_t i = 0; i < sizeof good; i++) {
        bytes[i] = (uint8_t)~board.flash[i];
    }
#define TRY_HEADER(change, reason)                                                                 \
    header = good;                                                                                 \
    header.change;                                                                                 \
    put_flash(0, &header, sizeof header);                                                          \
    expect_refusal(reason)
    TRY_HEADER(e_ident[0] = 0, "executable: not a static ELF executable");
    TRY_HEADER(e_type = ET_DYN, "executable: not a static ELF executable");
    TRY_HEADER(e_machine = EM_ARM, "executable: machine code of another processor");
    TRY_HEADER(e_phnum = 0, "executable: bad program headers");
    TRY_HEADER(e_phnum = 0xffff, "executable: bad program headers");
    TRY_HEADER(e_phoff = board.size - 8, "executable: bad program headers");
    TRY_HEADER(e_phoff = UINT64_MAX - 8, "executable: bad program headers");
    TRY_HEADER(e_entry = 0x1000, "executable: no entry point, or no program headers in memory");
    put_flash(0, &good, sizeof good);

    /* The second segment is the code. */
    uint32_t at = (uint32_t)good.e_phoff + sizeof(Elf64_Phdr);
    Elf64_Phdr code, segment;
    bytes = (uint8_t *)&code;
    for (size_t i = 0; i < sizeof code; i++) {
        bytes[i] = (uint8_t)~board.flash[at + i];
    }
    assert_int_equal(code.p_flags, PF_R | PF_X);
#define TRY_SEGMENT(change, reason)                                                                \
    segment = code;                                                                                \
    segment.change;                                                                                \
    put_flash(at, &segment, sizeof segment);                                                       \
    expect_refusal(reason)
    TRY_SEGMENT(p_type = PT_INTERP, "executable: not a static ELF executable");
    TRY_SEGMENT(p_offset = board.size, "executable: a segment lies outside of the file");
    TRY_SEGMENT(p_offset = UINT64_MAX, "executable: a segment lies outside of the file");
    TRY_SEGMENT(p_memsz = 1, "executable: a segment lies outside of the file");
    TRY_SEGMENT(p_memsz = UINT64_MAX, "executable: a segment lies outside of the MCU's memory");
    TRY_SEGMENT(p_memsz = 1ul << 28, "executable: a segment lies outside of the MCU's memory");
    TRY_SEGMENT(p_vaddr = LINK_REGISTERS_ADDRESS,
                "executable: a segment lies outside of the MCU's memory");
    TRY_SEGMENT(p_vaddr = UINT64_MAX, "executable: a segment lies outside of the MCU's memory");
    TRY_SEGMENT(p_vaddr = 0, "executable: a segment lies outside of the MCU's memory");
    TRY_SEGMENT(p_flags = PF_R | PF_W | PF_X,
                "executable: a segment is both writable and executable");
    TRY_SEGMENT(p_vaddr -= 0x1000, "MCU: memory cannot be mapped"); /* on top of the first */
    put_flash(at, &code, sizeof code);

    uint32_t size = board.size;
    board.size = 10;
    expect_refusal("executable: outside of the flash, or truncated");
    board.size = UINT32_MAX;
    expect_refusal("executable: outside of the flash, or truncated");
    board.size = size;
    start(DEED_READ_FLASH); /* the changes were undone: it is good again */
    expect_uart(FLASH_TEXT);
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
        TEST(a_busy_mcu_is_interrupted_by_the_tick),
        TEST(its_clock_runs_at_the_boards_speed),
        TEST(a_sleeping_mcu_uses_no_time),
        TEST(reset_is_asked_of_the_board),
        TEST(it_can_be_started_again_and_again),
        TEST(no_call_outside_the_list_works),
        TEST(only_the_link_is_open),
        TEST(it_sees_nothing_of_the_host),
        TEST(a_wild_write_is_a_fault_with_its_address),
        TEST(code_cannot_be_written),
        TEST(data_cannot_be_run),
        TEST(stack_overflow_is_a_fault),
        TEST(an_illegal_instruction_is_a_fault),
        TEST(a_division_by_zero_is_a_fault),
        TEST(a_failed_assertion_is_a_fault_with_its_place),
        TEST(hal_fault_gives_its_reason),
        TEST(bad_executables_are_refused),
        TEST(it_ends_when_the_board_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

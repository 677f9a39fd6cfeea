/* Hard faults of the MCU process: what stopped it, and where; executables that are no good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <signal.h>
#include <string.h>

#include "tests/unit/mcu/process.h"

/* The pc is in the function that did it, or behind its last instruction when that was a call. */
static void assert_place(void)
{
    uint64_t place = board.registers->retained[PLACE_REGISTER];
    assert_in_range(board.registers->fault.pc, place, place + DEED_SIZE_MAX);
}

/* ---- faults */
static void a_wild_write_is_a_fault_with_its_address(void **state)
{
    expect_fault(DEED_WILD_WRITE, SIGSEGV, "memory");
    assert_int_equal(board.registers->fault.address, WILD_ADDRESS);
    assert_place();
}

static void an_address_that_the_processor_does_not_tell_is_not_made_up(void **state)
{
#if defined(__x86_64__)
    expect_fault(DEED_IMPOSSIBLE_ADDRESS, SIGSEGV, "impossible address");
    assert_true(board.registers->fault.address == LINK_FAULT_NO_ADDRESS);
    assert_place();
#else
    skip(); /* this processor tells it */
#endif
}

static void a_jump_to_nowhere_is_a_fault_there(void **state)
{
    expect_fault(DEED_JUMP_TO_NOWHERE, SIGSEGV, "memory");
    assert_int_equal(board.registers->fault.address, NOWHERE_ADDRESS);
    assert_int_equal(board.registers->fault.pc, NOWHERE_ADDRESS);
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
    assert_in_range(board.registers->fault.pc, LINK_PROGRAM_ADDRESS, LINK_PROGRAM_END);
}

static void an_illegal_instruction_is_a_fault(void **state)
{
    expect_fault(DEED_ILLEGAL, SIGILL, "illegal instruction");
    assert_place();
}

static void a_division_by_zero_is_a_fault(void **state)
{
#if defined(__x86_64__)
    expect_fault(DEED_DIVIDE, SIGFPE, "arithmetic");
    assert_place();
#else
    skip(); /* this processor gives 0 */
#endif
}

static void a_failed_assertion_is_a_fault_with_its_place(void **state)
{
    expect_fault(DEED_ASSERT, LINK_FAULT_REASON, "assertion failed in firmware.c:");
    assert_non_null(strstr(board.registers->fault.reason, "zero == 1"));
    assert_place();
}

static void abort_is_a_fault_with_its_place(void **state)
{
    expect_fault(DEED_ABORT, LINK_FAULT_REASON, "abort");
    assert_place();
}

static void hal_fault_gives_its_reason(void **state)
{
    expect_fault(DEED_FAULT, LINK_FAULT_REASON, "a reason");
    assert_true(board.registers->fault.address == LINK_FAULT_NO_ADDRESS);
    assert_place();
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_board, drop_board)
    const struct CMUnitTest tests[] = {
        TEST(a_wild_write_is_a_fault_with_its_address),
        TEST(an_address_that_the_processor_does_not_tell_is_not_made_up),
        TEST(a_jump_to_nowhere_is_a_fault_there),
        TEST(code_cannot_be_written),
        TEST(data_cannot_be_run),
        TEST(stack_overflow_is_a_fault),
        TEST(an_illegal_instruction_is_a_fault),
        TEST(a_division_by_zero_is_a_fault),
        TEST(a_failed_assertion_is_a_fault_with_its_place),
        TEST(abort_is_a_fault_with_its_place),
        TEST(hal_fault_gives_its_reason),
        TEST(bad_executables_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The console: queue, interrupt, back-pressure, output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "hal/clock.h"
#include "hal/uart.h"
#include "system/console.h"

#define CTRL_C 3

static uint64_t link_us;
static char uart_in[16384], uart_out[256], remote_out[256];
static size_t uart_room;
static size_t uart_in_first, uart_in_count;
static int interrupts;

uint64_t hal_clock_link_us(void)
{
    return link_us;
}

size_t hal_uart_read(void *data, size_t size)
{
    if (size > uart_in_count) {
        size = uart_in_count;
    }
    memcpy(data, uart_in + uart_in_first, size);
    uart_in_first += size;
    uart_in_count -= size;
    return size;
}

size_t hal_uart_write(const void *data, size_t size)
{
    size_t taken = size < uart_room ? size : uart_room;
    strncat(uart_out, data, taken);
    uart_room -= taken;
    return taken;
}

void loop_wait(uint64_t until_us)
{
    assert_true(until_us == HAL_CLOCK_NEVER);
    uart_room = 2; /* the other end has read */
}

static void remote_write(const char *data, size_t size)
{
    strncat(remote_out, data, size);
}

static void interrupt(void)
{
    interrupts++;
}

static int set_up(void **state)
{
    link_us = 1000;
    uart_in_first = uart_in_count = 0;
    uart_out[0] = remote_out[0] = 0;
    uart_room = 10;
    interrupts = 0;
    console_init();
    return 0;
}

static size_t offer(const char *text)
{
    return console_offer((const uint8_t *)text, strlen(text));
}

static void type(const char *text)
{
    memcpy(uart_in + uart_in_first + uart_in_count, text, strlen(text));
    uart_in_count += strlen(text);
}

static void type_much(char character, size_t count)
{
    assert_in_range(uart_in_first + uart_in_count + count, 0, sizeof uart_in);
    memset(uart_in + uart_in_first + uart_in_count, character, count);
    uart_in_count += count;
}

static void fill(void)
{
    static uint8_t much[CONSOLE_QUEUE_SIZE];
    memset(much, 'x', sizeof much);
    assert_int_equal(console_offer(much, sizeof much), sizeof much);
}

static void expect_read(const char *text)
{
    for (; *text; text++) {
        assert_int_equal(console_read(), *text);
    }
    assert_int_equal(console_read(), -1);
    assert_false(console_readable());
}

static uint64_t deadline(void)
{
    struct loop_deadline next = {HAL_CLOCK_NEVER, HAL_CLOCK_NEVER};
    console_deadline(&next);
    assert_true(next.board_us == HAL_CLOCK_NEVER);
    return next.link_us;
}

/* ---- the queue */
static void what_is_typed_can_be_read(void **state)
{
    assert_int_equal(console_read(), -1);
    type("print(1)\r");
    console_poll();
    assert_true(console_readable());
    expect_read("print(1)\r");
    assert_int_equal(offer("from telnet\x80\xff"), 13);
    for (int i = 0; i < 11; i++) {
        console_read();
    }
    assert_int_equal(console_read(), 0x80);
    assert_int_equal(console_read(), 0xff);
}

static void both_sources_share_one_queue(void **state)
{
    type("a");
    console_poll();
    offer("b");
    type("c");
    console_poll();
    expect_read("abc");
}

static void a_full_queue_takes_what_fits_and_loses_nothing(void **state)
{
    type_much('1', 3000);
    type_much('2', 3000);
    console_poll();
    size_t got[2] = {0, 0};
    while (console_readable()) {
        got[console_read() - '1']++;
        console_poll();
    }
    assert_int_equal(got[0], 3000);
    assert_int_equal(got[1], 3000);
    assert_int_equal(console_discarded(), 0);
}

static void without_an_interrupt_character_ctrl_c_is_input(void **state)
{
    assert_int_equal(offer("\x03z"), 2);
    expect_read("\x03z");
    assert_int_equal(interrupts, 0);
}

/* ---- the interrupt */
static void it_discards_what_came_before_and_is_not_queued(void **state)
{
    console_set_interrupt(CTRL_C, interrupt);
    offer("old");
    assert_int_equal(offer("older\x03new"), 9);
    assert_int_equal(interrupts, 1);
    expect_read("new");
}

static void it_comes_through_a_full_queue(void **state)
{
    console_set_interrupt(CTRL_C, interrupt);
    fill();
    assert_int_equal(offer("a\x03"
                           "b"),
                     3);
    assert_int_equal(interrupts, 1);
    expect_read("b");
}

static void it_comes_from_the_uart_through_a_full_queue(void **state)
{
    console_set_interrupt(CTRL_C, interrupt);
    type_much('x', CONSOLE_QUEUE_SIZE + 1000);
    type("\x03");
    console_poll();
    assert_int_equal(interrupts, 0); /* it is still behind */
    for (int i = 0; i < 20 && interrupts == 0; i++) {
        link_us = deadline(); /* what the loop does */
        console_poll();
    }
    assert_int_equal(interrupts, 1);
    assert_in_range(link_us, 1000, 1000 + CONSOLE_STALL_US);
    assert_int_equal(console_read(), -1);
}

static void it_counts_when_it_came_before_it_was_asked_for(void **state)
{
    offer("old\x03older\x03new");
    console_set_interrupt(CTRL_C, interrupt);
    assert_int_equal(interrupts, 1);
    expect_read("new");
    console_set_interrupt(-1, interrupt);
    console_set_interrupt(CTRL_C, interrupt);
    assert_int_equal(interrupts, 1);
}

static void telnets_interrupt_does_the_same(void **state)
{
    console_set_interrupt(CTRL_C, interrupt);
    offer("old");
    console_interrupt();
    assert_int_equal(interrupts, 1);
    assert_false(console_readable());
    console_set_interrupt('q', interrupt); /* the program has chosen another character */
    console_interrupt();
    assert_int_equal(interrupts, 2);
    assert_false(console_readable());
}

static void telnets_interrupt_is_ctrl_c_at_the_prompt(void **state)
{
    fill();
    console_interrupt();
    assert_int_equal(interrupts, 0);
    expect_read("\x03");
    console_interrupt(); /* a program is about to start */
    console_set_interrupt(CTRL_C, interrupt);
    assert_int_equal(interrupts, 1);
    assert_false(console_readable());
}

/* ---- the stall */
static void a_program_that_does_not_read_loses_input_after_a_while(void **state)
{
    console_set_interrupt(CTRL_C, interrupt);
    fill();
    assert_int_equal(offer("abc"), 0);
    link_us += CONSOLE_STALL_US - 1;
    assert_int_equal(offer("abc"), 0);
    link_us += 1;
    assert_int_equal(offer("abc"), 3);
    assert_int_equal(console_discarded(), 3);
}

static void reading_ends_the_stall(void **state)
{
    console_set_interrupt(CTRL_C, interrupt);
    fill();
    offer("abc");
    link_us += CONSOLE_STALL_US;
    console_read();
    assert_int_equal(offer("abc"), 1);
    link_us += CONSOLE_STALL_US - 1;
    assert_int_equal(offer("bc"), 0);
    assert_int_equal(console_discarded(), 0);
}

static void nothing_is_lost_while_nothing_could_interrupt(void **state)
{
    fill();
    assert_int_equal(offer("abc"), 0);
    link_us += 100 * CONSOLE_STALL_US;
    assert_int_equal(offer("abc"), 0);
}

static void held_input_is_offered_again_as_soon_as_there_is_room(void **state)
{
    assert_true(deadline() == HAL_CLOCK_NEVER);
    type_much('x', CONSOLE_QUEUE_SIZE + 1);
    console_poll();
    assert_true(deadline() == HAL_CLOCK_NEVER); /* only the reader can make room */
    console_read();
    assert_int_equal(deadline(), 0);
    console_poll();
    assert_true(deadline() == HAL_CLOCK_NEVER);
}

/* ---- output */
static void output_goes_to_the_uart_and_to_the_remote_session(void **state)
{
    console_write("one ", 4);
    console_set_remote(remote_write);
    console_write("two ", 4);
    console_set_remote(NULL);
    console_write("three", 5);
    assert_string_equal(uart_out, "one two three");
    assert_string_equal(remote_out, "two ");
}

static void test_waiting_reader(void **state)
{
    assert_false(console_is_waiting());
    assert_int_equal(console_read(), -1);
    assert_true(console_is_waiting());
    console_write("x", 1); /* it was not the end of it */
    assert_false(console_is_waiting());
    assert_int_equal(console_read(), -1);
    offer("k");
    assert_false(console_is_waiting()); /* it is about to read that */
    assert_int_equal(console_read(), 'k');
    assert_false(console_is_waiting());
    assert_int_equal(console_read(), -1);
    console_set_interrupt(CTRL_C, interrupt);
    assert_true(console_is_waiting());
    offer("\x03"); /* it will say so, and end */
    assert_false(console_is_waiting());
    assert_int_equal(console_read(), -1);
    console_interrupt();
    assert_false(console_is_waiting());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_typed_can_be_read, set_up),
        cmocka_unit_test_setup(both_sources_share_one_queue, set_up),
        cmocka_unit_test_setup(a_full_queue_takes_what_fits_and_loses_nothing, set_up),
        cmocka_unit_test_setup(without_an_interrupt_character_ctrl_c_is_input, set_up),
        cmocka_unit_test_setup(it_discards_what_came_before_and_is_not_queued, set_up),
        cmocka_unit_test_setup(it_comes_through_a_full_queue, set_up),
        cmocka_unit_test_setup(it_comes_from_the_uart_through_a_full_queue, set_up),
        cmocka_unit_test_setup(it_counts_when_it_came_before_it_was_asked_for, set_up),
        cmocka_unit_test_setup(telnets_interrupt_does_the_same, set_up),
        cmocka_unit_test_setup(telnets_interrupt_is_ctrl_c_at_the_prompt, set_up),
        cmocka_unit_test_setup(a_program_that_does_not_read_loses_input_after_a_while, set_up),
        cmocka_unit_test_setup(reading_ends_the_stall, set_up),
        cmocka_unit_test_setup(nothing_is_lost_while_nothing_could_interrupt, set_up),
        cmocka_unit_test_setup(held_input_is_offered_again_as_soon_as_there_is_room, set_up),
        cmocka_unit_test_setup(output_goes_to_the_uart_and_to_the_remote_session, set_up),
        cmocka_unit_test_setup(test_waiting_reader, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The loop: who is polled, when it sleeps and until when, what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "hal/clock.h"
#include "hal/interrupt.h"
#include "hal/reset.h"
#include "storage/storage.h"
#include "system/loop.h"

/* ---- a machine of paper: what happens is written down, a letter each */
volatile uint32_t hal_interrupt_pending;
static char events[64];
static uint64_t slept_board_us, slept_link_us;
static bool in_storage;
static jmp_buf at_fault;
static uint64_t wanted_board_us, wanted_link_us;

static void note(const char *letter)
{
    strcat(events, letter);
}

void hal_interrupt_take(void)
{
    hal_interrupt_pending = 0;
    note("t");
}

void hal_clock_sleep(uint64_t board_us, uint64_t link_us)
{
    slept_board_us = board_us;
    slept_link_us = link_us;
    note("s");
}

void hal_fault(const char *reason)
{
    longjmp(at_fault, 1);
}

bool storage_busy(void)
{
    return in_storage;
}

static void poll_a(void)
{
    note("a");
}

static void poll_b(void)
{
    note("b");
}

static void poll_nested(void)
{
    note("n");
    loop_poll();
    loop_wait(HAL_CLOCK_NEVER);
}

static void deadline_a(struct loop_deadline *deadline)
{
    if (wanted_board_us < deadline->board_us) {
        deadline->board_us = wanted_board_us;
    }
}

static void deadline_b(struct loop_deadline *deadline)
{
    if (wanted_link_us < deadline->link_us) {
        deadline->link_us = wanted_link_us;
    }
}

static const struct loop_client clients[] = {
    {poll_a, deadline_a}, {poll_b, deadline_b}, {poll_b, NULL}};

static int set_up(void **state)
{
    events[0] = 0;
    in_storage = false;
    wanted_board_us = HAL_CLOCK_NEVER;
    wanted_link_us = HAL_CLOCK_NEVER;
    loop_init(clients, 3);
    return 0;
}

static void poll_takes_the_interrupt_before_it_looks(void **state)
{
    loop_poll();
    assert_string_equal(events, "tabb");
}

static void wait_sleeps_first_and_polls_afterwards(void **state)
{
    loop_wait(HAL_CLOCK_NEVER);
    assert_string_equal(events, "stabb");
}

static void wait_sleeps_until_the_earliest_deadline(void **state)
{
    loop_wait(HAL_CLOCK_NEVER);
    assert_true(slept_board_us == HAL_CLOCK_NEVER);
    assert_true(slept_link_us == HAL_CLOCK_NEVER);
    wanted_board_us = 700;
    wanted_link_us = 30;
    loop_wait(900);
    assert_int_equal(slept_board_us, 700);
    assert_int_equal(slept_link_us, 30);
    loop_wait(500);
    assert_int_equal(slept_board_us, 500);
}

static void a_nested_poll_returns_at_once(void **state)
{
    static const struct loop_client nested[] = {{poll_nested, NULL}};
    loop_init(nested, 1);
    loop_poll();
    loop_poll();
    assert_string_equal(events, "tntn");
}

static void polling_inside_storage_is_a_fault(void **state)
{
    in_storage = true;
    if (setjmp(at_fault) == 0) {
        loop_poll();
        fail_msg("polled");
    }
    assert_string_equal(events, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(poll_takes_the_interrupt_before_it_looks, set_up),
        cmocka_unit_test_setup(wait_sleeps_first_and_polls_afterwards, set_up),
        cmocka_unit_test_setup(wait_sleeps_until_the_earliest_deadline, set_up),
        cmocka_unit_test_setup(a_nested_poll_returns_at_once, set_up),
        cmocka_unit_test_setup(polling_inside_storage_is_a_fault, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

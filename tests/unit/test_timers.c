/* lwIP's timeouts (net/stack/timers.h), on a clock that goes on while a handler works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hal/clock.h"
#include "hal/random.h"
#include "hal/reset.h"
#include "lwip/timeouts.h"
#include "net/stack/timers.h"

#define WAIT_MS 100

static uint64_t now_us;
static int called;

uint64_t hal_clock_link_us(void)
{
    return now_us;
}

void hal_random(void *data, size_t size)
{
}

void hal_fault(const char *reason)
{
    fail_msg("%s", reason);
    abort();
}

static void late(void *context)
{
    called++;
}

static void starts_two_more(void *context)
{
    now_us += 1000;
    sys_timeout(WAIT_MS, late, NULL);
    sys_timeout(WAIT_MS, late, NULL);
}

static void test_a_timeout_started_by_another_one_waits(void **state)
{
    sys_timeouts_init();
    sys_timeout(0, starts_two_more, NULL);
    timers_poll();
    assert_int_equal(called, 0);
    now_us += WAIT_MS * 1000;
    timers_poll();
    assert_int_equal(called, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_timeout_started_by_another_one_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The LED's history (board/led.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "board/led.h"

static struct led led;
static unsigned told;
static uint64_t told_ms;
static bool told_on;

static void listen(void *context, uint64_t board_ms, bool on)
{
    assert_ptr_equal(context, &told);
    told++;
    told_ms = board_ms;
    told_on = on;
}

static int fresh(void **state)
{
    led = (struct led){.changed = listen, .context = &told};
    told = 0;
    return 0;
}

static void assert_change(uint32_t index, uint64_t ms, bool on)
{
    bool was_on;
    assert_int_equal(led_change(&led, index, &was_on), ms);
    assert_int_equal(was_on, on);
}

static void changes_are_remembered_in_order(void **state)
{
    led_set(&led, true, 1500);
    led_set(&led, false, 81999);
    assert_int_equal(led.count, 2);
    assert_change(0, 1, true);
    assert_change(1, 81, false);
    assert_int_equal(told, 2);
    assert_int_equal(told_ms, 81);
    assert_false(told_on);
}

static void the_same_state_is_no_change(void **state)
{
    led_set(&led, false, 1000);
    led_set(&led, true, 2000);
    led_set(&led, true, 3000);
    assert_int_equal(led.count, 1);
    assert_int_equal(told, 1);
    assert_change(0, 2, true);
}

static void time_never_goes_back(void **state)
{
    led_set(&led, true, 5000);
    led_set(&led, false, 3000);
    assert_change(1, 5, false);
}

static void the_oldest_are_forgotten(void **state)
{
    for (uint32_t i = 0; i < LED_HISTORY + 3; i++) {
        led_set(&led, i % 2 == 0, i * 1000);
    }
    assert_int_equal(led.count, LED_HISTORY);
    assert_change(0, 3, false);
    assert_change(LED_HISTORY - 1, LED_HISTORY + 2, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(changes_are_remembered_in_order, fresh),
        cmocka_unit_test_setup(the_same_state_is_no_change, fresh),
        cmocka_unit_test_setup(time_never_goes_back, fresh),
        cmocka_unit_test_setup(the_oldest_are_forgotten, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

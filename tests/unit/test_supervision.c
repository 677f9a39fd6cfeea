/* Images on trial, the watchdog, and what is kept of a hard fault (board/power.h,
 * board/supervisor.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "board/requests.h"
#include "hal/watchdog.h"
#include "tests/unit/bus_board.h"

static void boot_trial(void)
{
    command((struct link_command){.code = LINK_BOOT_TRIAL,
                                  .value = HAL_BOOT_SLOT_B,
                                  .address = FLASH_SLOT_B_ADDRESS + 256,
                                  .size = 5000});
    assert_int_equal(board.power.slot, HAL_BOOT_SLOT_B);
    assert_int_equal(start_address, FLASH_SLOT_B_ADDRESS + 256);
}

static void confirm(void)
{
    command((struct link_command){.code = LINK_BOOT_CONFIRM});
}

static void start_watchdog(uint32_t timeout_ms)
{
    command((struct link_command){.code = LINK_WATCHDOG, .value = timeout_ms});
}

static double left(struct ev_timer *timer)
{
    ev_now_update(board.loop);
    return ev_timer_remaining(board.loop, timer);
}

static bool runs(const struct ev_timer *timer)
{
    return ev_is_active(timer);
}

/* Its time is up, so to speak. */
static void expire(struct ev_timer *timer)
{
    assert_true(runs(timer));
    ev_invoke(board.loop, timer, EV_TIMER);
    work();
}

/* The boot loader runs, and is told this. */
static void assert_reset(enum hal_reset_cause cause, enum hal_trial_end trial_end)
{
    assert_int_equal(board.power.state, POWER_BOOTLOADER);
    assert_int_equal(board.power.slot, -1);
    assert_int_equal(start_address, FLASH_BOOTLOADER_ADDRESS);
    assert_int_equal(board.power.registers->reset_cause, cause);
    assert_int_equal(board.power.registers->trial_end, trial_end);
    assert_false(board.supervisor.on_trial);
    assert_false(runs(&board.supervisor.trial));
    assert_false(runs(&board.supervisor.watchdog));
    assert_false(board.led.on);
}

static cJSON *ask(const char *request)
{
    bool follow = false;
    char *text = requests_answer(&board, request, &follow);
    cJSON *answer = cJSON_Parse(text);
    free(text);
    assert_non_null(answer);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(answer, "ok")));
    return answer;
}

static void ask_for(const char *request)
{
    cJSON_Delete(ask(request));
}

/* A member of `status` as JSON text. */
static const char *status_of(const char *name)
{
    static char text[400];
    cJSON *answer = ask("{\"verb\": \"status\"}");
    cJSON *status = cJSON_GetObjectItem(answer, "status");
    assert_true(cJSON_HasObjectItem(status, name));
    assert_true(cJSON_PrintPreallocated(cJSON_GetObjectItem(status, name), text, sizeof text, 0));
    cJSON_Delete(answer);
    return text;
}

/* ---- the trial */

static void send_nonsense(void)
{
    command((struct link_command){.code = 99});
}

static void crash(void)
{
    struct link_fault *fault = &board.power.registers->fault;
    fault->address = 0x10;
    fault->pc = 0x401234;
    strcpy(fault->reason, "access to memory that is not there");
    fault->signal = 11;
    end_process();
}

static void every_fault_on_trial_is_a_reset(void **state)
{
    static void (*const faults[])(void) = {send_nonsense, crash, end_process};
    static const char *const words[] = {"bus protocol", "pc 0x00401234", "exception"};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        char text[400];
        uint32_t changes = board.led.count;
        boot_trial();
        faults[i]();
        assert_reset(HAL_RESET_HARD, HAL_TRIAL_FAULT);
        assert_int_equal(warnings, i + 1);
        assert_non_null(strstr(last_warning, words[i]));
        read_terminal(text, sizeof text, words[i]);
        assert_int_equal(board.led.count, changes); /* it does not even flicker */
        assert_string_equal(status_of("fault"), "null");
        assert_string_not_equal(status_of("last_fault"), "null");
    }
}

static void an_image_on_trial_that_cannot_be_started_is_a_reset(void **state)
{
    start_result = -11;
    command((struct link_command){.code = LINK_BOOT_TRIAL,
                                  .value = HAL_BOOT_SLOT_A,
                                  .address = FLASH_SLOT_A_ADDRESS,
                                  .size = 1});
    assert_reset(HAL_RESET_HARD, HAL_TRIAL_FAULT);
    assert_non_null(strstr(last_warning, "cannot be started"));
}

static void how_a_trial_ended_is_told_once(void **state)
{
    boot_trial();
    assert_int_equal(board.power.registers->trial_end, HAL_TRIAL_NONE);
    send_nonsense();
    assert_reset(HAL_RESET_HARD, HAL_TRIAL_FAULT);
    boot();
    assert_int_equal(board.power.registers->trial_end, HAL_TRIAL_NONE);
    command((struct link_command){.code = LINK_RESET});
    assert_reset(HAL_RESET_HARD, HAL_TRIAL_NONE);
}

static void a_trial_has_ten_seconds_of_link_time(void **state)
{
    boot_trial(); /* at 10 times real time */
    assert_true(left(&board.supervisor.trial) > 9 && left(&board.supervisor.trial) <= 10);
    expire(&board.supervisor.trial);
    assert_reset(HAL_RESET_WDT, HAL_TRIAL_TIMEOUT);
    assert_non_null(strstr(last_warning, "did not come up within 10 s"));
    assert_string_equal(status_of("last_fault"), "null"); /* this is none */
}

static void a_confirmation_that_waits_in_the_bus_is_in_time(void **state)
{
    boot_trial();
    queue_packet((struct link_command){.code = LINK_BOOT_CONFIRM}, NULL, 0);
    expire(&board.supervisor.trial);
    assert_int_equal(board.power.slot, HAL_BOOT_SLOT_B);
    assert_false(runs(&board.supervisor.trial));
    assert_int_equal(warnings, 0);
}

static void last_words_in_the_bus_count_more_than_the_time(void **state)
{
    boot_trial();
    queue_packet((struct link_command){.code = LINK_RESET}, NULL, 0);
    expire(&board.supervisor.trial);
    assert_reset(HAL_RESET_HARD, HAL_TRIAL_RESET);
    assert_int_equal(starts, 3);
}

static void the_confirmation_ends_the_supervision(void **state)
{
    boot_trial();
    confirm();
    assert_false(runs(&board.supervisor.trial));
    confirm(); /* again: nothing happens */
    send_nonsense();
    assert_fault("bus protocol");
    power_reset(&board);
    assert_reset(HAL_RESET_HARD, HAL_TRIAL_NONE);
}

static void the_boot_loader_cannot_confirm_in_advance(void **state)
{
    confirm();
    boot_trial();
    send_nonsense();
    assert_reset(HAL_RESET_HARD, HAL_TRIAL_FAULT);
}

static void a_reset_of_its_own_ends_the_trial(void **state)
{
    boot_trial();
    command((struct link_command){.code = LINK_RESET});
    assert_reset(HAL_RESET_HARD, HAL_TRIAL_RESET);
    boot_trial();
    confirm();
    command((struct link_command){.code = LINK_RESET});
    assert_reset(HAL_RESET_HARD, HAL_TRIAL_NONE);
}

static void power_and_switch_are_not_the_images_fault(void **state)
{
    boot_trial();
    ask_for("{\"verb\": \"reset\"}");
    assert_reset(HAL_RESET_HARD, HAL_TRIAL_NONE);
    boot_trial();
    ask_for("{\"verb\": \"power\", \"value\": \"off\"}");
    assert_int_equal(board.power.state, POWER_OFF);
    assert_false(runs(&board.supervisor.trial));
    ask_for("{\"verb\": \"power\", \"value\": \"on\"}");
    assert_reset(HAL_RESET_POWER_ON, HAL_TRIAL_NONE);
}

static void an_image_cannot_begin_a_trial(void **state)
{
    struct link_command trial = {.code = LINK_BOOT_TRIAL,
                                 .value = HAL_BOOT_SLOT_A,
                                 .address = FLASH_SLOT_A_ADDRESS,
                                 .size = 1};
    boot();
    command(trial);
    assert_fault("bus protocol");
}

/* ---- the watchdog */

static void it_bites_in_board_time(void **state)
{
    board.clock.speed = CLOCK_SPEED_MAX;
    boot();
    start_watchdog(HAL_WATCHDOG_MIN_MS);
    while (starts == 2) { /* ctest's time-out is the bound */
        ev_run(board.loop, EVRUN_ONCE);
    }
    assert_reset(HAL_RESET_WDT, HAL_TRIAL_NONE);
    char text[200];
    read_terminal(text, sizeof text, "watchdog: not fed for 1000 ms: reset\r\n");
    assert_non_null(strstr(last_warning, "watchdog"));
}

static void feeding_begins_its_time_anew(void **state)
{
    boot();
    start_watchdog(HAL_WATCHDOG_MAX_MS);
    assert_true(left(&board.supervisor.watchdog) > 359 &&
                left(&board.supervisor.watchdog) <= 360); /* the speed is 10 */
    start_watchdog(100000);
    assert_true(left(&board.supervisor.watchdog) > 9 && left(&board.supervisor.watchdog) <= 10);
}

static void food_that_waits_in_the_bus_is_in_time(void **state)
{
    boot();
    start_watchdog(5000);
    queue_packet((struct link_command){.code = LINK_WATCHDOG, .value = 6000}, NULL, 0);
    expire(&board.supervisor.watchdog);
    assert_true(runs(&board.supervisor.watchdog));
    assert_int_equal(starts, 2);
    expire(&board.supervisor.watchdog);
    assert_reset(HAL_RESET_WDT, HAL_TRIAL_NONE);
    assert_non_null(strstr(last_warning, "6000 ms"));
}

static void it_goes_on_through_the_start_of_an_image(void **state)
{
    start_watchdog(5000);
    boot();
    assert_true(runs(&board.supervisor.watchdog));
}

static void every_reset_and_power_off_stop_it(void **state)
{
    boot();
    start_watchdog(5000);
    power_reset(&board);
    assert_reset(HAL_RESET_HARD, HAL_TRIAL_NONE);
    start_watchdog(5000);
    command((struct link_command){.code = LINK_RESET});
    assert_reset(HAL_RESET_HARD, HAL_TRIAL_NONE);
    start_watchdog(5000);
    power_off(&board);
    assert_false(runs(&board.supervisor.watchdog));
}

static void it_ends_a_hard_fault(void **state)
{
    boot();
    start_watchdog(5000);
    crash();
    assert_fault("memory fault");
    expire(&board.supervisor.watchdog);
    assert_reset(HAL_RESET_WDT, HAL_TRIAL_NONE);
    assert_non_null(strstr(status_of("last_fault"), "0x00401234"));
}

static void its_bite_is_a_time_out_of_the_trial(void **state)
{
    boot_trial();
    start_watchdog(5000);
    expire(&board.supervisor.watchdog);
    assert_reset(HAL_RESET_WDT, HAL_TRIAL_TIMEOUT);
}

/* ---- what is kept of a fault */

static void a_fault_is_kept_until_power_off(void **state)
{
    char fault[400], wanted[400];
    boot();
    assert_string_equal(status_of("fault"), "null");
    assert_string_equal(status_of("last_fault"), "null");
    crash();
    snprintf(
        wanted, sizeof wanted,
        "{\"cause\":\"memory fault\",\"address\":\"0x00000010\",\"pc\":\"0x00401234\",\"reason\":"
        "\"access to memory that is not there\",\"board_ms\":%llu}",
        (unsigned long long)board.power.fault.board_ms);
    strcpy(fault, status_of("fault"));
    assert_string_equal(fault, wanted);
    assert_string_equal(status_of("last_fault"), "null");
    ask_for("{\"verb\": \"reset\"}");
    assert_string_equal(status_of("fault"), "null");
    assert_string_equal(status_of("last_fault"), wanted);
    boot();
    command((struct link_command){.code = LINK_RESET});
    assert_string_equal(status_of("last_fault"), wanted);
    boot();
    end_process(); /* another one: the first still is that before the present run */
    assert_non_null(strstr(status_of("fault"), "exception"));
    assert_string_equal(status_of("last_fault"), wanted);
    power_reset(&board);
    assert_non_null(strstr(status_of("last_fault"), "exception"));
    ask_for("{\"verb\": \"power\", \"value\": \"off\"}");
    assert_string_equal(status_of("last_fault"), "null");
    ask_for("{\"verb\": \"power\", \"value\": \"on\"}");
    assert_string_equal(status_of("last_fault"), "null");
}

static void a_parked_board_can_be_switched_off_and_on(void **state)
{
    crash();
    assert_fault("memory fault");
    ask_for("{\"verb\": \"power\", \"value\": \"off\"}");
    assert_string_equal(status_of("fault"), "null");
    ask_for("{\"verb\": \"power\", \"value\": \"on\"}");
    assert_reset(HAL_RESET_POWER_ON, HAL_TRIAL_NONE);
}

static void what_is_not_known_of_a_fault_is_not_shown(void **state)
{
    struct link_fault *fault = &board.power.registers->fault;
    fault->address = LINK_FAULT_NO_ADDRESS;
    fault->pc = 0x401234;
    strcpy(fault->reason, "abort");
    fault->signal = LINK_FAULT_REASON;
    end_process();
    assert_string_equal(last_warning, "hard fault: firmware, pc 0x00401234: abort");
    assert_non_null(strstr(status_of("fault"), "\"address\":null,\"pc\":\"0x00401234\""));
    power_reset(&board);
    end_process();
    assert_non_null(strstr(status_of("fault"), "\"address\":null,\"pc\":null"));
}

static void how_a_process_ended_speaks_for_an_mcu_without_last_words(void **state)
{
    const struct link_fault nothing = {0};
    const siginfo_t exited = {.si_code = CLD_EXITED, .si_status = 3};
    const siginfo_t killed = {.si_code = CLD_KILLED, .si_status = SIGSEGV};
    struct fault fault;
    char line[FAULT_LINE_MAX];
    fault_of_mcu(&fault, &nothing, &exited);
    fault_line(&fault, line, sizeof line);
    assert_string_equal(line, "hard fault: end of program: the program ended with status 3");
    fault_of_mcu(&fault, &nothing, &killed);
    assert_string_equal(fault.cause, "memory fault");
    assert_false(fault.has_address || fault.has_pc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_fault_on_trial_is_a_reset),
        TEST(an_image_on_trial_that_cannot_be_started_is_a_reset),
        TEST(how_a_trial_ended_is_told_once),
        TEST(a_trial_has_ten_seconds_of_link_time),
        TEST(a_confirmation_that_waits_in_the_bus_is_in_time),
        TEST(last_words_in_the_bus_count_more_than_the_time),
        TEST(the_confirmation_ends_the_supervision),
        TEST(the_boot_loader_cannot_confirm_in_advance),
        TEST(a_reset_of_its_own_ends_the_trial),
        TEST(power_and_switch_are_not_the_images_fault),
        TEST(an_image_cannot_begin_a_trial),
        TEST(it_bites_in_board_time),
        TEST(feeding_begins_its_time_anew),
        TEST(food_that_waits_in_the_bus_is_in_time),
        TEST(it_goes_on_through_the_start_of_an_image),
        TEST(every_reset_and_power_off_stop_it),
        TEST(it_ends_a_hard_fault),
        TEST(its_bite_is_a_time_out_of_the_trial),
        TEST(a_fault_is_kept_until_power_off),
        TEST(a_parked_board_can_be_switched_off_and_on),
        TEST(what_is_not_known_of_a_fault_is_not_shown),
        TEST(how_a_process_ended_speaks_for_an_mcu_without_last_words),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

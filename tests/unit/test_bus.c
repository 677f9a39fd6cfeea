/* The bus and the MCU's runs (board/bus.h, board/power.h). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "hal/gpio.h"
#include "hal/radio.h"
#include "hal/result.h"
#include "hal/watchdog.h"
#include "tests/unit/bus_board.h"

static int answer(void)
{
    struct link_answer got;
    assert_int_equal(recv(bus, &got, sizeof got, MSG_DONTWAIT), sizeof got);
    return got.result;
}

/* ---- runs */

static void power_on_starts_the_boot_loader_and_boot_the_image(void **state)
{
    const struct link_registers *registers = board.power.registers;
    assert_int_equal(starts, 1);
    assert_int_equal(start_address, FLASH_BOOTLOADER_ADDRESS);
    assert_int_equal(start_size, BOOTLOADER_SIZE);
    assert_int_equal(board.power.state, POWER_BOOTLOADER);
    assert_int_equal(registers->version, LINK_VERSION);
    assert_int_equal(registers->speed, 10);
    assert_int_equal(registers->reset_cause, HAL_RESET_POWER_ON);
    assert_memory_equal(registers->mac, board.mac, 6);
    uint64_t start_ns = registers->start_ns;
    uint64_t rtc_start = registers->rtc_start_us;

    command((struct link_command){.code = LINK_LED, .value = 1});
    boot();
    assert_int_equal(starts, 2);
    assert_int_equal(start_address, IMAGE_ADDRESS);
    assert_int_equal(start_size, 5000);
    assert_int_equal(board.power.slot, HAL_BOOT_FACTORY);
    assert_false(board.led.on); /* a fresh MCU: its pins are as after a reset */
    assert_int_equal(registers->start_ns, start_ns);
    assert_int_equal(registers->rtc_start_us, rtc_start);

    assert_false(said_ready);
    report(HAL_REPORT_STATE, "running");
    assert_true(said_ready);
    assert_int_equal(board.power.state, POWER_RUNNING);
}

static void reset_starts_anew(void **state)
{
    boot();
    report(HAL_REPORT_STATE, "running");
    board.power.registers->retained[3] = 77;
    uint64_t start_ns = board.power.registers->start_ns;
    command((struct link_command){.code = LINK_RESET});
    assert_int_equal(starts, 3);
    assert_int_equal(start_address, FLASH_BOOTLOADER_ADDRESS);
    assert_int_equal(board.power.state, POWER_BOOTLOADER);
    assert_int_equal(board.power.slot, -1);
    assert_int_equal(board.power.registers->reset_cause, HAL_RESET_HARD);
    assert_int_equal(board.power.registers->retained[3], 77);
    assert_true(board.power.registers->start_ns > start_ns);
    assert_string_equal(board.reports.items[HAL_REPORT_STATE], "");
    power_off(&board);
    power_on(&board);
    assert_int_equal(board.power.registers->retained[3], 0);
    assert_int_equal(board.power.registers->reset_cause, HAL_RESET_POWER_ON);
}

static void what_the_mcu_says_before_it_ends_counts(void **state)
{
    struct link_command reset = {.code = LINK_RESET};
    for (int i = 0; i < 50; i++) { /* more than the bus handles at a time */
        struct link_command led = {.code = LINK_LED, .value = (uint32_t)i % 2};
        assert_int_equal(send(bus, &led, sizeof led, 0), sizeof led);
    }
    assert_int_equal(send(bus, &reset, sizeof reset, 0), sizeof reset);
    end_process();
    assert_int_equal(starts, 2);
    assert_int_equal(board.power.state, POWER_BOOTLOADER);
}

static void an_end_without_a_word_is_a_fault(void **state)
{
    end_process();
    assert_int_equal(board.power.state, POWER_FAULT);
    power_reset(&board);
    assert_int_equal(board.power.state, POWER_BOOTLOADER);
    assert_false(board.led.on);
}

static void the_fault_says_what_the_mcu_left(void **state)
{
    struct link_fault *fault = &board.power.registers->fault;
    fault->address = 0x10;
    fault->pc = 0x401234;
    memset(fault->reason, '\x1b', sizeof fault->reason); /* no NUL, and nothing for a terminal */
    fault->signal = 11;
    end_process();
    assert_fault("memory fault");
    assert_true(board.power.fault.has_address);
    assert_int_equal(board.power.fault.pc, 0x401234);
    assert_int_equal(strspn(board.power.fault.reason, "?"), sizeof fault->reason);
    char text[400];
    read_terminal(text, sizeof text, "?\r\n");
    assert_non_null(strstr(text, "hard fault: memory fault at address 0x00000010, pc 0x00401234"));
}

static void an_mcu_that_cannot_be_made_is_a_fault(void **state)
{
    start_result = -11;
    power_reset(&board);
    assert_fault("board");
}

/* ---- commands */

static void flash_commands_are_answered(void **state)
{
    uint32_t address = FLASH_FS_ADDRESS;
    uint8_t data[4];
    command((struct link_command){.code = LINK_FLASH_ERASE, .address = address});
    assert_int_equal(answer(), HAL_OK);
    send_packet((struct link_command){.code = LINK_FLASH_PROGRAM, .address = address, .size = 4},
                "abcd", 4);
    assert_int_equal(answer(), HAL_OK);
    flash_chip_read(&board.chip, address, data, 4);
    assert_memory_equal(data, "abcd", 4);
    command((struct link_command){.code = LINK_FLASH_ERASE, .address = 0});
    assert_int_equal(answer(), HAL_ERROR_PROTECTED);
    command((struct link_command){.code = LINK_FLASH_ERASE, .address = FLASH_SIZE});
    assert_int_equal(answer(), HAL_ERROR_RANGE);
    assert_int_equal(board.power.state, POWER_BOOTLOADER);
}

static void the_radio_is_an_access_point_or_a_station(void **state)
{
    const struct link_radio_ap ap = {
        .ssid = "wipy", .key = "www.wipy.io", .channel = 5, .security = 3};
    struct link_radio_network network = {.ssid = "elsewhere", .key = "12345678", .security = 3};
    const struct link_registers *registers = board.power.registers;
    struct link_event told;
    send_packet((struct link_command){.code = LINK_RADIO_AP_START, .size = sizeof ap}, &ap,
                sizeof ap);
    assert_int_equal(answer(), HAL_OK);
    assert_true(board.radio.ap.is_up);
    command((struct link_command){.code = LINK_RADIO_SCAN});
    assert_int_equal(answer(), 0); /* it does not hear itself */

    send_packet((struct link_command){.code = LINK_RADIO_JOIN, .size = sizeof network}, &network,
                sizeof network);
    assert_int_equal(answer(), HAL_OK);
    assert_false(board.radio.ap.is_up);
    assert_int_equal(registers->radio_link, HAL_RADIO_NOT_FOUND);
    assert_int_equal(recv(event, &told, sizeof told, MSG_DONTWAIT), sizeof told);
    assert_int_equal(told.code, LINK_EVENT_RADIO);
    network.key[7] = '\0';
    send_packet((struct link_command){.code = LINK_RADIO_JOIN, .size = sizeof network}, &network,
                sizeof network);
    assert_int_equal(answer(), HAL_ERROR_RANGE);
    command((struct link_command){.code = LINK_RADIO_LEAVE});
    assert_int_equal(answer(), HAL_OK);
    assert_int_equal(registers->radio_link, HAL_RADIO_LEFT);
}

static void insert_card(const char *path, bool read_only)
{
    char error[SD_SLOT_ERROR_MAX];
    if (access(path, F_OK) < 0) {
        assert_int_equal(close(creat(path, 0644)), 0);
        assert_int_equal(truncate(path, 100 * 512), 0);
    }
    assert_int_equal(sd_slot_insert(&board.sd, path, read_only, error), 0);
    power_sd_changed(&board);
}

static void expect_card(uint32_t insertion, uint32_t blocks, uint32_t read_only)
{
    const struct link_sd *sd = &board.power.registers->sd;
    assert_int_equal(sd->insertion, insertion);
    assert_int_equal(sd->blocks, blocks);
    assert_int_equal(sd->read_only, read_only);
}

static void the_mcu_sees_what_is_in_the_slot(void **state)
{
    struct link_event told;
    expect_card(0, 0, 0);
    insert_card("card", true);
    assert_int_equal(recv(event, &told, sizeof told, MSG_DONTWAIT), sizeof told);
    assert_int_equal(told.code, LINK_EVENT_SD);
    assert_int_equal(board.power.registers->interrupt_pending, 1);
    expect_card(1, 100, 1);
    boot();
    expect_card(1, 100, 1);
    power_reset(&board);
    expect_card(1, 100, 1);
    power_off(&board);
    sd_slot_eject(&board.sd);
    power_sd_changed(&board);
    power_on(&board);
    expect_card(0, 0, 0);
    insert_card("card", false);
    expect_card(2, 100, 0);
    sd_slot_eject(&board.sd);
    unlink("card");
}

static void blocks_of_the_card_go_over_the_bus(void **state)
{
    static uint8_t sent[LINK_DATA_MAX];
    struct {
        struct link_answer answer;
        uint8_t data[LINK_DATA_MAX];
    } got;
    insert_card("card", false);
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(i / 3);
    }
    struct link_command write = {.code = LINK_SD_WRITE, .value = 1, .address = 92, .size = 4096};
    send_packet(write, sent, sizeof sent);
    assert_int_equal(answer(), HAL_OK);
    struct link_command read = {.code = LINK_SD_READ, .value = 1, .address = 95, .size = 1024};
    command(read);
    assert_int_equal(recv(bus, &got, sizeof got, MSG_DONTWAIT), sizeof got.answer + 1024);
    assert_int_equal(got.answer.result, HAL_OK);
    assert_memory_equal(got.data, sent + 3 * 512, 1024);

    read.address = 99; /* an answer without data: two blocks are more than there are */
    command(read);
    assert_int_equal(recv(bus, &got, sizeof got, MSG_DONTWAIT), sizeof got.answer);
    assert_int_equal(got.answer.result, HAL_ERROR_RANGE);
    write.address = UINT32_MAX;
    send_packet(write, sent, sizeof sent);
    assert_int_equal(answer(), HAL_ERROR_RANGE);
    sd_slot_eject(&board.sd);
    send_packet(write, sent, sizeof sent);
    assert_int_equal(answer(), HAL_ERROR_GONE);
    insert_card("card", true);
    send_packet(write, sent, sizeof sent); /* means the card before */
    assert_int_equal(answer(), HAL_ERROR_GONE);
    write.value = 2;
    write.address = 0;
    send_packet(write, sent, sizeof sent);
    assert_int_equal(answer(), HAL_ERROR_PROTECTED);
    assert_int_equal(board.power.state, POWER_BOOTLOADER);
    sd_slot_eject(&board.sd);
    unlink("card");
}

static void led_changes_have_the_time_of_the_mcu_but_not_of_the_future(void **state)
{
    bool on;
    command((struct link_command){.code = LINK_LED, .value = 1, .time_us = 0});
    uint64_t reset_ms = clock_us_at(&board.clock, board.power.reset_ns) / 1000;
    assert_int_equal(led_change(&board.led, 0, &on), reset_ms);
    command(
        (struct link_command){.code = LINK_LED, .value = 0, .time_us = UINT64_C(1000000000000)});
    assert_true(led_change(&board.led, 1, &on) <= clock_us(&board.clock) / 1000);
}

static void setting_the_rtc_lasts_through_a_reset(void **state)
{
    uint64_t utc = UINT64_C(1000000000000000);
    command((struct link_command){.code = LINK_RTC_SET, .time_us = utc});
    power_reset(&board);
    assert_in_range(board.power.registers->rtc_start_us, utc, utc + 100000000);
    power_off(&board);
    power_on(&board);
    assert_true(board.power.registers->rtc_start_us >
                utc + UINT64_C(100000000000000)); /* by the battery */
}

static void pins_wake_the_boot_loader_and_are_there_from_the_start(void **state)
{
    const uint32_t gp28 = UINT32_C(1) << HAL_GPIO_SAFE_BOOT;
    struct link_event told;
    assert_int_equal(board.power.registers->pin_levels, 0); /* the pull-downs */
    pins_drive(&board.pins, HAL_GPIO_SAFE_BOOT, true);
    power_pins_changed(&board);
    assert_int_equal(recv(event, &told, sizeof told, MSG_DONTWAIT), sizeof told);
    assert_int_equal(told.code, LINK_EVENT_PINS);
    assert_int_equal(board.power.registers->interrupt_pending, 1);
    assert_int_equal(board.power.registers->pin_levels, gp28);
    power_reset(&board);
    assert_int_equal(board.power.registers->pin_levels, gp28);
    boot();
    assert_int_equal(board.power.registers->pin_levels, gp28);
    pins_release(&board.pins, HAL_GPIO_SAFE_BOOT);
    power_pins_changed(&board);
    assert_int_equal(board.power.registers->pin_levels, 0);
}

static void input_waits_until_it_is_taken(void **state)
{
    struct {
        struct link_event event;
        char data[LINK_EVENT_DATA_MAX];
    } packet;
    assert_int_equal(write(board.uart.slave, "abc", 3), 3);
    wait_for(event);
    assert_int_equal(recv(event, &packet, sizeof packet, MSG_DONTWAIT), sizeof packet.event + 3);
    assert_int_equal(packet.event.code, LINK_EVENT_UART);
    assert_int_equal(board.power.registers->interrupt_pending, 1);
    write(board.uart.slave, "d", 1);
    work();
    assert_int_equal(recv(event, &packet, sizeof packet, MSG_DONTWAIT), -1);

    boot(); /* the boot loader has not taken it: the image gets it */
    assert_int_equal(recv(event, &packet, sizeof packet, MSG_DONTWAIT), sizeof packet.event + 3);
    assert_memory_equal(packet.data, "abc", 3);
    command((struct link_command){.code = LINK_UART_TAKEN});
    wait_for(event);
    assert_int_equal(recv(event, &packet, sizeof packet, MSG_DONTWAIT), sizeof packet.event + 1);
    assert_memory_equal(packet.data, "d", 1);
}

static void who_filled_the_window_is_told_of_room(void **state)
{
    static char text[LINK_DATA_MAX];
    for (size_t i = 0; i < LINK_UART_WINDOW / sizeof text; i++) {
        queue_packet((struct link_command){.code = LINK_UART_SEND, .size = sizeof text}, text,
                     sizeof text);
    }
    for (size_t total = 0; total < LINK_UART_WINDOW;) {
        wait_for(board.uart.slave);
        ssize_t n = read(board.uart.slave, text, sizeof text);
        assert_true(n > 0);
        total += (size_t)n;
    }
    struct link_event told;
    wait_for(event);
    assert_int_equal(recv(event, &told, sizeof told, MSG_DONTWAIT), sizeof told);
    assert_int_equal(told.code, LINK_EVENT_UART_ROOM);
}

static void unread_output_makes_room_for_new(void **state)
{
    char text[4000], all[200000];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 30; i++) {
        send_packet((struct link_command){.code = LINK_UART_SEND, .size = sizeof text}, text,
                    sizeof text);
    }
    assert_true(30 * sizeof text - board.power.registers->uart_taken >
                LINK_UART_WINDOW / 2);                              /* held for a reader */
    while (board.power.registers->uart_taken != 30 * sizeof text) { /* nobody comes */
        struct link_event told;
        wait_for(event);
        assert_int_equal(recv(event, &told, sizeof told, MSG_DONTWAIT), sizeof told);
        assert_int_equal(told.code, LINK_EVENT_UART_ROOM);
    }
    send_packet((struct link_command){.code = LINK_UART_SEND, .size = 3}, "new", 3);
    size_t total = 0;
    while (total < 3 || memcmp(all + total - 3, "new", 3) != 0) {
        wait_for(board.uart.slave);
        ssize_t n = read(board.uart.slave, all + total, sizeof all - total);
        assert_true(n > 0);
        total += (size_t)n;
    }
    assert_true(total < 20000); /* most of the old is gone */
}

static void nonsense_is_a_fault(void **state)
{
    static const struct {
        struct link_command command;
        size_t size; /* of the data that is really there */
    } wrong[] = {
        {{.code = 0}, 0},
        {{.code = 20}, 0},
        {{.code = UINT32_MAX}, 0},
        {{.code = LINK_FLASH_PROGRAM, .size = 0}, 0},
        {{.code = LINK_FLASH_PROGRAM, .size = 4}, 3},
        {{.code = LINK_FLASH_PROGRAM, .size = 4}, 5},
        {{.code = LINK_FLASH_PROGRAM, .size = LINK_DATA_MAX + 1}, LINK_DATA_MAX + 1},
        {{.code = LINK_UART_SEND, .size = UINT32_MAX - 31}, 0},
        {{.code = LINK_LED, .value = 2}, 0},
        {{.code = LINK_LED, .value = 1}, 1},
        {{.code = LINK_RADIO_AP_START, .size = 1}, 1},
        {{.code = LINK_RADIO_JOIN, .size = 1}, 1},
        {{.code = LINK_RADIO_SCAN}, 1},
        {{.code = LINK_SD_READ, .value = 1, .size = 0}, 0},
        {{.code = LINK_SD_READ, .value = 1, .size = 511}, 0},
        {{.code = LINK_SD_READ, .value = 1, .size = 512}, 512},
        {{.code = LINK_SD_READ, .value = 1, .size = LINK_DATA_MAX + 512}, 0},
        {{.code = LINK_SD_READ, .value = 1, .size = UINT32_MAX - 511}, 0},
        {{.code = LINK_SD_WRITE, .value = 1, .size = 0}, 0},
        {{.code = LINK_SD_WRITE, .value = 1, .size = 512}, 0},
        {{.code = LINK_SD_WRITE, .value = 1, .size = 512}, 1024},
        {{.code = LINK_SD_WRITE, .value = 1, .size = 600}, 600},
        {{.code = LINK_RESET}, 1},
        {{.code = LINK_REPORT, .value = HAL_REPORT_ITEMS, .size = 1}, 1},
        {{.code = LINK_REPORT, .value = 0, .size = HAL_REPORT_TEXT_MAX + 1},
         HAL_REPORT_TEXT_MAX + 1},
        {{.code = LINK_BOOT, .value = 4, .address = IMAGE_ADDRESS, .size = 1}, 0},
        {{.code = LINK_BOOT, .value = 0, .address = 0, .size = 1}, 0},
        {{.code = LINK_BOOT, .value = 0, .address = IMAGE_ADDRESS, .size = 0}, 0},
        {{.code = LINK_BOOT, .value = 0, .address = IMAGE_ADDRESS, .size = FLASH_FACTORY_SIZE}, 0},
        {{.code = LINK_BOOT, .value = 1, .address = IMAGE_ADDRESS, .size = 10}, 0},
        {{.code = LINK_BOOT_TRIAL, .value = 0, .address = IMAGE_ADDRESS, .size = 10}, 0},
        {{.code = LINK_BOOT_TRIAL, .value = 4, .address = FLASH_SLOT_C_ADDRESS, .size = 10}, 0},
        {{.code = LINK_BOOT_TRIAL, .value = 1, .address = FLASH_SLOT_B_ADDRESS, .size = 10}, 0},
        {{.code = LINK_BOOT_TRIAL, .value = 1, .address = FLASH_SLOT_A_ADDRESS, .size = 0}, 0},
        {{.code = LINK_BOOT_CONFIRM}, 1},
        {{.code = LINK_WATCHDOG, .value = HAL_WATCHDOG_MIN_MS - 1}, 0},
        {{.code = LINK_WATCHDOG, .value = HAL_WATCHDOG_MAX_MS + 1}, 0},
    };
    static const uint8_t data[LINK_DATA_MAX + 1];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        send_packet(wrong[i].command, data, wrong[i].size);
        assert_fault("bus protocol");
        power_reset(&board);
    }
    send(bus, data, 7, 0);
    work();
    assert_fault("bus protocol");
    power_reset(&board);
    send(bus, data, 0, 0);
    work();
    assert_fault("bus protocol");
}

static void an_image_cannot_boot(void **state)
{
    boot();
    boot();
    assert_fault("bus protocol");
}

static void answers_that_are_not_read_are_a_fault(void **state)
{
    struct link_command stop = {.code = LINK_RADIO_AP_STOP};
    for (int i = 0; i < 100000 && board.power.state != POWER_FAULT; i++) {
        send(bus, &stop, sizeof stop, MSG_DONTWAIT | MSG_NOSIGNAL);
        ev_run(board.loop, EVRUN_NOWAIT);
    }
    assert_fault("bus protocol");
}

static void random_packets_do_the_board_no_harm(void **state)
{
    uint8_t packet[4200];
    insert_card("card", false);
    srand(2015);
    for (int i = 0; i < 20000; i++) {
        if (board.power.state == POWER_FAULT) {
            power_reset(&board);
        }
        struct link_command c = {.code = (uint32_t)rand() % 22,
                                 .value = (uint32_t)rand() % 6,
                                 .address = (uint32_t)rand() % (2 * FLASH_SIZE),
                                 .size = (uint32_t)rand() % 5000,
                                 .time_us = (uint64_t)rand() << 30};
        for (size_t k = 0; k < sizeof packet; k += 7) {
            packet[k] = (uint8_t)rand();
        }
        memcpy(packet, &c, sizeof c);
        size_t size = rand() % 3 ? sizeof c + c.size : (size_t)rand() % sizeof packet;
        send(bus, packet, size < sizeof packet ? size : sizeof packet, MSG_DONTWAIT | MSG_NOSIGNAL);
        ev_run(board.loop, EVRUN_NOWAIT);
        if (bus >= 0) {
            recv(bus, packet, sizeof packet, MSG_DONTWAIT);
        }
    }
    power_reset(&board);
    assert_int_equal(board.power.state, POWER_BOOTLOADER);
    sd_slot_eject(&board.sd);
    unlink("card");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(power_on_starts_the_boot_loader_and_boot_the_image),
        TEST(reset_starts_anew),
        TEST(what_the_mcu_says_before_it_ends_counts),
        TEST(an_end_without_a_word_is_a_fault),
        TEST(the_fault_says_what_the_mcu_left),
        TEST(an_mcu_that_cannot_be_made_is_a_fault),
        TEST(flash_commands_are_answered),
        TEST(the_radio_is_an_access_point_or_a_station),
        TEST(the_mcu_sees_what_is_in_the_slot),
        TEST(blocks_of_the_card_go_over_the_bus),
        TEST(led_changes_have_the_time_of_the_mcu_but_not_of_the_future),
        TEST(setting_the_rtc_lasts_through_a_reset),
        TEST(pins_wake_the_boot_loader_and_are_there_from_the_start),
        TEST(input_waits_until_it_is_taken),
        TEST(who_filled_the_window_is_told_of_room),
        TEST(unread_output_makes_room_for_new),
        TEST(nonsense_is_a_fault),
        TEST(an_image_cannot_boot),
        TEST(answers_that_are_not_read_are_a_fault),
        TEST(random_packets_do_the_board_no_harm),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

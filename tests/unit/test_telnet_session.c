/* Telnet from the client's side: what it sends, what it gets to see, what the console gets to hear.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/telnet/telnet_session.h"

#define BANNER           "MicroPython v1.25.0 on 2025-04-15; WiPy with MCU"
#define USER_OPTIONS     "\xff\xfc\x01\xff\xfc\x03\xff\xfb\x22"
#define PASSWORD_OPTIONS "\xff\xfb\x01\xff\xfc\x03\xff\xfb\x22"
#define CONSOLE_OPTIONS  "\xff\xfb\x01\xff\xfb\x03\xff\xfc\x22"
#define ASK_USER         USER_OPTIONS "Login as: "
#define ASK_PASSWORD     PASSWORD_OPTIONS "Password: "
#define SUCCESS          CONSOLE_OPTIONS "\r\nLogin succeeded!\r\nType \"help()\" for more information.\r\n"
#define FAILURE          "\r\nInvalid credentials, try again.\r\n"

static struct telnet_session session;
static uint64_t now_us;
static char seen[65536]; /* by the client */
static size_t seen_size;
static uint8_t typed[65536]; /* into the console */
static size_t typed_size;
static size_t console_room;
static bool console_taken;
static int interrupts;

static void on_send(void *context, const void *data, size_t size)
{
    assert_true(seen_size + size <= sizeof seen);
    memcpy(seen + seen_size, data, size);
    seen_size += size;
}

static bool on_claim(void *context)
{
    bool may = !console_taken;
    console_taken = true;
    return may;
}

static size_t on_type(void *context, const uint8_t *data, size_t size)
{
    size_t taken = size < console_room ? size : console_room;
    assert_true(typed_size + taken <= sizeof typed);
    memcpy(typed + typed_size, data, taken);
    typed_size += taken;
    console_room -= taken;
    return taken;
}

static void on_interrupt(void *context)
{
    interrupts++;
}

static const struct telnet_io io = {NULL, on_send, login_check, on_claim, on_type, on_interrupt};

static int start(void **state)
{
    seen_size = typed_size = 0;
    console_room = SIZE_MAX;
    console_taken = false;
    interrupts = 0;
    now_us = 1000000;
    telnet_session_start(&session, &io, BANNER, now_us);
    return 0;
}

/* The client sends; from a copy of exactly that size, so that the sanitizer sees a read beyond it.
 */
static size_t send_bytes(const char *data, size_t size)
{
    uint8_t *exact = malloc(size + 1);
    memcpy(exact, data, size);
    size_t used = telnet_session_input(&session, exact, size, now_us);
    free(exact);
    return used;
}

#define SEND(text) assert_int_equal(send_bytes(text, sizeof text - 1), sizeof text - 1)

static void assert_seen_bytes(const char *text, size_t size)
{
    assert_int_equal(seen_size, size);
    assert_memory_equal(seen, text, size);
    seen_size = 0;
}

static void assert_typed_bytes(const char *text, size_t size)
{
    assert_int_equal(typed_size, size);
    assert_memory_equal(typed, text, size);
    typed_size = 0;
}

#define SEEN(text)  assert_seen_bytes(text, sizeof text - 1)
#define TYPED(text) assert_typed_bytes(text, sizeof text - 1)

static int start_logged_in(void **state)
{
    start(state);
    SEND("micro\r\npython\r\n");
    assert_int_equal(session.state, TELNET_OPEN);
    seen_size = 0;
    return 0;
}

/* ---- login */

static void test_dialogue_byte_for_byte(void **state)
{
    SEEN(BANNER "\r\n" ASK_USER);
    SEND("micro\r\n");
    SEEN(ASK_PASSWORD);
    SEND("python\r\n");
    SEEN(SUCCESS);
    assert_int_equal(session.state, TELNET_OPEN);
    SEND("1+1\r\n");
    TYPED("1+1\r");
    SEEN("");
}

static void test_every_end_of_line_will_do(void **state)
{
    static const char *const ends[] = {"\r\n", "\n", "\r"};
    for (size_t i = 0; i < 3; i++) {
        start(state);
        send_bytes("micro", 5);
        send_bytes(ends[i], strlen(ends[i]));
        send_bytes("python", 6);
        send_bytes(ends[i], strlen(ends[i]));
        assert_int_equal(session.state, TELNET_OPEN);
    }
    start(state);
    SEND("micro\r\0python\r\0");
    assert_int_equal(session.state, TELNET_OPEN);
}

static void test_three_failures_close(void **state)
{
    seen_size = 0;
    SEND("micro\r\nwrong\r\n");
    SEEN(ASK_PASSWORD FAILURE ASK_USER);
    SEND("wrong\r\npython\r\n");
    SEEN(ASK_PASSWORD FAILURE ASK_USER);
    SEND("\r\n\r");
    SEEN(ASK_PASSWORD FAILURE);
    assert_int_equal(session.state, TELNET_CLOSED);
    assert_int_equal(send_bytes("micro\r\n", 7), 0);
    SEEN("");
}

static void test_right_after_two_failures(void **state)
{
    SEND("a\r\nb\r\nc\r\nd\r\nmicro\r\npython\r\n");
    assert_int_equal(session.state, TELNET_OPEN);
}

static void test_backspace_edits(void **state)
{
    seen_size = 0;
    SEND("\b\bmicc\x7fro\r\n");
    SEEN(ASK_PASSWORD); /* no echo: the client's own is on */
    SEND("pythonx\b\r\n");
    SEEN(SUCCESS);
}

static void test_names_longer_than_allowed_are_wrong(void **state)
{
    char line[LOGIN_TEXT_MAX + 3];
    memset(line, 'm', sizeof line);
    line[LOGIN_TEXT_MAX + 1] = '\r';
    line[LOGIN_TEXT_MAX + 2] = '\n';
    seen_size = 0;
    send_bytes(line, sizeof line);
    SEND("python\r\n");
    SEEN(ASK_PASSWORD FAILURE ASK_USER);
    SEND("micro\r\n");
    send_bytes(line, sizeof line);
    SEEN(ASK_PASSWORD FAILURE ASK_USER);
}

static void test_endless_line_is_invalid(void **state)
{
    static char line[100000];
    memset(line, 'A', sizeof line);
    seen_size = 0;
    assert_true(send_bytes(line, sizeof line) < sizeof line);
    SEEN(FAILURE);
    assert_int_equal(session.state, TELNET_CLOSED);
}

static void test_second_login_is_told(void **state)
{
    console_taken = true;
    seen_size = 0;
    SEND("micro\r\npython\r");
    SEEN(ASK_PASSWORD "\r\nAnother telnet session is open: close it first.\r\n");
    assert_int_equal(session.state, TELNET_CLOSED);
}

static void test_what_is_typed_ahead_reaches_the_console(void **state)
{
    SEND("micro\r\npython\r\nprint(1)\r\n");
    TYPED("print(1)\r");
}

/* ---- the stream */

static void test_eight_bit_clean(void **state)
{
    char all[257 + 1];
    size_t size = 0;
    for (int byte = 0; byte < 256; byte++) {
        all[size++] = (char)byte;
        if (byte == 255)
            all[size++] = (char)byte; /* IAC IAC */
    }
    assert_int_equal(send_bytes(all, size), size);
    assert_int_equal(typed_size, 256);
    for (int byte = 0; byte < 256; byte++)
        assert_int_equal(typed[byte], byte);
}

static void test_lf_and_nul_are_dropped_right_after_cr_only(void **state)
{
    SEND("a\r\nb\nc\r\0d\0e\r\r\n\n");
    TYPED("a\rb\nc\rd\0e\r\r\n");
}

static void test_utf8(void **state)
{
    SEND("print('\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80')");
    TYPED("print('\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80')");
}

static void test_any_split_gives_the_same(void **state)
{
    static const char stream[] =
        "x\xff\xfd\x01\xff\xff\r\n\xff\xfa\x1f\0\x50\xff\xff\xff\xf0y\r\0z\xff\xf6\xff\xfb\x1f!";
    static const char answer[] = "\r\n[WiPy: yes]\r\n\xff\xfe\x1f";
    for (size_t first = 0; first < sizeof stream; first++) {
        for (size_t second = first; second < sizeof stream; second++) {
            start_logged_in(state);
            typed_size = 0;
            send_bytes(stream, first);
            send_bytes(stream + first, second - first);
            send_bytes(stream + second, sizeof stream - 1 - second);
            TYPED("x\xff\ry\rz!");
            SEEN(answer);
        }
    }
}

static void test_console_that_takes_nothing_holds_the_stream(void **state)
{
    static char text[1000];
    memset(text, 'k', sizeof text);
    console_room = 10;
    size_t used = send_bytes(text, sizeof text);
    assert_in_range(used, 10, 10 + sizeof session.typed);
    assert_true(telnet_session_is_holding(&session));
    assert_int_equal(send_bytes(text + used, sizeof text - used), 0);
    console_room = SIZE_MAX;
    assert_int_equal(send_bytes(text + used, sizeof text - used), sizeof text - used);
    assert_false(telnet_session_is_holding(&session));
    assert_int_equal(typed_size, sizeof text);
}

/* ---- commands and options */

static void test_are_you_there(void **state)
{
    SEND("\xff\xf6");
    SEEN("\r\n[WiPy: yes]\r\n");
}

static void test_interrupt_process_and_break(void **state)
{
    console_room = 0;
    send_bytes("abc", 3);
    SEND("");
    console_room = SIZE_MAX;
    SEND("def\xff\xf4");
    assert_int_equal(interrupts, 1);
    SEND("\xff\xf3");
    assert_int_equal(interrupts, 2);
}

static void test_interrupt_before_login_does_nothing(void **state)
{
    SEND("\xff\xf4");
    assert_int_equal(interrupts, 0);
}

static void test_other_commands_are_ignored(void **state)
{
    SEND("a\xff\xf1\xff\xf2\xff\xf9\xff\xf5\xff\x41\xff\xf0z");
    TYPED("az");
    SEEN("");
}

static void test_foreign_options_are_refused_once(void **state)
{
    SEND("\xff\xfd\x05\xff\xfb\x1f\xff\xfb\x18");
    SEEN("\xff\xfc\x05\xff\xfe\x1f\xff\xfe\x18");
    SEND("\xff\xfd\x05\xff\xfb\x1f\xff\xfb\x18");
    SEEN("");
    SEND("\xff\xfc\x1f\xff\xfe\x05");
    SEEN("");
}

static void test_answers_to_our_offers_are_not_answered(void **state)
{
    SEND("\xff\xfd\x01\xff\xfd\x03\xff\xfe\x22");
    SEEN("");
    SEND("\xff\xfe\x01\xff\xfe\x03"); /* pyboard.py refuses everything */
    SEEN("");
}

static void test_client_that_refuses_all_options_logs_in(void **state)
{
    SEND("\xff\xfe\x01\xff\xfe\x03\xff\xfe\x22micro\r\n\xff\xfe\x01\xff\xfe\x03\xff\xfe\x22python\r"
         "\n");
    assert_int_equal(session.state, TELNET_OPEN);
}

static void test_linux_telnet_client(void **state)
{
    /* what inetutils' client sends on its own to port 23 */
    SEND("\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x21\xff\xfb\x22\xff\xfb\x27\xff"
         "\xfd\x05\xff\xfb\x23");
    SEND("micro\r\0python\r\0");
    assert_int_equal(session.state, TELNET_OPEN);
}

static void test_endless_subnegotiation_ends(void **state)
{
    static char junk[2 * TELNET_SUBNEGOTIATION_MAX];
    memset(junk, 'j', sizeof junk);
    SEND("\xff\xfa\x18");
    send_bytes(junk, sizeof junk);
    SEND("alive");
    assert_true(typed_size > 5);
    assert_memory_equal(typed + typed_size - 5, "alive", 5);
}

/* ---- time */

static void test_idle_session_is_closed(void **state)
{
    now_us += 299999999;
    telnet_session_check_idle(&session, now_us, 300000000);
    assert_int_equal(session.state, TELNET_OPEN);
    SEND("x");
    now_us += 299999999;
    telnet_session_touch(&session, now_us); /* it was shown something */
    now_us += 299999999;
    telnet_session_check_idle(&session, now_us, 300000000);
    assert_int_equal(session.state, TELNET_OPEN);
    now_us += 1;
    telnet_session_check_idle(&session, now_us, 300000000);
    assert_int_equal(session.state, TELNET_CLOSED);
}

static void test_random_bytes(void **state)
{
    static const uint8_t favourites[] = {255, 250, 240, 251, 253, 254, 244, 246, 13, 10, 0, 'm'};
    srand(2);
    for (int round = 0; round < 20000; round++) {
        if (round % 2 == 0)
            start_logged_in(state);
        else
            start(state);
        char bytes[200];
        for (size_t i = 0; i < sizeof bytes; i++) {
            bool favourite = rand() % 2 != 0;
            bytes[i] = (char)(favourite ? favourites[(size_t)rand() % sizeof favourites] : rand());
        }
        size_t sent = 0;
        while (sent < sizeof bytes) {
            size_t part = (size_t)rand() % (sizeof bytes - sent) + 1;
            console_room = (size_t)rand() % 50;
            sent += send_bytes(bytes + sent, part);
            if (session.state == TELNET_CLOSED)
                break;
        }
        assert_true(typed_size <= sizeof bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_dialogue_byte_for_byte, start),
        cmocka_unit_test_setup(test_every_end_of_line_will_do, start),
        cmocka_unit_test_setup(test_three_failures_close, start),
        cmocka_unit_test_setup(test_right_after_two_failures, start),
        cmocka_unit_test_setup(test_backspace_edits, start),
        cmocka_unit_test_setup(test_names_longer_than_allowed_are_wrong, start),
        cmocka_unit_test_setup(test_endless_line_is_invalid, start),
        cmocka_unit_test_setup(test_second_login_is_told, start),
        cmocka_unit_test_setup(test_what_is_typed_ahead_reaches_the_console, start),
        cmocka_unit_test_setup(test_client_that_refuses_all_options_logs_in, start),
        cmocka_unit_test_setup(test_linux_telnet_client, start),
        cmocka_unit_test_setup(test_interrupt_before_login_does_nothing, start),
        cmocka_unit_test_setup(test_eight_bit_clean, start_logged_in),
        cmocka_unit_test_setup(test_lf_and_nul_are_dropped_right_after_cr_only, start_logged_in),
        cmocka_unit_test_setup(test_utf8, start_logged_in),
        cmocka_unit_test_setup(test_any_split_gives_the_same, start_logged_in),
        cmocka_unit_test_setup(test_console_that_takes_nothing_holds_the_stream, start_logged_in),
        cmocka_unit_test_setup(test_are_you_there, start_logged_in),
        cmocka_unit_test_setup(test_interrupt_process_and_break, start_logged_in),
        cmocka_unit_test_setup(test_other_commands_are_ignored, start_logged_in),
        cmocka_unit_test_setup(test_foreign_options_are_refused_once, start_logged_in),
        cmocka_unit_test_setup(test_answers_to_our_offers_are_not_answered, start_logged_in),
        cmocka_unit_test_setup(test_endless_subnegotiation_ends, start_logged_in),
        cmocka_unit_test_setup(test_idle_session_is_closed, start_logged_in),
        cmocka_unit_test_setup(test_random_bytes, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

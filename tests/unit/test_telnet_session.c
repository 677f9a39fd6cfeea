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
static struct telnet_time now;
static char seen[65536]; /* by the client */
static size_t seen_size;
static uint8_t typed[65536]; /* into the console */
static size_t typed_size;
static size_t console_room;
static bool console_taken;
static int interrupts, aborts, takeovers;
static uint16_t columns, rows; /* as the console was told */
static const char *notice;
static struct loop_deadline deadline;

static void on_send(void *context, const void *data, size_t size)
{
    assert_true(seen_size + size <= sizeof seen);
    memcpy(seen + seen_size, data, size);
    seen_size += size;
}

/* As login_try() would: micro, python, and a second for each refusal. */
static bool on_login(const char *user, const char *password, uint64_t now_link_us,
                     uint64_t *refuse_us)
{
    *refuse_us = now_link_us + 1000000;
    return strcmp(user, "micro") == 0 && strcmp(password, "python") == 0;
}

static const char *on_notice(void)
{
    return notice;
}

static bool on_claim(void *context, bool take_over)
{
    bool may = !console_taken || take_over;
    takeovers += take_over;
    console_taken = true;
    return may;
}

static void on_describe_owner(void *context, char text[TELNET_OWNER_MAX])
{
    strcpy(text, "192.168.1.2, idle 12 s");
}

static void on_abort_output(void *context)
{
    aborts++;
}

static void on_resize(void *context, uint16_t new_columns, uint16_t new_rows)
{
    columns = new_columns;
    rows = new_rows;
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

static const struct telnet_io io = {
    .send = on_send,
    .login = on_login,
    .notice = on_notice,
    .claim = on_claim,
    .describe_owner = on_describe_owner,
    .type = on_type,
    .interrupt = on_interrupt,
    .abort_output = on_abort_output,
    .resize = on_resize,
};

static int start(void **state)
{
    seen_size = typed_size = 0;
    console_room = SIZE_MAX;
    console_taken = false;
    interrupts = aborts = takeovers = 0;
    columns = rows = 0;
    notice = NULL;
    now = (struct telnet_time){.board_us = 1000000, .link_us = 1000000};
    telnet_session_start(&session, &io, BANNER, now);
    return 0;
}

/* The client sends; from a copy of exactly that size, so that the sanitizer sees a read beyond it.
 */
static size_t send_bytes(const char *data, size_t size)
{
    uint8_t *exact = malloc(size + 1);
    memcpy(exact, data, size);
    size_t used = telnet_session_input(&session, exact, size, now);
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

/* `us` of link time go by, and the session is polled. */
static void wait_us(uint64_t us)
{
    now.link_us += us;
    telnet_session_poll(&session, now, UINT64_MAX);
}

#define REFUSAL_US 1000000

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
    SEND("micro\r\nwrong\r");
    wait_us(REFUSAL_US);
    SEEN(ASK_PASSWORD FAILURE ASK_USER);
    SEND("\nwrong\r\npython\r");
    wait_us(REFUSAL_US);
    SEEN(ASK_PASSWORD FAILURE ASK_USER);
    SEND("\n\r\n\r");
    wait_us(REFUSAL_US);
    SEEN(ASK_PASSWORD FAILURE);
    assert_int_equal(session.state, TELNET_CLOSED);
    assert_int_equal(send_bytes("micro\r\n", 7), 0);
    SEEN("");
}

static void test_failure_is_told_late_and_nothing_is_read_meanwhile(void **state)
{
    seen_size = 0;
    assert_int_equal(send_bytes("micro\r\nwrong\r\nmicro\r\npython\r\n", 29), 13);
    SEEN(ASK_PASSWORD);
    deadline = (struct loop_deadline){UINT64_MAX, UINT64_MAX};
    telnet_session_deadline(&session, 300000000, &deadline);
    assert_int_equal(deadline.link_us, now.link_us + REFUSAL_US);
    wait_us(REFUSAL_US - 1);
    assert_int_equal(send_bytes("micro\r\n", 7), 0);
    SEEN("");
    wait_us(1);
    SEEN(FAILURE ASK_USER);
    SEND("micro\r\npython\r\n");
    SEEN(ASK_PASSWORD SUCCESS);
}

static void test_right_after_two_failures(void **state)
{
    SEND("a\r\nb\r");
    wait_us(REFUSAL_US);
    SEND("\nc\r\nd\r");
    wait_us(REFUSAL_US);
    SEND("\nmicro\r\npython\r\n");
    assert_int_equal(session.state, TELNET_OPEN);
}

static void test_notice_comes_after_what_tools_wait_for(void **state)
{
    notice = "Beware.";
    seen_size = 0;
    SEND("micro\r\npython\r\n");
    SEEN(ASK_PASSWORD SUCCESS "Beware.\r\n");
}

static void test_backspace_edits(void **state)
{
    seen_size = 0;
    SEND("\b\bmicc\x7fro\r\n");
    SEEN(ASK_PASSWORD);              /* no echo: the client's own is on */
    SEND("pythonx\xc5\xbe\b\b\r\n"); /* a character of two bytes, and one of one */
    SEEN(SUCCESS);
}

static void test_erase_commands_edit(void **state)
{
    SEND("microx\xff\xf7\r\nwrong\xff\xf8python\r\n");
    assert_int_equal(session.state, TELNET_OPEN);
}

static void test_names_longer_than_allowed_are_wrong(void **state)
{
    char line[LOGIN_TEXT_MAX + 3];
    memset(line, 'm', sizeof line);
    line[LOGIN_TEXT_MAX + 1] = '\r';
    line[LOGIN_TEXT_MAX + 2] = '\n';
    seen_size = 0;
    send_bytes(line, sizeof line);
    SEND("python\r");
    wait_us(REFUSAL_US);
    SEEN(ASK_PASSWORD FAILURE ASK_USER);
    SEND("\nmicro\r\n");
    send_bytes(line, sizeof line - 1);
    wait_us(REFUSAL_US);
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

#define QUESTION CONSOLE_OPTIONS "\r\nsession from 192.168.1.2, idle 12 s: take over? [y/N] "

static int start_second(void **state)
{
    start(state);
    console_taken = true;
    seen_size = 0;
    SEND("micro\r\npython\r\n");
    SEEN(ASK_PASSWORD QUESTION);
    return 0;
}

static void test_second_login_takes_over(void **state)
{
    assert_int_equal(takeovers, 0);
    SEND("y");
    SEEN("y\r\nLogin succeeded!\r\nType \"help()\" for more information.\r\n");
    assert_int_equal(takeovers, 1);
    SEND("1+1\r\n");
    TYPED("1+1\r");
}

static void test_end_of_line_after_the_answer_is_not_typed(void **state)
{
    static const char *const ends[] = {"\r\n", "\r", "\n"};
    for (size_t i = 0; i < 3; i++) {
        start_second(state);
        SEND("Y");
        send_bytes(ends[i], strlen(ends[i]));
        SEND("2\r");
        TYPED("2\r");
    }
}

static void test_any_other_key_leaves_the_other_session(void **state)
{
    static const char keys[] = "nN\r\n yes"; /* each its first byte */
    for (const char *key = keys; *key != '\0' && *key != 'y'; key++) {
        start_second(state);
        send_bytes(key, 1);
        SEEN("n\r\nThe other session stays.\r\n");
        assert_int_equal(session.state, TELNET_CLOSED);
        assert_int_equal(takeovers, 0);
    }
}

static void test_question_without_answer_ends(void **state)
{
    deadline = (struct loop_deadline){UINT64_MAX, UINT64_MAX};
    telnet_session_deadline(&session, 300000000, &deadline);
    assert_int_equal(deadline.link_us, now.link_us + TELNET_ANSWER_US);
    wait_us(TELNET_ANSWER_US - 1);
    SEND("\xff\xf1\xff\xfc\x01"); /* commands are no answer */
    SEEN("");
    wait_us(1);
    SEEN("\r\nNo answer: the other session stays.\r\n");
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
    static const char stream[] = "x\xff\xfd\x01\xff\xff\r\n\xff\xfa\x1f\0\x50\xff\xff\x18\xff\xf0y"
                                 "\r\0z\xff\xf6\xff\xfb\x1f!";
    static const char answer[] =
        "\xff\xfd\x1f\r\n[WiPy: yes]\r\n"; /* DO NAWS, as it agrees to ECHO */
    for (size_t first = 0; first < sizeof stream; first++) {
        for (size_t second = first; second < sizeof stream; second++) {
            start_logged_in(state);
            typed_size = 0;
            send_bytes(stream, first);
            send_bytes(stream + first, second - first);
            send_bytes(stream + second, sizeof stream - 1 - second);
            TYPED("x\xff\ry\rz!");
            SEEN(answer);
            assert_int_equal(columns, 0x50);
            assert_int_equal(rows, 0xff18);
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
    SEND("a\xff\xf1\xff\xf2\xff\xf9\xff\x41\xff\xf0z");
    TYPED("az");
    SEEN("");
}

static void test_erase_commands_are_typed(void **state)
{
    SEND("ab\xff\xf7"
         "c\xff\xf8"
         "d");
    TYPED("ab\bc\x15"
          "d");
    static char text[1000]; /* also when the console takes nothing for a while */
    memset(text, 'k', sizeof text);
    memcpy(text + 63, "\xff\xf7\xff\xf7", 4);
    console_room = 0;
    size_t used = send_bytes(text, sizeof text);
    console_room = SIZE_MAX;
    assert_int_equal(send_bytes(text + used, sizeof text - used), sizeof text - used);
    assert_int_equal(typed_size, sizeof text - 2);
    assert_memory_equal(typed + 62, "k\b\bk", 4);
}

static void test_abort_output(void **state)
{
    SEND("\xff\xf5");
    assert_int_equal(aborts, 1);
}

static void test_foreign_options_are_refused_once(void **state)
{
    SEND("\xff\xfc\x1f\xff\xfd\x05\xff\xfb\x18");
    SEEN("\xff\xfc\x05\xff\xfd\x1f\xff\xfe\x18");
    SEND("\xff\xfd\x05\xff\xfb\x18");
    SEEN("");
    SEND("\xff\xfc\x1f\xff\xfe\x05");
    SEEN("");
}

static void test_linemode_is_refused_after_login(void **state)
{
    SEND("\xff\xfb\x1f\xff\xfd\x22\xff\xfb\x22");
    SEEN("\xff\xfd\x1f\xff\xfc\x22\xff\xfe\x22");
}

static void test_answers_to_our_offers_are_not_answered(void **state)
{
    SEND("\xff\xfe\x01\xff\xfe\x03\xff\xfe\x22"); /* pyboard.py refuses everything: it is asked
                                                     nothing */
    SEEN("");
    SEND("\xff\xfd\x01\xff\xfd\x03");
    SEEN("\xff\xfd\x1f"); /* who agrees is asked for its window, once */
    SEND("\xff\xfd\x01\xff\xfc\x1f");
    SEEN("");
}

static void test_window_size(void **state)
{
    start(state);
    SEND("\xff\xfb\x1f\xff\xfa\x1f\0\x84\0\x2b\xff\xf0");
    assert_int_equal(columns, 0); /* the console is not ours yet */
    SEND("micro\r\npython\r\n");
    assert_int_equal(columns, 132);
    assert_int_equal(rows, 43);
    SEND("\xff\xfa\x1f\0\x50\0\x18\xff\xf0");
    assert_int_equal(columns, 80);
    SEND("\xff\xfa\x1f\0\x51\xff\xf0\xff\xfa\x1f\xff\xf0\xff\xfa\xff\xf0\xff\xfa\x1f\0\1\0\1\0\xff"
         "\xf0\xff\xfa\x18\0\1\0\1\xff\xf0");
    assert_int_equal(columns, 80); /* malformed ones and others */
}

static void test_binary(void **state)
{
    SEND("\xff\xfc\x1f\xff\xfb\0\xff\xfd\0"); /* the first is no agreement: no question about the
                                                 window comes of it */
    SEEN("\xff\xfd\0\xff\xfd\x1f\xff\xfb\0");
    SEND("a\r\nb\r\0c\r\xff\xff\n\r\r");
    TYPED("a\r\nb\r\0c\r\xff\n\r\r"); /* every byte is data */
    SEND("\n");
    TYPED("\n");
    SEND("\xff\xfb\0\xff\xfd\0");
    SEEN("");
    SEND("\xff\xfc\0\xff\xfe\0");
    SEEN("\xff\xfe\0\xff\xfc\0");
    SEND("a\r\nb\r\0c");
    TYPED("a\rb\rc");
}

static void test_binary_before_the_login(void **state)
{
    SEND("\xff\xfb\0\xff\xfd\0micro\r\npython\r\n"); /* the LFs are no lines of their own */
    assert_int_equal(session.state, TELNET_OPEN);
    TYPED("");
    SEND("a\r\nb");
    TYPED("a\r\nb");
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

static void idle_us(uint64_t us)
{
    now.board_us += us;
    telnet_session_poll(&session, now, 300000000);
}

static void test_idle_session_is_closed(void **state)
{
    idle_us(299999999);
    assert_int_equal(session.state, TELNET_OPEN);
    SEND("x");
    idle_us(299999999);
    telnet_session_touch(&session, now.board_us); /* it was shown something */
    idle_us(299999999);
    assert_int_equal(session.state, TELNET_OPEN);
    idle_us(1);
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
            wait_us((uint64_t)rand() % 2000000);
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
        cmocka_unit_test_setup(test_failure_is_told_late_and_nothing_is_read_meanwhile, start),
        cmocka_unit_test_setup(test_right_after_two_failures, start),
        cmocka_unit_test_setup(test_notice_comes_after_what_tools_wait_for, start),
        cmocka_unit_test_setup(test_erase_commands_edit, start),
        cmocka_unit_test_setup(test_backspace_edits, start),
        cmocka_unit_test_setup(test_names_longer_than_allowed_are_wrong, start),
        cmocka_unit_test_setup(test_endless_line_is_invalid, start),
        cmocka_unit_test_setup(test_second_login_takes_over, start_second),
        cmocka_unit_test(test_end_of_line_after_the_answer_is_not_typed),
        cmocka_unit_test(test_any_other_key_leaves_the_other_session),
        cmocka_unit_test_setup(test_question_without_answer_ends, start_second),
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
        cmocka_unit_test_setup(test_erase_commands_are_typed, start_logged_in),
        cmocka_unit_test_setup(test_abort_output, start_logged_in),
        cmocka_unit_test_setup(test_foreign_options_are_refused_once, start_logged_in),
        cmocka_unit_test_setup(test_linemode_is_refused_after_login, start_logged_in),
        cmocka_unit_test_setup(test_window_size, start_logged_in),
        cmocka_unit_test_setup(test_binary, start_logged_in),
        cmocka_unit_test_setup(test_binary_before_the_login, start),
        cmocka_unit_test_setup(test_answers_to_our_offers_are_not_answered, start_logged_in),
        cmocka_unit_test_setup(test_endless_subnegotiation_ends, start_logged_in),
        cmocka_unit_test_setup(test_idle_session_is_closed, start_logged_in),
        cmocka_unit_test_setup(test_random_bytes, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

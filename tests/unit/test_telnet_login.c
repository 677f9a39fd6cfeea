/* Telnet: greeting, login, take-over, and what time ends. */
#include "tests/unit/telnet_client.h"

/* ---- login */

static void test_dialogue_byte_for_byte(void **state)
{
    SEEN(BANNER "\r\n" ASK_USER);
    SEND("micro\r\n");
    SEEN(ASK_PASSWORD);
    SEND("python\r\n");
    SEEN(SUCCESS);
    assert_int_equal(session->state, TELNET_OPEN);
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
        assert_int_equal(session->state, TELNET_OPEN);
    }
    start(state);
    SEND("micro\r\0python\r\0");
    assert_int_equal(session->state, TELNET_OPEN);
}

static void test_three_failures_close(void **state)
{
    world.seen_size = 0;
    SEND("micro\r\nwrong\r");
    wait_us(REFUSAL_US);
    SEEN(ASK_PASSWORD FAILURE ASK_USER);
    SEND("\nwrong\r\npython\r");
    wait_us(REFUSAL_US);
    SEEN(ASK_PASSWORD FAILURE ASK_USER);
    SEND("\n\r\n\r");
    wait_us(REFUSAL_US);
    SEEN(ASK_PASSWORD FAILURE "Too many tries: connect again.\r\n");
    assert_int_equal(session->state, TELNET_CLOSED);
    assert_int_equal(send_bytes("micro\r\n", 7), 0);
    SEEN("");
}

static void test_failure_is_told_late_and_nothing_is_read_meanwhile(void **state)
{
    world.seen_size = 0;
    assert_int_equal(send_bytes("micro\r\nwrong\r\nmicro\r\npython\r\n", 29), 13);
    SEEN(ASK_PASSWORD);
    struct loop_deadline deadline = {UINT64_MAX, UINT64_MAX};
    telnet_session_deadline(session, 300000000, &deadline);
    assert_int_equal(deadline.link_us, world.now.link_us + REFUSAL_US);
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
    assert_int_equal(session->state, TELNET_OPEN);
}

static void test_notice_comes_after_what_tools_wait_for(void **state)
{
    telnet_world_notice = "Beware.";
    world.seen_size = 0;
    SEND("micro\r\npython\r\n");
    SEEN(ASK_PASSWORD SUCCESS "Beware.\r\n");
}

static void test_backspace_edits(void **state)
{
    world.seen_size = 0;
    SEND("\b\bmicc\x7fro\r\n");
    SEEN(ASK_PASSWORD);              /* no echo: the client's own is on */
    SEND("pythonx\xc5\xbe\b\b\r\n"); /* a character of two bytes, and one of one */
    SEEN(SUCCESS);
}

static void test_erase_commands_edit(void **state)
{
    SEND("microx\xff\xf7\r\nwrong\xff\xf8python\r\n");
    assert_int_equal(session->state, TELNET_OPEN);
}

static void test_names_longer_than_allowed_are_wrong(void **state)
{
    char line[LOGIN_TEXT_MAX + 3];
    memset(line, 'm', sizeof line);
    line[LOGIN_TEXT_MAX + 1] = '\r';
    line[LOGIN_TEXT_MAX + 2] = '\n';
    world.seen_size = 0;
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
    world.seen_size = 0;
    assert_true(send_bytes(line, sizeof line) < sizeof line);
    SEEN("\r\nThis is too long for a login.\r\n");
    assert_int_equal(session->state, TELNET_CLOSED);
}

#define QUESTION CONSOLE_OPTIONS "\r\nsession from 192.168.1.2, idle 12 s: take over? [y/N] "

static int start_second(void **state)
{
    start(state);
    world.is_taken = true;
    world.seen_size = 0;
    SEND("micro\r\npython\r\n");
    SEEN(ASK_PASSWORD QUESTION);
    return 0;
}

static void test_second_login_takes_over(void **state)
{
    assert_int_equal(world.takeovers, 0);
    SEND("y");
    SEEN("y\r\nLogin succeeded!\r\nType \"help()\" for more information.\r\n");
    assert_int_equal(world.takeovers, 1);
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

static void test_the_line_of_the_answer_is_not_typed(void **state)
{
    static const char *const answers[] = {"yes\r\n2\r", "YES\r2\r", "y\r\n2\r", "yes, please\n2\r"};
    for (size_t i = 0; i < 4; i++) {
        start_second(state);
        send_bytes(answers[i], strlen(answers[i]));
        TYPED("2\r");
    }
    start_second(state);
    SEND("yes"); /* in one piece, its end of line in the next */
    SEND("\r\n");
    SEND("2\r");
    TYPED("2\r");
    start_second(state);
    SEND("y"); /* the key of a person, who sees the prompt and types */
    SEND("es\r");
    TYPED("es\r");
}

static void test_any_other_key_leaves_the_other_session(void **state)
{
    static const char keys[] = "nN\r\n yes"; /* each its first byte */
    for (const char *key = keys; *key != '\0' && *key != 'y'; key++) {
        start_second(state);
        send_bytes(key, 1);
        SEEN("n\r\nThe other session stays.\r\n");
        assert_int_equal(session->state, TELNET_CLOSED);
        assert_int_equal(world.takeovers, 0);
    }
}

static void test_question_without_answer_ends(void **state)
{
    struct loop_deadline deadline = {UINT64_MAX, UINT64_MAX};
    telnet_session_deadline(session, 300000000, &deadline);
    assert_int_equal(deadline.link_us, world.now.link_us + TELNET_ANSWER_US);
    wait_us(TELNET_ANSWER_US - 1);
    SEND("\xff\xf1\xff\xfc\x01"); /* commands are no answer */
    SEEN("");
    wait_us(1);
    SEEN("\r\nNo answer: the other session stays.\r\n");
    assert_int_equal(session->state, TELNET_CLOSED);
}

static void test_what_is_typed_ahead_reaches_the_console(void **state)
{
    SEND("micro\r\npython\r\nprint(1)\r\n");
    TYPED("print(1)\r");
}

/* ---- time */

static void idle_us(uint64_t us)
{
    world.now.board_us += us;
    telnet_session_poll(session, world.now, 300000000);
}

static void test_idle_session_is_closed(void **state)
{
    idle_us(299999999);
    assert_int_equal(session->state, TELNET_OPEN);
    SEND("x");
    idle_us(299999999);
    telnet_session_touch(session, world.now.board_us); /* it was shown something */
    idle_us(299999999);
    assert_int_equal(session->state, TELNET_OPEN);
    idle_us(1);
    assert_int_equal(session->state, TELNET_CLOSED);
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
        cmocka_unit_test(test_the_line_of_the_answer_is_not_typed),
        cmocka_unit_test(test_any_other_key_leaves_the_other_session),
        cmocka_unit_test_setup(test_question_without_answer_ends, start_second),
        cmocka_unit_test_setup(test_what_is_typed_ahead_reaches_the_console, start),
        cmocka_unit_test_setup(test_idle_session_is_closed, start_logged_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

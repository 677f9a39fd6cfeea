/* Telnet: what a client sends and sees once it is logged in: data, commands, options. */
#include "tests/unit/telnet_client.h"

/* ---- the stream */

static void test_eight_bit_clean(void **state)
{
    char all[257 + 1];
    size_t size = 0;
    for (int byte = 0; byte < 256; byte++) {
        all[size++] = (char)byte;
        if (byte == 255) {
            all[size++] = (char)byte; /* IAC IAC */
        }
    }
    assert_int_equal(send_bytes(all, size), size);
    assert_int_equal(world.typed_size, 256);
    for (int byte = 0; byte < 256; byte++) {
        assert_int_equal(world.typed[byte], byte);
    }
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
    static const char stream[] = "x\xff\xfd\x01\xff\xff\r\n\xff\xfa\x1f\0\xff\xff\0\x18\xff\xf0y"
                                 "\r\0z\xff\xf6\xff\xfb\x1f!";
    static const char answer[] =
        "\xff\xfd\x1f\r\n[WiPy: yes]\r\n"; /* DO NAWS, as it agrees to ECHO */
    for (size_t first = 0; first < sizeof stream; first++) {
        for (size_t second = first; second < sizeof stream; second++) {
            start_logged_in(state);
            world.typed_size = 0;
            send_bytes(stream, first);
            send_bytes(stream + first, second - first);
            send_bytes(stream + second, sizeof stream - 1 - second);
            TYPED("x\xff\ry\rz!");
            SEEN(answer);
            assert_int_equal(world.columns, 255);
            assert_int_equal(world.rows, 24);
        }
    }
}

static void test_console_that_takes_nothing_holds_the_stream(void **state)
{
    static char text[1000];
    memset(text, 'k', sizeof text);
    world.room = 10;
    size_t used = send_bytes(text, sizeof text);
    assert_in_range(used, 10, 10 + sizeof session->typed);
    assert_true(telnet_session_is_holding(session));
    assert_int_equal(send_bytes(text + used, sizeof text - used), 0);
    world.room = SIZE_MAX;
    assert_int_equal(send_bytes(text + used, sizeof text - used), sizeof text - used);
    assert_false(telnet_session_is_holding(session));
    assert_int_equal(world.typed_size, sizeof text);
}

/* ---- commands and options */

static void test_are_you_there(void **state)
{
    SEND("\xff\xf6");
    SEEN("\r\n[WiPy: yes]\r\n");
}

static void test_interrupt_process_and_break(void **state)
{
    world.room = 0;
    send_bytes("abc", 3);
    SEND("");
    world.room = SIZE_MAX;
    SEND("def\xff\xf4");
    assert_int_equal(world.interrupts, 1);
    SEND("\xff\xf3");
    assert_int_equal(world.interrupts, 2);
}

static void test_interrupt_before_login_does_nothing(void **state)
{
    SEND("\xff\xf4");
    assert_int_equal(world.interrupts, 0);
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
    world.room = 0;
    size_t used = send_bytes(text, sizeof text);
    world.room = SIZE_MAX;
    assert_int_equal(send_bytes(text + used, sizeof text - used), sizeof text - used);
    assert_int_equal(world.typed_size, sizeof text - 2);
    assert_memory_equal(world.typed + 62, "k\b\bk", 4);
}

static void test_abort_output(void **state)
{
    SEND("\xff\xf5");
    assert_int_equal(world.aborts, 1);
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
    assert_int_equal(world.columns, 0); /* the console is not ours yet */
    SEND("micro\r\npython\r\n");
    assert_int_equal(world.columns, 132);
    assert_int_equal(world.rows, 43);
    SEND("\xff\xfa\x1f\0\x50\0\x18\xff\xf0");
    assert_int_equal(world.columns, 80);
    SEND("\xff\xfa\x1f\0\x51\xff\xf0\xff\xfa\x1f\xff\xf0\xff\xfa\xff\xf0\xff\xfa\x1f\0\1\0\1\0\xff"
         "\xf0\xff\xfa\x18\0\1\0\1\xff\xf0");
    assert_int_equal(world.columns, 80); /* malformed ones and others */
}

static void test_sizes_that_no_window_has_are_unknown(void **state)
{
    static const struct {
        uint16_t told, taken;
    } sizes[] = {{0, 0}, {1, 0}, {2, 2}, {1000, 1000}, {1001, 0}, {65534, 0}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char high = (char)(sizes[i].told >> 8), low = (char)sizes[i].told;
        const char command[] = "\xff\xfa\x1f", end[] = "\xff\xf0";
        send_bytes(command, 3);
        for (int twice = 0; twice < 2; twice++) {
            send_bytes(&high, 1);
            send_bytes("\xff", high == '\xff'); /* sent twice */
            send_bytes(&low, 1);
        }
        send_bytes(end, 2);
        assert_int_equal(world.columns, sizes[i].taken);
        assert_int_equal(world.rows, sizes[i].taken);
    }
    SEND("\xff\xfa\x1f\0\1\0\x18\xff\xf0"); /* each for itself */
    assert_int_equal(world.columns, 0);
    assert_int_equal(world.rows, 24);
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
    assert_int_equal(session->state, TELNET_OPEN);
    TYPED("");
    SEND("a\r\nb");
    TYPED("a\r\nb");
}

static void test_client_that_refuses_all_options_logs_in(void **state)
{
    SEND("\xff\xfe\x01\xff\xfe\x03\xff\xfe\x22micro\r\n\xff\xfe\x01\xff\xfe\x03\xff\xfe\x22python\r"
         "\n");
    assert_int_equal(session->state, TELNET_OPEN);
}

static void test_linux_telnet_client(void **state)
{
    /* what inetutils' client sends on its own to port 23 */
    SEND("\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x21\xff\xfb\x22\xff\xfb\x27\xff"
         "\xfd\x05\xff\xfb\x23");
    SEND("micro\r\0python\r\0");
    assert_int_equal(session->state, TELNET_OPEN);
}

static void test_endless_subnegotiation_ends(void **state)
{
    static char junk[2 * TELNET_SUBNEGOTIATION_MAX];
    memset(junk, 'j', sizeof junk);
    SEND("\xff\xfa\x18");
    send_bytes(junk, sizeof junk);
    SEND("alive");
    assert_true(world.typed_size > 5);
    assert_memory_equal(world.typed + world.typed_size - 5, "alive", 5);
}

/* ---- anything */

static void test_random_bytes(void **state)
{
    static const uint8_t favourites[] = {255, 250, 240, 251, 253, 254, 244, 246, 13, 10, 0, 'm'};
    srand(2);
    for (int round = 0; round < 20000; round++) {
        if (round % 2 == 0) {
            start_logged_in(state);
        } else {
            start(state);
        }
        char bytes[200];
        for (size_t i = 0; i < sizeof bytes; i++) {
            bool favourite = rand() % 2 != 0;
            bytes[i] = (char)(favourite ? favourites[(size_t)rand() % sizeof favourites] : rand());
        }
        size_t sent = 0;
        while (sent < sizeof bytes) {
            size_t part = (size_t)rand() % (sizeof bytes - sent) + 1;
            world.room = (size_t)rand() % 50;
            sent += send_bytes(bytes + sent, part);
            wait_us((uint64_t)rand() % 2000000);
            if (session->state == TELNET_CLOSED) {
                break;
            }
        }
        assert_true(world.typed_size <= sizeof bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        cmocka_unit_test_setup(test_sizes_that_no_window_has_are_unknown, start_logged_in),
        cmocka_unit_test_setup(test_binary, start_logged_in),
        cmocka_unit_test_setup(test_binary_before_the_login, start),
        cmocka_unit_test_setup(test_answers_to_our_offers_are_not_answered, start_logged_in),
        cmocka_unit_test_setup(test_endless_subnegotiation_ends, start_logged_in),
        cmocka_unit_test_setup(test_random_bytes, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

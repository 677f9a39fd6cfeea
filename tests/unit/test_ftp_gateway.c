/* The laptop's FTP gateway: what it changes on a control connection, and that it changes nothing
 * else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board/laptop/ftp_gateway.h"

/* The owner of the gateway in these tests: listens for the client at 127.0.0.1:40000 and for the
 * WiPy at 192.168.1.2:50000. */
struct laptop {
    struct ftp_gateway gateway;
    bool refuse;
    int passive_calls, active_calls;
    uint16_t wipy_port;
    struct ftp_endpoint client;
};

static bool passive(void *context, uint16_t wipy_port, struct ftp_endpoint *listening)
{
    struct laptop *laptop = context;
    laptop->passive_calls++;
    laptop->wipy_port = wipy_port;
    *listening = (struct ftp_endpoint){{127, 0, 0, 1}, 40000};
    return !laptop->refuse;
}

static bool active(void *context, const struct ftp_endpoint *client, struct ftp_endpoint *listening)
{
    struct laptop *laptop = context;
    laptop->active_calls++;
    laptop->client = *client;
    *listening = (struct ftp_endpoint){{192, 168, 1, 2}, 50000};
    return !laptop->refuse;
}

static void start(struct laptop *laptop)
{
    memset(laptop, 0, sizeof *laptop);
    ftp_gateway_init(&laptop->gateway, &(struct ftp_gateway_owner){laptop, passive, active});
}

typedef size_t (*direction)(struct ftp_gateway *, const uint8_t *, size_t, bool, uint8_t *);

/* Pass `in` through in pieces of `piece` bytes, each in a heap block of its exact size, and
 * compare. */
static void pass_pieces(struct laptop *laptop, direction to, const char *in, size_t size,
                        size_t piece, const char *expected, size_t expected_size)
{
    uint8_t *all = malloc(FTP_GATEWAY_ROOM(size));
    size_t got = 0;
    for (size_t at = 0; at < size; at += piece) {
        size_t part = size - at < piece ? size - at : piece;
        uint8_t *copy = malloc(part), *out = malloc(FTP_GATEWAY_ROOM(part));
        memcpy(copy, in + at, part);
        size_t written = to(&laptop->gateway, copy, part, false, out);
        assert_true(written <= FTP_GATEWAY_ROOM(part));
        memcpy(all + got, out, written);
        got += written;
        free(copy);
        free(out);
    }
    assert_int_equal(got, expected_size);
    assert_memory_equal(all, expected, expected_size);
    free(all);
}

/* As a whole, byte by byte, and in pieces of seven. */
static void expect(direction to, const char *in, const char *expected)
{
    static const size_t pieces[] = {100000, 1, 7};
    for (size_t i = 0; i < 3; i++) {
        struct laptop laptop;
        start(&laptop);
        pass_pieces(&laptop, to, in, strlen(in), pieces[i], expected, strlen(expected));
    }
}

static void expect_untouched(direction to, const char *in)
{
    expect(to, in, in);
}

static void test_pasv_reply_names_the_laptop(void **state)
{
    struct laptop laptop;
    start(&laptop);
    const char *in = "227 Entering Passive Mode (192,168,1,1,7,232)\r\n";
    const char *out = "227 Entering Passive Mode (127,0,0,1,156,64)\r\n";
    pass_pieces(&laptop, ftp_gateway_reply, in, strlen(in), 100, out, strlen(out));
    assert_int_equal(laptop.wipy_port, 2024);
    assert_int_equal(laptop.passive_calls, 1);
    expect(ftp_gateway_reply, in, out);
    expect(ftp_gateway_reply, "220 hi\r\n227 =192,168,1,1,7,232\n200 ok\r\n",
           "220 hi\r\n227 =127,0,0,1,156,64\n200 ok\r\n");
    expect(ftp_gateway_reply, "227 1,1,1,1,1,1\r\n227 1,1,1,1,1,1\r\n",
           "227 127,0,0,1,156,64\r\n227 127,0,0,1,156,64\r\n");
}

static void test_epsv_reply_names_the_laptops_port(void **state)
{
    expect(ftp_gateway_reply, "229 Entering Extended Passive Mode (|||2024|)\r\n",
           "229 Entering Extended Passive Mode (|||40000|)\r\n");
    expect(ftp_gateway_reply, "229 (a) (!!!7!).\r\n", "229 (a) (!!!40000!).\r\n");
}

static void test_port_command_names_the_laptop(void **state)
{
    struct laptop laptop;
    start(&laptop);
    const char *in = "PORT 127,0,0,1,200,3\r\n", *out = "PORT 192,168,1,2,195,80\r\n";
    pass_pieces(&laptop, ftp_gateway_command, in, strlen(in), 5, out, strlen(out));
    assert_int_equal(laptop.client.port, 200 * 256 + 3);
    assert_memory_equal(laptop.client.address, "\x7f\0\0\1", 4);
    expect(ftp_gateway_command, "USER a\r\nport 1,2,3,4,5,6\nPORT 1,2,3,4,5,6 \r\nLIST\r\n",
           "USER a\r\nport 192,168,1,2,195,80\nPORT 192,168,1,2,195,80 \r\nLIST\r\n");
}

static void test_eprt_command_names_the_laptop(void **state)
{
    struct laptop laptop;
    start(&laptop);
    const char *in = "EPRT |1|127.0.0.1|6275|\r\n", *out = "EPRT |1|192.168.1.2|50000|\r\n";
    pass_pieces(&laptop, ftp_gateway_command, in, strlen(in), 1, out, strlen(out));
    assert_int_equal(laptop.client.port, 6275);
    expect(ftp_gateway_command, "eprt !1!127.0.0.1!6275!\r\n", "eprt !1!192.168.1.2!50000!\r\n");
}

static void test_what_is_refused_becomes_an_address_that_the_wipy_refuses(void **state)
{
    struct laptop laptop;
    start(&laptop);
    laptop.refuse = true;
    const char *in = "PORT 10,0,0,1,0,22\r\nEPRT |1|10.0.0.1|22|\r\n";
    const char *out = "PORT 0,0,0,0,0,0\r\nEPRT |1|0.0.0.0|0|\r\n";
    pass_pieces(&laptop, ftp_gateway_command, in, strlen(in), 100, out, strlen(out));
}

static void test_without_a_port_for_the_client_it_gets_425(void **state)
{
    struct laptop laptop;
    start(&laptop);
    laptop.refuse = true;
    const char *in = "227 (1,2,3,4,5,6)\r\n229 (|||7|)\r\n250 ok\r\n";
    const char *out = "425 The laptop cannot open a data connection.\r\n425 The laptop cannot open "
                      "a data connection.\r\n250 ok\r\n";
    pass_pieces(&laptop, ftp_gateway_reply, in, strlen(in), 100, out, strlen(out));
}

static void test_other_commands_pass_untouched(void **state)
{
    expect_untouched(ftp_gateway_command,
                     "USER micro\r\nPASS PORT 1,2,3,4,5,6\r\n\r\n\nP\nPO\r\nPORT\r\nPORT "
                     "\r\nPORTER 1,2,3,4,5,6\r\n");
    expect_untouched(
        ftp_gateway_command,
        "PORT 1,2,3,4,5\r\nPORT 1,2,3,4,5,256\r\nPORT 1,2,3,4,5,6,7\r\nPORT 1,2,3,4,5,6 x\r\n");
    expect_untouched(ftp_gateway_command,
                     "PORT 99999999999999999999,2,3,4,5,6\r\nPORT ,,,,,\r\nPORT -1,2,3,4,5,6\r\n");
    expect_untouched(
        ftp_gateway_command,
        "EPRT |2|::1|80|\r\nEPRT |1|1.2.3.4|65536|\r\nEPRT |1|1.2.3.4|5\r\nEPRT |1|1.2.3|5|\r\n");
    expect_untouched(ftp_gateway_command,
                     "STOR \xc3\xa4 b\r\nEPRT \r\nEPRT |\r\nEPRT |1\r\nEPRT 11111111111\r\n");
}

static void test_other_replies_pass_untouched(void **state)
{
    expect_untouched(ftp_gateway_reply,
                     "220 hi\r\n2\r\n22\n227\r\n227 no address\r\n227 (999,1,1,1,1,1)\r\n229 "
                     "none\r\n2270 (1,2,3,4,5,6)\r\n\r\n");
    expect_untouched(ftp_gateway_reply,
                     "226 (1,2,3,4,5,6)\r\n 227 (1,2,3,4,5,6)\r\n229 (|||x|)\r\n229 "
                     "(|||70000|)\r\n229 (||1|)\r\n229 (|||1\r\n");
}

static void test_a_reply_of_several_lines_is_text(void **state)
{
    expect(ftp_gateway_reply,
           "211-Features:\r\n227 (1,2,3,4,5,6)\r\n229 (|||7|)\r\n212 x\r\n211-\r\n211 End\r\n229 "
           "(|||7|)\r\n",
           "211-Features:\r\n227 (1,2,3,4,5,6)\r\n229 (|||7|)\r\n212 x\r\n211-\r\n211 End\r\n229 "
           "(|||40000|)\r\n");
}

static void test_nothing_is_held_back_that_concerns_nobody(void **state)
{
    struct laptop laptop;
    start(&laptop);
    pass_pieces(&laptop, ftp_gateway_command, "STOR half", 9, 9, "STOR half", 9);
    pass_pieces(&laptop, ftp_gateway_command, " a line", 7, 1, " a line", 7);
    pass_pieces(&laptop, ftp_gateway_reply, "220 half", 8, 8, "220 half", 8);
    /* Telnet's urgent sequence before ABOR: at once, and the line after it is still a line. */
    pass_pieces(&laptop, ftp_gateway_command, "\r\n\xff\xf4\xff\xf2", 6, 1, "\r\n\xff\xf4\xff\xf2",
                6);
    pass_pieces(&laptop, ftp_gateway_command, "\xff\xfd\x06", 3, 1, "\xff\xfd\x06", 3);
    const char *in = "PORT 1,2,3,4,5,6\r\n", *out = "PORT 192,168,1,2,195,80\r\n";
    pass_pieces(&laptop, ftp_gateway_command, in, strlen(in), 1, out, strlen(out));
}

/* The WiPy takes them out of the line, and so sees an address. */
static void test_telnet_sequences_in_a_port_command(void **state)
{
#define GO_AHEAD  "\xff\xf9"
#define DO_STATUS "\xff\xfd\x05"
    expect(ftp_gateway_command,
           "PO" GO_AHEAD "RT 127,0," DO_STATUS "0,1,200,3" GO_AHEAD "\r\nEPRT |1|127.0" GO_AHEAD
           ".0.1|6275|\r\n",
           GO_AHEAD DO_STATUS GO_AHEAD "PORT 192,168,1,2,195,80\r\n" GO_AHEAD
                                       "EPRT |1|192.168.1.2|50000|\r\n");
    /* Data: no address, neither here nor there. */
    expect_untouched(ftp_gateway_command, "PORT 1,2,3,4,\xff\xff"
                                          "5,6\r\nPORT 1,2,3,4,5,\xff"
                                          "6\r\n\xff\xffPORT 1,2,3,4,5,6\r\n");
}

static void test_what_grows_most_has_room(void **state)
{
    enum { LINES = 1500 };
    static const char shortest[] = "229 (|||1|\n",
                      refusal[] = "425 The laptop cannot open a data connection.\r\n";
    char *in = malloc(LINES * sizeof shortest), *out = malloc(LINES * sizeof refusal);
    for (int i = 0; i < LINES; i++) {
        memcpy(in + (size_t)i * strlen(shortest), shortest, sizeof shortest);
        memcpy(out + (size_t)i * strlen(refusal), refusal, sizeof refusal);
    }
    struct laptop laptop;
    start(&laptop);
    laptop.refuse = true;
    pass_pieces(&laptop, ftp_gateway_reply, in, strlen(in), strlen(in), out, strlen(out));
    free(in);
    free(out);
}

static void test_half_a_line_is_let_go_at_the_end(void **state)
{
    struct laptop laptop;
    uint8_t out[FTP_GATEWAY_ROOM(20)];
    start(&laptop);
    assert_int_equal(
        ftp_gateway_command(&laptop.gateway, (const uint8_t *)"PORT 1,2", 8, false, out), 0);
    assert_int_equal(ftp_gateway_command(&laptop.gateway, NULL, 0, true, out), 8);
    assert_memory_equal(out, "PORT 1,2", 8);
    assert_int_equal(ftp_gateway_reply(&laptop.gateway, (const uint8_t *)"227 (1", 6, false, out),
                     0);
    assert_int_equal(ftp_gateway_reply(&laptop.gateway, (const uint8_t *)",", 1, true, out), 7);
    assert_memory_equal(out, "227 (1,", 7);
}

static void test_long_lines_pass_untouched(void **state)
{
    enum { SIZE = 100000 };
    char *line = malloc(SIZE);
    static const size_t pieces[] = {SIZE, 1, 4096};
    for (size_t i = 0; i < 3; i++) {
        struct laptop laptop;
        start(&laptop);
        memset(line, '1', SIZE);
        memcpy(line, "PORT ", 5);
        line[SIZE - 1] = '\n';
        pass_pieces(&laptop, ftp_gateway_command, line, SIZE, pieces[i], line, SIZE);
        memcpy(line, "227 ", 4);
        pass_pieces(&laptop, ftp_gateway_reply, line, SIZE, pieces[i], line, SIZE);
    }
    free(line);
}

static void test_after_auth_succeeds_all_bytes_pass(void **state)
{
    struct laptop laptop;
    start(&laptop);
    pass_pieces(&laptop, ftp_gateway_command, "AUTH TLS\r\n", 10, 100, "AUTH TLS\r\n", 10);
    pass_pieces(&laptop, ftp_gateway_reply, "234 go\r\n227 (1,2,3,4,5,6)\r\n", 27, 100,
                "234 go\r\n227 (1,2,3,4,5,6)\r\n", 27);
    pass_pieces(&laptop, ftp_gateway_command, "PORT 1,2,3,4,5,6\r\n", 18, 100,
                "PORT 1,2,3,4,5,6\r\n", 18);
    pass_pieces(&laptop, ftp_gateway_reply, "227 (1", 6, 1, "227 (1", 6);
    assert_int_equal(laptop.passive_calls + laptop.active_calls, 0);
}

/* Random mixtures of meaningful pieces, cut at random places: the result does not depend on the
 * cuts, and always fits. */
static void test_cuts_make_no_difference(void **state)
{
    static const char *const words[] = {
        "227 ",          "229 ", "PORT ", "EPRT ", "(|||7|)", "1,2,3,4,5,6",
        "|1|1.2.3.4|5|", "\r\n", "\n",    "\r",    "211-",    "211 ",
        "\xff\xf4",      "\xff", "2",     " "};
    srand(1);
    for (int round = 0; round < 3000; round++) {
        char text[600];
        size_t size = 0;
        for (int i = 0; i < 40; i++) {
            const char *word = words[(unsigned)rand() % (sizeof words / sizeof words[0])];
            memcpy(text + size, word, strlen(word));
            size += strlen(word);
        }
        static const direction directions[] = {ftp_gateway_command, ftp_gateway_reply};
        for (int d = 0; d < 2; d++) {
            struct laptop whole, cut;
            uint8_t once[FTP_GATEWAY_ROOM(sizeof text)];
            start(&whole);
            start(&cut);
            whole.refuse = cut.refuse = round % 2 == 0;
            size_t expected =
                directions[d](&whole.gateway, (const uint8_t *)text, size, false, once);
            assert_true(expected <= FTP_GATEWAY_ROOM(size));
            pass_pieces(&cut, directions[d], text, size, 1 + (size_t)rand() % 40,
                        (const char *)once, expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pasv_reply_names_the_laptop),
        cmocka_unit_test(test_epsv_reply_names_the_laptops_port),
        cmocka_unit_test(test_port_command_names_the_laptop),
        cmocka_unit_test(test_eprt_command_names_the_laptop),
        cmocka_unit_test(test_what_is_refused_becomes_an_address_that_the_wipy_refuses),
        cmocka_unit_test(test_without_a_port_for_the_client_it_gets_425),
        cmocka_unit_test(test_other_commands_pass_untouched),
        cmocka_unit_test(test_other_replies_pass_untouched),
        cmocka_unit_test(test_a_reply_of_several_lines_is_text),
        cmocka_unit_test(test_nothing_is_held_back_that_concerns_nobody),
        cmocka_unit_test(test_telnet_sequences_in_a_port_command),
        cmocka_unit_test(test_what_grows_most_has_room),
        cmocka_unit_test(test_half_a_line_is_let_go_at_the_end),
        cmocka_unit_test(test_long_lines_pass_untouched),
        cmocka_unit_test(test_after_auth_succeeds_all_bytes_pass),
        cmocka_unit_test(test_cuts_make_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

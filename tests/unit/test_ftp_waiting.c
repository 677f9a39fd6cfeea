/* FTP commands that wait for their turn: for the end of a transfer, or until the client reads. */
#include "tests/unit/ftp_world.h"

static void test_client_that_does_not_read(void **state)
{
    static uint8_t asked[6000];
    log_in();
    for (size_t i = 0; i < sizeof asked; i += 6) {
        memcpy(asked + i, "HELP\r\n", 6);
    }
    size_t taken = 0, more;
    while ((more = ftp_session_input(&session, asked + taken, sizeof asked - taken)) > 0) {
        taken += more;
    }
    assert_true(taken < FTP_AHEAD_SIZE + 200);
    /* Everything that was taken is answered in full. */
    const char *text;
    size_t ends = 0;
    while (*(text = replies())) {
        for (; (text = strstr(text, "214 End\r\n")); text++) {
            ends++;
        }
    }
    assert_int_equal(ends, taken / 6);
}

static void test_commands_wait_for_the_transfer(void **state)
{
    log_in();
    start_store("STOR flash/x");
    say("NOOP");
    expect("");
    static const uint8_t many[2 * FTP_AHEAD_SIZE] = "PWD\r\nSYST\r\n";
    assert_int_equal(ftp_session_input(&session, many, 11), 11);
    assert_int_equal(ftp_session_input(&session, many + 11, sizeof many - 11), FTP_AHEAD_SIZE - 11);
    assert_int_equal(ftp_session_input(&session, many, 1), 0);
    end_upload();
    expect("226 Stored.\r\n200 OK.\r\n257 \"/\" is the current directory.\r\n215 UNIX Type: "
           "L8\r\n");
    say("");
    expect_code("500 ");
    start_store("STOR flash/x");
    ask_code("STAT", "211-");
    end_upload();
    expect_code("226 ");
}

/* What stands behind a command that waits is not seen by it, except an ABOR. */
static void test_abor_overtakes_what_waits(void **state)
{
    log_in();
    start_store("STOR flash/main.py");
    say("NOOP\r\nABOR x\r\nPWD");
    expect("");
    say("\xff\xf4\xff\xf2"
        "abor\r\nABOR\r\nNOOP");
    expect("426 The transfer is given up.\r\n200 OK.\r\n226 Transfer aborted.\r\n257 \"/\" is the "
           "current directory.\r\n226 No transfer to abort.\r\n226 No transfer to abort.\r\n200 "
           "OK.\r\n");
    assert_old_file();

    /* that came before the transfer began, and in pieces */
    passive();
    offer("STOR flash/main.py\r\nNOOP\r\nAB", 28);
    expect("150 Send the data.\r\n");
    offer("OR\r\n", 4);
    expect("426 The transfer is given up.\r\n200 OK.\r\n226 Transfer aborted.\r\n");
    assert_old_file();

    /* of two transfers */
    passive();
    say("STOR flash/main.py\r\nPASV\r\nRETR flash/main.py\r\nNOOP\r\nABOR");
    expect("150 Send the data.\r\n426 The transfer is given up.\r\n227 Entering Passive Mode "
           "(192,168,1,1,7,232)\r\n150 Here is the data.\r\n426 The transfer is given up.\r\n200 "
           "OK.\r\n226 Transfer aborted.\r\n");
    assert_old_file();

    /* too far behind */
    char far[FTP_AHEAD_SIZE - 4];
    memset(far, 'x', sizeof far - 1);
    far[sizeof far - 1] = '\0';
    start_store("STOR flash/x");
    say("NOOP");
    say(far);
    assert_int_equal(ftp_session_input(&session, (const uint8_t *)"ABOR\r\n", 6), 3);
    expect("");
    end_upload();
    expect("226 Stored.\r\n200 OK.\r\n500 This is no FTP command.\r\n");
    ask("R", "226 No transfer to abort.\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(test_client_that_does_not_read),
        FTP_TEST(test_commands_wait_for_the_transfer),
        FTP_TEST(test_abor_overtakes_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

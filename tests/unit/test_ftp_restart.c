/* FTP transfers that begin somewhere else than at the beginning: REST and APPE. */
#include "tests/unit/ftp_world.h"

static void test_rest(void **state)
{
    add_node("/flash/big", false, pattern, 15000);
    log_in();
    ask("REST 5000", "350 Send RETR or STOR to go on from there.\r\n");
    passive(); /* between */
    ask_code("TYPE I", "200 ");
    ask("RETR flash/big", "150 Here is the data.\r\n226 Done.\r\n");
    assert_int_equal(received_size, 10000);
    assert_memory_equal(received, pattern + 5000, 10000);
    /* once */
    passive();
    ask_code("RETR flash/big", "150 ");
    assert_int_equal(received_size, 15000);
    /* the end is a place, too; behind it is none */
    passive();
    ask_code("REST 15000", "350 ");
    ask("RETR flash/big", "150 Here is the data.\r\n226 Done.\r\n");
    assert_int_equal(received_size, 0);
    passive();
    ask_code("REST 15001", "350 ");
    ask("RETR flash/big", "554 Not sent: the file ends before the offset of REST.\r\n");

    passive();
    ask_code("REST 4000", "350 ");
    ask_code("STOR flash/big", "150 ");
    upload_data(pattern, 100);
    end_upload();
    expect("226 Stored.\r\n");
    assert_int_equal(node_of("/flash/big")->stat.size, 4100);
    assert_memory_equal(node_of("/flash/big")->data, pattern, 4000);
    assert_memory_equal(node_of("/flash/big")->data + 4000, pattern, 100);
    passive();
    ask_code("REST 4101", "350 ");
    ask_code("STOR flash/big", "554 ");
    assert_int_equal(node_of("/flash/big")->stat.size, 4100);
    passive();
    ask_code("REST 0", "350 ");
    ask_code("STOR flash/big", "150 ");
    upload_data(pattern, 100);
    end_upload();
    expect_code("226 ");
    assert_int_equal(node_of("/flash/big")->stat.size, 100);

    /* It is for the next transfer, whatever that is. */
    ask_code("REST 50", "350 ");
    passive();
    ask_code("NLST flash", "150 ");
    passive();
    ask_code("RETR flash/big", "150 ");
    assert_int_equal(received_size, 100);
    ask_code("REST", "501 ");
    ask_code("REST x", "501 ");
    ask_code("REST 5 5", "501 ");
    ask_code("REST -1", "501 ");
    ask_code("REST 99999999999999999999", "501 ");
    ask_code("REST 9223372036854775807", "350 ");
    passive();
    ask_code("RETR flash/big", "554 ");
}

static void test_append(void **state)
{
    log_in();
    for (unsigned i = 1; i <= 2; i++) {
        passive();
        ask_code("APPE flash/log", "150 ");
        upload_data(pattern, 5000);
        end_upload();
        expect("226 Stored.\r\n");
        assert_int_equal(node_of("/flash/log")->stat.size, i * 5000);
    }
    assert_memory_equal(node_of("/flash/log")->data + 5000, pattern, 5000);
    passive();
    ask_code("REST 9000", "350 ");
    ask_code("APPE flash/log", "503 ");
    ask_code("REST 10000", "350 ");
    ask_code("APPE flash/log", "150 ");
    upload_data(pattern, 1);
    end_upload();
    expect_code("226 ");
    assert_int_equal(node_of("/flash/log")->stat.size, 10001);
    passive();
    ask_code("APPE flash/lib", "550 ");
}

/* Nobody knows what the line was: neither is left for the next command. */
static void test_a_line_too_long_ends_rest_and_rnfr(void **state)
{
    char line[FTP_COMMAND_MAX + 2];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    add_node("/flash/big", false, pattern, 15000);
    log_in();
    ask_code("REST 5000", "350 ");
    ask_code(line, "500 ");
    passive();
    ask("RETR flash/big", "150 Here is the data.\r\n226 Done.\r\n");
    assert_int_equal(received_size, 15000);
    ask_code("RNFR flash/big", "350 ");
    ask_code(line, "500 ");
    ask_code("RNTO flash/small", "503 ");
    assert_non_null(node_of("/flash/big"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(test_rest),
        FTP_TEST(test_append),
        FTP_TEST(test_a_line_too_long_ends_rest_and_rnfr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

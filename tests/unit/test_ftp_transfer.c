/* FTP transfers that go wrong: the old file stays, nothing is left open, and the client is told
 * why. */
#include "tests/unit/ftp_world.h"

/* ---- transfers that go wrong */

static void test_no_data_connection(void **state)
{
    log_in();
    ask_code("RETR flash/main.py", "425 ");
    ask_code("STOR flash/x", "425 ");
    ask_code("LIST", "425 ");
    listen_result = -1;
    ask_code("PASV", "425 ");
    ask_code("EPSV", "425 ");
    listen_result = 2024;
    ask_code("EPSV 2", "522 ");
    ask_code("EPSV 1", "229 ");
    ask_code("STOR flash/x", "150 ");
    pass_link_us(FTP_DATA_TIMEOUT_US - 1);
    expect("");
    pass_link_us(1);
    expect_code("425 ");
    assert_null(node_of("/flash/x"));
    ask_code("EPSV 1", "229 ");
    ask_code("RETR flash/main.py", "150 ");
    pass_link_us(FTP_DATA_TIMEOUT_US);
    expect("425 No data connection came.\r\n");
    assert_false(data_listens);
    assert_int_equal(handles_in_use(), 0);
    ask_code("EPSV ALL", "200 ");
    ask_code("PASV", "503 ");
}

static void test_uploads_that_break_off(void **state)
{
    log_in();
    start_store("STOR flash/main.py");
    ftp_session_data_lost(&session);
    expect_code("426 ");
    assert_old_file();

    start_store("STOR flash/main.py");
    pass_link_us(FTP_DATA_TIMEOUT_US);
    expect_code("426 ");
    assert_true(data_reset);
    assert_old_file();

    start_store("STOR flash/main.py");
    say("\xff\xf4\xff\xf2"
        "ABOR");
    expect("426 The transfer is given up.\r\n226 Transfer aborted.\r\n");
    assert_old_file();
    ask("ABOR", "226 No transfer to abort.\r\n");

    /* ABOR overtaken by the end of the data */
    start_store("STOR flash/main.py");
    ftp_session_data_in_end(&session);
    settle();
    ask_code("ABOR", "426 ");
    ftp_session_alive(&session);
    expect("");
    assert_old_file();

    /* reset right after the end of the data */
    start_store("STOR flash/main.py");
    ftp_session_data_in_end(&session);
    ftp_session_data_lost(&session);
    expect_code("426 ");
    assert_old_file();

    /* no sign of life from the control connection */
    start_store("STOR flash/main.py");
    probes = 0;
    ftp_session_data_in_end(&session);
    for (unsigned i = 1; i <= 3; i++) {
        expect("");
        assert_int_equal(probes, i);
        pass_link_us(FTP_PROBE_US);
    }
    pass_link_us(FTP_DATA_TIMEOUT_US);
    expect_code("426 ");
    ftp_session_alive(&session);
    assert_old_file();

    /* the client dies: both connections end, data first */
    start_store("STOR flash/new");
    ftp_session_data_in_end(&session);
    settle();
    ftp_session_input_end(&session, true);
    ftp_session_alive(&session);
    expect("");
    assert_true(ftp_session_is_over(&session));
    assert_old_file();
}

/* A client that has said all it has to say gets what it asked for. */
static void test_download_of_a_half_closed_client(void **state)
{
    static const char *const commands[] = {"RETR flash/main.py", "LIST flash", "MLSD flash"};
    for (unsigned when = 0; when < 4; when++) {
        for (unsigned i = 0; i < 3; i++) {
            connect_control(&fake_files);
            log_in();
            ask_code("EPSV", "229 ");
            if (when > 0) {
                connect_data();
                data_room = when == 1 ? 0 : 3;
            }
            if (when == 3) {
                /* it waits in the queue when the end comes */
                offer(commands[i], strlen(commands[i]));
                offer("\r\n", 2);
                ftp_session_input_end(&session, false);
            } else {
                ask_code(commands[i], "150 ");
            }
            ftp_session_input_end(&session, true);
            assert_false(ftp_session_is_over(&session));
            if (when == 0) {
                connect_data();
            }
            data_room = RECEIVED_MAX;
            settle();
            ftp_session_input_end(&session, true);
            expect(when == 3 ? "150 Here is the data.\r\n226 Done.\r\n" : "226 Done.\r\n");
            assert_true(received_size > 0);
            assert_false(data_reset);
            assert_true(ftp_session_is_over(&session));
        }
    }
    /* One that is gone altogether is given up. */
    connect_control(&fake_files);
    log_in();
    ask_code("EPSV", "229 ");
    ask_code("RETR flash/main.py", "150 ");
    ftp_session_input_end(&session, true);
    pass_link_us(FTP_DATA_TIMEOUT_US);
    settle();
    ftp_session_input_end(&session, true);
    expect_code("425 ");
    assert_true(ftp_session_is_over(&session));
}

static void test_control_connection_lost_in_upload(void **state)
{
    log_in();
    start_store("STOR flash/main.py");
    ftp_session_lost(&session);
    assert_true(ftp_session_is_over(&session));
    assert_true(data_reset);
    assert_old_file();
}

static void test_flash_full(void **state)
{
    log_in();
    room = 4096;
    passive();
    ask_code("STOR flash/main.py", "150 ");
    assert_int_equal(upload_data(pattern, sizeof pattern), sizeof pattern); /* drained */
    expect("");
    ftp_session_data_in_end(&session);
    expect("552 Not stored: full.\r\n");
    assert_false(data_reset);
    assert_old_file();

    /* full with the last piece */
    passive();
    ask_code("STOR flash/main.py", "150 ");
    upload_data(pattern, 100);
    room = 99;
    end_upload();
    expect("552 Not stored: full.\r\n");
    assert_old_file();

    /* full at the commit */
    room = 100000;
    commit_error = STORAGE_FULL;
    start_store("STOR flash/main.py");
    end_upload();
    expect("552 Not stored: full.\r\n");
    assert_old_file();
}

/* What was refused is told when the rest of the data has come, in the words of then. */
static void test_files_refuse_in_words(void **state)
{
    log_in();
    write_error = FTP_FILES_REFUSED;
    words = "not to my taste";
    start_store("STOR flash/main.py");
    write_error = FTP_FILES_LATER;
    words = "somebody else's";
    ftp_session_data_in_end(&session);
    expect("553 Not stored: not to my taste.\r\n");
    assert_old_file();

    /* refused with the last piece */
    passive();
    ask_code("STOR flash/main.py", "150 ");
    upload_data(pattern, 100);
    end_upload();
    expect("450 Not stored: somebody else's.\r\n");
    assert_old_file();

    /* at the commit, at the beginning */
    write_error = 0;
    commit_error = FTP_FILES_TOO_LARGE;
    start_store("STOR flash/main.py");
    end_upload();
    expect("552 Not stored: somebody else's.\r\n");
    open_store_error = FTP_FILES_FAILED;
    passive();
    ask("STOR flash/main.py", "451 Not stored: somebody else's.\r\n");
    assert_old_file();

    open_store_error = commit_error = 0;
    words = "something new";
    start_store("STOR flash/new");
    end_upload();
    expect("226 Something new.\r\n");
}

static void test_draining_has_limits(void **state)
{
    log_in();
    room = 0;
    passive();
    ask_code("STOR flash/new", "150 ");
    upload_data(pattern, 5000);
    for (unsigned i = 0; i < 9; i++) {
        pass_link_us(FTP_DRAIN_US / 10);
        upload_data(pattern, 5000);
        expect("");
    }
    pass_link_us(FTP_DRAIN_US / 10);
    expect_code("552 ");
    assert_true(data_reset);
    assert_old_file();

    passive();
    ask_code("STOR flash/new", "150 ");
    uint64_t sent = 0;
    for (size_t part; (part = upload_data(pattern, sizeof pattern)) > 0;) {
        sent += part;
        assert_true(sent < 2u * FTP_DRAIN_BYTES);
    }
    expect_code("552 ");
    assert_old_file();
}

static void test_store_refused(void **state)
{
    static const struct {
        int error;
        const char *reply;
    } cases[] = {
        {STORAGE_BUSY, "450 Not stored: busy.\r\n"},
        {STORAGE_DENIED, "553 Not stored: denied.\r\n"},
        {STORAGE_NAME_TOO_LONG, "553 Not stored: long.\r\n"},
        {STORAGE_INVALID, "553 Not stored: invalid.\r\n"},
        {STORAGE_NO_VOLUME, "550 Not stored: no volume.\r\n"},
        {STORAGE_TOO_MANY, "450 Not stored: too many.\r\n"},
        {STORAGE_FULL, "552 Not stored: full.\r\n"},
        {STORAGE_IO, "451 Not stored: io.\r\n"},
    };
    log_in();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_store_error = cases[i].error;
        passive();
        ask("STOR flash/main.py", cases[i].reply);
        assert_old_file();
    }
    open_store_error = 0;
    passive();
    ask("STOR flash/lib", "550 Not stored: is dir.\r\n");
    passive();
    ask("RETR flash/lib", "550 Not sent: is dir.\r\n");
    passive();
    ask("RETR flash/no", "550 Not sent: not found.\r\n");
}

static void test_empty_files(void **state)
{
    log_in();
    passive();
    ask("RETR flash/boot.py", "150 Here is the data.\r\n226 Done.\r\n");
    assert_int_equal(received_size, 0);
    passive();
    ask_code("STOR flash/main.py", "150 ");
    end_upload();
    expect("226 Stored.\r\n");
    assert_int_equal(node_of("/flash/main.py")->stat.size, 0);
}

static void test_slow_download(void **state)
{
    add_node("/flash/big", false, pattern, 15000);
    log_in();
    passive();
    data_room = 100;
    ask("RETR flash/big", "150 Here is the data.\r\n");
    for (unsigned i = 0; i < 3; i++) { /* slow, but there is progress */
        pass_link_us(FTP_DATA_TIMEOUT_US - 1);
        data_room = 1;
        expect("");
    }
    pass_link_us(FTP_DATA_TIMEOUT_US);
    expect_code("426 ");
    assert_int_equal(received_size, 103);

    passive();
    data_room = 100;
    ask_code("RETR flash/big", "150 ");
    ftp_session_data_lost(&session);
    expect_code("426 ");

    passive();
    data_room = 100;
    ask_code("RETR flash/big", "150 ");
    ask_code("ABOR", "426 ");
    assert_true(data_reset);
}

/* RFC 959 section 4.1.3. */
static void test_abor_closes_a_data_connection_without_transfer(void **state)
{
    log_in();
    passive();
    ask("ABOR", "226 No transfer to abort.\r\n");
    assert_false(data_connected || data_listens);
    ask_code("RETR flash/main.py", "425 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(test_no_data_connection),
        FTP_TEST(test_uploads_that_break_off),
        FTP_TEST(test_download_of_a_half_closed_client),
        FTP_TEST(test_control_connection_lost_in_upload),
        FTP_TEST(test_flash_full),
        FTP_TEST(test_files_refuse_in_words),
        FTP_TEST(test_draining_has_limits),
        FTP_TEST(test_store_refused),
        FTP_TEST(test_empty_files),
        FTP_TEST(test_slow_download),
        FTP_TEST(test_abor_closes_a_data_connection_without_transfer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

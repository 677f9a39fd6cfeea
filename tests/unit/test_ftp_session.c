/* The FTP session as its client sees it: login, commands, the transcripts of real clients, limits.
 */
#include "tests/unit/ftp_world.h"

/* ---- login */

static void test_login(void **state)
{
    ask("USER micro", "331 Password, please.\r\n");
    ask("PASS python", "230 Logged in.\r\n");
    ask("PWD", "257 \"/\" is the current directory.\r\n");
    ask("QUIT", "221 Goodbye.\r\n");
    assert_true(ftp_session_is_over(&session));
}

static void test_nothing_but_login_before_it(void **state)
{
    static const char *const commands[] = {
        "PWD",  "LIST",   "CWD flash", "RETR x", "STOR x", "DELE x", "RNFR x", "RNTO x", "PASV",
        "EPSV", "TYPE I", "SIZE x",    "MKD x",  "RMD x",  "MDTM x", "NLST",   "ABOR",   "STAT"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        ask("USER micro", "331 Password, please.\r\n");
        ask(commands[i], "530 Log in first, with USER and PASS.\r\n");
    }
    assert_false(data_listens);
    ask_code("PASS python", "230 ");
}

static void test_features_before_login(void **state)
{
    ask("FEAT", "211-Features:\r\n CLNT\r\n EPRT\r\n EPSV\r\n LANG EN*\r\n MDTM\r\n MFMT\r\n"
                " MLST type*;size*;modify*;perm*;UNIX.mode*;\r\n PASV\r\n REST STREAM\r\n SIZE\r\n "
                "TVFS\r\n UTF8\r\n"
                "211 End\r\n");
    ask_code("AUTH TLS", "502 ");
    ask_code("AUTH SSL", "502 ");
    ask_code("OPTS UTF8 ON", "200 ");
    ask_code("opts utf8 on", "200 ");
    ask_code("OPTS UTF8 OFF", "504 ");
    ask_code("OPTS", "501 ");
    ask("SYST", "215 UNIX Type: L8\r\n");
    log_in();
}

/* The answer is late, and nothing else is answered until then. */
static void wrong_password(const char *reply)
{
    say("PASS wrong");
    say("NOOP");
    expect("");
    struct loop_deadline deadline = {UINT64_MAX, UINT64_MAX};
    ftp_session_deadline(&session, &deadline);
    assert_int_equal(deadline.link_us, now.link_us + REFUSE_US);
    pass_link_us(REFUSE_US - 1);
    expect("");
    pass_link_us(1);
    if (session.tries == FTP_LOGIN_TRIES - 1) {
        expect(reply);
    } else {
        char both[100];
        strcat(strcpy(both, reply), "200 OK.\r\n");
        expect(both);
    }
}

static void test_three_wrong_passwords(void **state)
{
    ask_code("PASS python", "503 ");
    for (unsigned i = 0; i < FTP_LOGIN_TRIES - 1; i++) {
        ask("USER micro", "331 Password, please.\r\n");
        wrong_password("530 Login incorrect.\r\n");
        ask_code("PWD", "530 ");
        assert_false(ftp_session_is_over(&session));
    }
    ask_code("USER micro", "331 ");
    wrong_password("530 Login incorrect, too often.\r\n");
    assert_true(ftp_session_is_over(&session));
}

static void test_long_names_at_login(void **state)
{
    char line[200] = "USER ";
    memset(line + 5, 'm', LOGIN_TEXT_MAX);
    ask_code(line, "331 ");
    memset(line, 'm', LOGIN_TEXT_MAX + 6);
    memcpy(line, "USER ", 5);
    ask_code(line, "331 "); /* nobody has such a name */
    ask_code("PASS python", "");
    pass_link_us(REFUSE_US);
    expect_code("530 ");
    ask_code("USER micro", "331 ");
    memcpy(line, "PASS ", 5);
    ask_code(line, "");
    pass_link_us(REFUSE_US);
    expect_code("530 ");
    notice = "the factory password is in use";
    ask_code("USER micro", "331 ");
    ask("PASS python", "230-the factory password is in use\r\n230 Logged in.\r\n");
}

static void test_login_again(void **state)
{
    log_in();
    ask_code("CWD flash", "250 ");
    ask_code("USER other", "331 ");
    ask_code("PWD", "530 ");
    ask_code("PASS python", "");
    pass_link_us(REFUSE_US);
    expect_code("530 ");
    log_in();
    ask_code("PWD", "257 \"/\" ");
    ask_code("PASV", "227 ");
    ask_code("REIN", "220 ");
    assert_false(data_listens);
    ask_code("PWD", "530 ");
    log_in();
}

/* ---- the transcripts of real clients */

static void test_curl_uploads(void **state)
{
    log_in();
    ask_code("PWD", "257 \"/\"");
    ask_code("CWD flash", "250 ");
    ask("EPSV", "229 Entering Extended Passive Mode (|||2024|)\r\n");
    connect_data();
    ask_code("TYPE I", "200 ");
    ask_code("STOR a b.py", "150 ");
    assert_int_equal(upload_data(pattern, 10000), 10000);
    end_upload();
    expect("226 Stored.\r\n");
    assert_false(data_reset);
    assert_int_equal(node_of("/flash/a b.py")->stat.size, 10000);
    assert_memory_equal(node_of("/flash/a b.py")->data, pattern, 10000);
    assert_false(unaligned);
    ask_code("QUIT", "221 ");
}

static void test_curl_downloads(void **state)
{
    add_node("/flash/big", false, pattern, 15000);
    log_in();
    ask_code("EPSV", "229 ");
    connect_data();
    ask("SIZE flash/big", "213 15000\r\n");
    say("RETR flash/big");
    expect("150 Here is the data.\r\n226 Done.\r\n");
    assert_int_equal(received_size, 15000);
    assert_memory_equal(received, pattern, 15000);
}

static void test_ftplib_session(void **state)
{
    log_in();
    ask_code("CWD /flash", "250 ");
    ask_code("TYPE A", "200 ");
    passive();
    ask_code("NLST", "150 ");
    assert_string_equal(received, "lib\r\nmain.py\r\nboot.py\r\n");
    passive();
    ask_code("LIST", "150 ");
    assert_string_equal(received, "drwxr-xr-x 2 wipy wipy          0 Aug 19  2015 lib\r\n"
                                  "-rw-r--r-- 1 wipy wipy          9 Aug 19  2015 main.py\r\n"
                                  "-rw-r--r-- 1 wipy wipy          0 Aug 19  2015 boot.py\r\n");
    ask_code("CDUP", "250 ");
    ask_code("PWD", "257 \"/\"");
    ask("MDTM flash/main.py", "213 20150819160000\r\n");
    ask("MKD /flash/x", "257 \"/flash/x\" is there.\r\n");
    ask_code("RMD /flash/x", "250 ");
}

static void test_lftp_mirror(void **state)
{
    ask_code("FEAT", "211-");
    ask_code("USER micro", "331 ");
    ask_code("PASS python", "230 ");
    ask_code("PWD", "257 ");
    /* several commands in one segment */
    say("CWD /flash\r\nTYPE I\r\nPASV");
    expect("250 OK.\r\n200 OK: files are sent as they are.\r\n"
           "227 Entering Passive Mode (192,168,1,1,7,232)\r\n");
    say("LIST -a");
    expect("150 Here is the data.\r\n");
    connect_data(); /* after the command */
    expect("226 Done.\r\n");
    /* one command over several */
    offer("SI", 2);
    offer("ZE ma", 5);
    offer("in.py\r", 6);
    expect("");
    offer("\n", 1);
    expect("213 9\r\n");
}

/* ---- listings */

static void test_listings(void **state)
{
    log_in();
    passive();
    ask_code("LIST", "150 ");
    assert_string_equal(received, "drwxr-xr-x 2 wipy wipy          0 Aug 19  2015 flash\r\n");
    passive();
    ask_code("NLST flash", "150 ");
    assert_string_equal(received, "flash/lib\r\nflash/main.py\r\nflash/boot.py\r\n");
    passive();
    ask_code("NLST -la flash/*.py", "150 ");
    assert_string_equal(received, "flash/main.py\r\nflash/boot.py\r\n");
    passive();
    ask_code("NLST flash/main.py", "150 ");
    assert_string_equal(received, "flash/main.py\r\n");
    passive();
    ask("LIST flash/lib", "150 Here is the data.\r\n226 Done.\r\n");
    assert_string_equal(received, "");
    passive();
    ask("LIST nowhere", "550 Not listed: not found.\r\n");
    assert_false(data_connected);
    add_node("/flash/-x", false, "", 0);
    ask_code("CWD flash", "250 ");
    passive();
    ask_code("NLST ./-x", "150 ");
    assert_string_equal(received, "./-x\r\n");
    passive();
    ask_code("NLST .", "150 ");
    assert_string_equal(received, "lib\r\nmain.py\r\nboot.py\r\n-x\r\n");
}

/* ---- names */

static void test_directories(void **state)
{
    log_in();
    ask("CWD flash/main.py", "550 Not changed: not dir.\r\n");
    ask("CWD nowhere", "550 Not changed: not found.\r\n");
    ask_code("CWD flash/lib/../lib/", "250 ");
    ask_code("PWD", "257 \"/flash/lib\"");
    ask_code("CWD ..", "250 ");
    ask_code("XPWD", "257 \"/flash\"");
    ask("MKD say \"hi\"", "257 \"/flash/say \"\"hi\"\"\" is there.\r\n");
    ask("MKD lib", "550 Not created: exists.\r\n");
    ask("RMD main.py", "550 Not removed: not dir.\r\n");
    ask("RMD /flash", "550 Not removed: denied.\r\n");
    ask("DELE lib", "550 Not removed: is dir.\r\n");
    ask("DELE nothing", "550 Not removed: not found.\r\n");
    ask("DELE main.py", "250 Removed.\r\n");
    ask("SIZE main.py", "550 Not known: not found.\r\n");
    ask("SIZE lib", "550 Not known: is dir.\r\n");
    ask("MDTM lib", "550 Not known: is dir.\r\n");
    ask_code("CWD", "501 ");
    ask_code("DELE", "501 ");
}

static void test_rename(void **state)
{
    log_in();
    ask_code("CWD flash", "250 ");
    ask_code("RNTO x", "503 ");
    ask("RNFR nothing", "550 Not renamed: not found.\r\n");
    ask_code("RNFR main.py", "350 ");
    ask_code("NOOP", "200 ");
    ask_code("RNTO x", "503 ");
    ask_code("RNFR main.py", "350 ");
    ask_code("RNTO boot.py", "250 "); /* replaces */
    assert_int_equal(node_of("/flash/boot.py")->stat.size, 9);
    ask_code("RNFR boot.py", "350 ");
    ask("RNTO /sd/x", "553 Not renamed: cross.\r\n");
}

static void test_longest_reply_fits(void **state)
{
    char line[STORAGE_PATH_MAX + 8] = "MKD ";
    memset(line + 4, '"', STORAGE_PATH_MAX - 1);
    line[4] = line[4 + 200] = line[4 + 400] = '/';
    line[4 + STORAGE_PATH_MAX - 1] = '\0';
    log_in();
    say(line);
    const char *reply = replies();
    assert_string_equal(reply + strlen(reply) - 14, "\"\" is there.\r\n" + 0);
    ask_code("NOOP", "200 ");
}

/* ---- limits */

static void test_long_and_unknown_commands(void **state)
{
    static char big[100000];
    memset(big, 'x', sizeof big);
    log_in();
    offer(big, sizeof big);
    expect("");
    ask("", "500 The command line is too long.\r\n");
    ask_code("NOOP", "200 ");
    ask_code("", "500 ");
    ask_code("\x01\x02", "500 ");
    ask_code("XYZZY", "502 ");
    ask_code("TYPE E", "504 ");
    ask_code("TYPE L 8", "200 ");
    ask_code("MODE B", "504 ");
    ask_code("STRU F", "200 ");
    ask_code("CWD a\tb", "550 ");
}

static void test_time_outs(void **state)
{
    pass_link_us(FTP_LOGIN_US - 1);
    ask_code("USER micro", "331 ");
    ask_code("NOOP", "200 "); /* does not help */
    pass_link_us(1);
    expect("421 No login in time.\r\n");
    assert_true(ftp_session_is_over(&session));

    connect_control(&fake_files);
    log_in();
    now.board_us += 299999999;
    ask_code("NOOP", "200 ");
    now.board_us += 299999999;
    pass_link_us(FTP_LOGIN_US * 10);
    expect("");
    struct loop_deadline deadline = {UINT64_MAX, UINT64_MAX};
    ftp_session_deadline(&session, &deadline);
    assert_int_equal(deadline.board_us, now.board_us + 1);
    now.board_us += 1;
    expect_code("421 ");
    assert_true(ftp_session_is_over(&session));

    /* A client that never reads the last reply does not keep the session. */
    connect_control(&fake_files);
    say("QUIT");
    ftp_session_poll(&session, &now);
    assert_false(ftp_session_is_over(&session));
    pass_link_us(FTP_CLOSING_US);
    ftp_session_poll(&session, &now);
    assert_true(ftp_session_is_over(&session));
}

static void test_half_closed_client_gets_its_answers(void **state)
{
    static const char script[] = "USER micro\r\nPASS python\r\nPWD\r\nNOOP\r\n";
    offer(script, sizeof script - 1);
    ftp_session_input_end(&session, true);
    expect("331 Password, please.\r\n230 Logged in.\r\n257 \"/\" is the current directory.\r\n200 "
           "OK.\r\n");
    assert_true(ftp_session_is_over(&session));
}

/* From the wrong password on, answered or not yet, until a right one. */
static void test_who_has_failed_is_known(void **state)
{
    ask_code("USER micro", "331 ");
    assert_false(ftp_session_has_failed(&session));
    say("PASS wrong");
    assert_true(ftp_session_has_failed(&session));
    pass_link_us(REFUSE_US);
    expect_code("530 ");
    assert_true(ftp_session_has_failed(&session));
    ask_code("USER micro", "331 ");
    assert_true(ftp_session_has_failed(&session));
    ask_code("PASS python", "230 ");
    assert_false(ftp_session_has_failed(&session));
}

static void test_eviction(void **state)
{
    ask_code("USER micro", "331 ");
    assert_false(ftp_session_is_logged_in(&session));
    ftp_session_evict(&session);
    expect("421 Too many connections, and this one has not logged in: connect again.\r\n");
    assert_true(ftp_session_is_over(&session));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(test_login),
        FTP_TEST(test_nothing_but_login_before_it),
        FTP_TEST(test_features_before_login),
        FTP_TEST(test_three_wrong_passwords),
        FTP_TEST(test_long_names_at_login),
        FTP_TEST(test_login_again),
        FTP_TEST(test_curl_uploads),
        FTP_TEST(test_curl_downloads),
        FTP_TEST(test_ftplib_session),
        FTP_TEST(test_lftp_mirror),
        FTP_TEST(test_listings),
        FTP_TEST(test_directories),
        FTP_TEST(test_rename),
        FTP_TEST(test_longest_reply_fits),
        FTP_TEST(test_long_and_unknown_commands),
        FTP_TEST(test_time_outs),
        FTP_TEST(test_half_closed_client_gets_its_answers),
        FTP_TEST(test_who_has_failed_is_known),
        FTP_TEST(test_eviction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

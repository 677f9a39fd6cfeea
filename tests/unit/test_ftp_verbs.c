/* What FTP clients ask for beyond the transfers themselves: facts, times, help, listings on the
 * control connection, active mode, and the refusals that let them go on.
 */
#include "tests/unit/ftp_world.h"

/* ---- facts */

static void test_mlst(void **state)
{
    log_in();
    ask("MLST flash/main.py",
        "250-Facts:\r\n type=file;size=9;modify=20150819160000;perm=adfrw;UNIX.mode=0644; "
        "/flash/main.py\r\n"
        "250 End\r\n");
    ask_code("CWD flash", "250 ");
    ask("MLST", "250-Facts:\r\n type=dir;modify=20150819160000;perm=celmp;UNIX.mode=0755; "
                "/flash\r\n250 End\r\n");
    ask("MLST nothing", "550 Not known: not found.\r\n");
    ask("OPTS MLST size;Type;unique;", "200 MLST OPTS type;size;\r\n");
    ask("MLST main.py", "250-Facts:\r\n type=file;size=9; /flash/main.py\r\n250 End\r\n");
    say("FEAT");
    assert_non_null(strstr(replies(), "\r\n MLST type*;size*;modify;perm;UNIX.mode;\r\n"));
    ask("OPTS MLST unix.MODE;modify;", "200 MLST OPTS modify;UNIX.mode;\r\n");
    node_of("/flash/main.py")->stat.read_only = true;
    ask("MLST main.py", "250-Facts:\r\n modify=20150819160000;UNIX.mode=0444; /flash/main.py\r\n"
                        "250 End\r\n");
    ask("OPTS MLST", "200 MLST OPTS\r\n");
    ask("MLST main.py", "250-Facts:\r\n  /flash/main.py\r\n250 End\r\n");
}

static void test_mlsd(void **state)
{
    log_in();
    passive();
    ask("MLSD flash", "150 Here is the data.\r\n226 Done.\r\n");
    assert_string_equal(
        received, "type=cdir;modify=20150819160000;perm=celmp;UNIX.mode=0755; .\r\n"
                  "type=pdir;modify=20150819160000;perm=el;UNIX.mode=0755; ..\r\n"
                  "type=dir;modify=20150819160000;perm=cdeflmp;UNIX.mode=0755; lib\r\n"
                  "type=file;size=9;modify=20150819160000;perm=adfrw;UNIX.mode=0644; main.py\r\n"
                  "type=file;size=0;modify=20150819160000;perm=adfrw;UNIX.mode=0644; boot.py\r\n");
    passive();
    ask_code("MLSD", "150 ");
    assert_string_equal(received,
                        "type=cdir;modify=20150819160000;perm=el;UNIX.mode=0755; .\r\n"
                        "type=dir;modify=20150819160000;perm=celmp;UNIX.mode=0755; flash\r\n");
    ask_code("OPTS MLST size;", "200 ");
    passive();
    ask_code("MLSD flash", "150 ");
    assert_string_equal(received, " .\r\n ..\r\n lib\r\nsize=9; main.py\r\nsize=0; boot.py\r\n");
    passive();
    ask("MLSD flash/main.py", "501 Not listed: not dir.\r\n");
    passive();
    ask("MLSD flash/*.py", "550 Not listed: not found.\r\n");
    assert_int_equal(handles_in_use(), 0);
}

/* ---- times */

static void assert_mtime(const char *path, uint32_t mtime)
{
    assert_int_equal(node_of(path)->stat.mtime, mtime);
}

static void test_times_are_set(void **state)
{
    add_node("/flash/a b", false, "", 0);
    log_in();
    ask_code("CWD flash", "250 ");
    ask("MFMT 20020717210715 main.py", "213 Modify=20020717210715; /flash/main.py\r\n");
    ask("MDTM main.py", "213 20020717210715\r\n");
    ask_code("MFMT 20020717210715.999 a b", "213 ");
    assert_mtime("/flash/a b", 1026940035);
    ask_code("MFMT 20030717210715 lib", "213 ");
    assert_mtime("/flash/lib", 1058476035);
    ask("MFMT 20020717210715 nothing", "550 The time is not set: not found.\r\n");
    ask_code("MFMT 20021317210715 main.py", "501 ");
    ask_code("MFMT 20020717210715", "501 ");
    ask_code("MFMT main.py", "501 ");
    ask_code("MFMT", "501 ");

    ask("MDTM 20040101000000 main.py", "213 ModifyTime=20040101000000; /flash/main.py\r\n");
    assert_mtime("/flash/main.py", 1072915200);
    ask("MDTM 20040101000000 nothing", "550 The time is not set: not found.\r\n");
    /* A file of such a name is meant by its name. */
    add_node("/flash/20040101000001 main.py", false, "", 0);
    ask("MDTM 20040101000001 main.py", "213 20150819160000\r\n");
    assert_mtime("/flash/main.py", 1072915200);
}

static void test_site(void **state)
{
    add_node("/flash/a b", false, "", 0);
    log_in();
    ask_code("CWD flash", "250 ");
    ask_code("SITE UTIME 20050101000000 a b", "200 ");
    assert_mtime("/flash/a b", 1104537600);
    ask_code("SITE UTIME 200601010000 a b", "200 ");
    assert_mtime("/flash/a b", 1136073600);
    ask_code("site utime a b 20010101000000 20070101000000 20020101000000 UTC", "200 ");
    assert_mtime("/flash/a b", 1167609600);
    ask_code("SITE UTIME a b 20070101000000 UTC", "501 ");
    ask_code("SITE UTIME a b", "501 ");
    ask_code("SITE UTIME  20010101000000 20070101000000 20020101000000 UTC", "501 ");
    ask_code("SITE UTIME 20070101000000 nothing", "550 ");
    ask_code("SITE CHMOD 644 a b", "200 ");
    ask_code("SITE CHMOD 644 nothing", "550 ");
    ask_code("SITE CHMOD 644", "501 ");
    ask_code("SITE EXEC x", "504 ");
    ask_code("SITE", "501 ");
    for (const char *bad = "999\0"
                           "8\0"
                           "00644\0"
                           "u+x\0"
                           "-644\0";
         *bad; bad += strlen(bad) + 1) {
        char line[40] = "SITE CHMOD ";
        ask_code(strcat(strcat(line, bad), " a b"), "501 ");
    }
    ask_code("SITE CHMOD 0 a b", "200 ");
    ask_code("SITE CHMOD 0777 a b", "200 ");
    ask("SITE HELP", "214-These SITE commands work:\r\n CHMOD <mode> <name>\r\n HELP\r\n"
                     " UTIME <YYYYMMDDhhmm[ss]> <name>\r\n"
                     " UTIME <name> <accessed> <modified> <created> UTC\r\n214 End\r\n");
}

/* ---- what there is */

static void test_help(void **state)
{
    say("HELP");
    const char *help = replies();
    assert_non_null(strstr(help, "214-"));
    assert_non_null(strstr(help, " MLSD"));
    assert_non_null(strstr(help, "\r\n214 End\r\n"));
    ask("HELP stor", "214 Syntax: STOR <file>\r\n");
    ask("HELP pasv", "214 Syntax: PASV\r\n");
    ask_code("HELP XYZZY", "502 ");
    ask_code("HELP SITE", "214-");
    ask_code("HELP site chmod", "214-");
}

static void test_polite_answers(void **state)
{
    static const struct {
        const char *command;
        const char *code;
    } cases[] = {
        {"HOST wipy.local", "220 "},
        {"AUTH TLS", "502 "},
        {"AUTH SSL", "502 "},
        {"PBSZ 0", "503 "},
        {"PROT P", "503 "},
        {"CCC", "503 "},
        {"ADAT abc", "503 "},
        {"MIC abc", "503 "},
        {"CONF abc", "503 "},
        {"ENC abc", "503 "},
        {"CLNT lftp", "200 "},
        {"LANG", "200 "},
        {"LANG en", "200 "},
        {"LANG EN-us", "200 "},
        {"LANG de", "504 "},
        {"ACCT x", "202 "},
        {"ACCT", "202 "},
        {"OPTS UTF8 ON", "200 "},
        {"opts utf8", "200 "},
        {"OPTS UTF8 OFF", "504 "},
        {"OPTS UTF8 x", "501 "},
        {"OPTS", "501 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ask_code(cases[i].command, cases[i].code);
    }
    log_in();
    for (size_t i = 1; i < sizeof cases / sizeof cases[0]; i++) {
        ask_code(cases[i].command, cases[i].code);
    }
    ask_code("HOST wipy.local", "503 ");
    ask_code("ALLO 1000000", "202 ");
    ask_code("ALLO 100 R 10", "202 ");
    ask("ALLO 1000001", "552 Only 1000000 bytes are free here: delete something first.\r\n");
    ask_code("ALLO 18446744073709551615", "552 ");
    static const char *const nonsense[] = {
        "ALLO",     "ALLO x",     "ALLO -1",    "ALLO 5x",     "ALLO 5 ",
        "ALLO 5 R", "ALLO 5 X 1", "ALLO 5 R x", "ALLO 5 R 1 ", "ALLO 18446744073709551616"};
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        ask_code(nonsense[i], "501 ");
    }
    ask_code("STRU R", "504 ");
    ask_code("MODE S", "200 ");
    ask_code("MODE C", "504 ");
    ask_code("TYPE a n", "200 ");
    ask_code("TYPE A T", "504 ");
    ask_code("SMNT x", "502 ");
    ask_code("XMKD x", "257 ");
    ask_code("XCWD x", "250 ");
    ask_code("XCUP", "250 ");
    ask_code("XRMD x", "250 ");
    ask_code("XPWD", "257 ");
    /* In TYPE A, too: what is sent is what SIZE says. */
    ask_code("TYPE A", "200 ");
    ask("SIZE flash/main.py", "213 9\r\n");
}

static void test_stat(void **state)
{
    log_in();
    ask("STAT", "211-WiPy FTP server\r\n Connected from 192.168.1.2\r\n Logged in as micro\r\n"
                " TYPE: A and I are the same; STRU: F; MODE: S\r\n No transfer\r\n211 End\r\n");
    ask("STAT flash", "212-Status:\r\n"
                      "drwxr-xr-x 2 wipy wipy          0 Aug 19  2015 lib\r\n"
                      "-rw-r--r-- 1 wipy wipy          9 Aug 19  2015 main.py\r\n"
                      "-rw-r--r-- 1 wipy wipy          0 Aug 19  2015 boot.py\r\n"
                      "212 End\r\n");
    ask("STAT -la flash/main.py", "213-Status:\r\n"
                                  "-rw-r--r-- 1 wipy wipy          9 Aug 19  2015 flash/main.py\r\n"
                                  "213 End\r\n");
    ask("STAT flash/m*", "212-Status:\r\n"
                         "-rw-r--r-- 1 wipy wipy          9 Aug 19  2015 main.py\r\n212 End\r\n");
    ask("STAT nothing", "550 Not listed: not found.\r\n");
    ask_code("STAT -a", "212-");

    /* It does not disturb the data connection, and while one is in use it waits. */
    passive();
    ask_code("STAT /", "212-");
    data_room = 3;
    ask_code("RETR flash/main.py", "150 ");
    say("STAT /");
    expect("");
    data_room = 100;
    expect("226 Done.\r\n212-Status:\r\ndrwxr-xr-x 2 wipy wipy          0 Aug 19  2015 flash\r\n"
           "212 End\r\n");
    assert_int_equal(handles_in_use(), 0);
}

/* Longer than what the session holds: it goes on as the client reads. */
static void test_long_listing_on_the_control_connection(void **state)
{
    char path[STORAGE_PATH_MAX] = "/flash/";
    for (int i = 0; i < 50; i++) {
        memset(path + 7, 'a', 200);
        path[207] = (char)('0' + i);
        path[208] = '\0';
        add_node(path, false, "", 0);
    }
    log_in();
    say("STAT flash\r\nABOR"); /* nothing comes between its lines */
    const uint8_t *data;
    assert_true(ftp_session_output(&session, &data) > 0);
    assert_int_equal(session.state, FTP_TELLING);
    pass_link_us(FTP_DATA_TIMEOUT_US - 1);
    const char *text = replies();
    size_t lines = 0;
    for (const char *at = text; (at = strstr(at, "-rw-r--r--")); at++) {
        lines++;
    }
    assert_int_equal(lines, 52);
    assert_string_equal(text + strlen(text) - 9, "212 End\r\n");
    expect("226 No transfer to abort.\r\n");

    /* The client that does not read is given up. */
    say("STAT flash");
    ftp_session_output(&session, &data);
    pass_link_us(FTP_DATA_TIMEOUT_US);
    settle();
    assert_true(ftp_session_is_over(&session));
    assert_int_equal(handles_in_use(), 0);
}

/* ---- active mode */

static void accept_active(uint16_t port)
{
    assert_int_equal(connected_port, port);
    connect_data();
    connected_port = 0;
}

static void test_active_mode(void **state)
{
    log_in();
    ask("PORT 192,168,1,2,195,80", "200 OK.\r\n");
    assert_int_equal(connected_port, 0); /* not before there is something to send */
    ask("NLST flash", "150 Here is the data.\r\n");
    accept_active(50000);
    expect("226 Done.\r\n");
    assert_string_equal(received, "flash/lib\r\nflash/main.py\r\nflash/boot.py\r\n");
    /* once */
    ask_code("NLST flash", "425 ");

    ask("EPRT |1|192.168.1.2|1024|", "200 OK.\r\n");
    ask_code("STOR flash/x", "150 ");
    accept_active(1024);
    upload_data(pattern, 5000);
    end_upload();
    expect("226 Stored.\r\n");
    assert_int_equal(node_of("/flash/x")->stat.size, 5000);

    /* the last of PORT and PASV holds */
    ask_code("PORT 192,168,1,2,195,80", "200 ");
    passive();
    ask_code("NLST /", "150 ");
    assert_int_equal(connected_port, 0);
    ask_code("PASV", "227 ");
    ask_code("PORT 192,168,1,2,195,80", "200 ");
    assert_false(data_listens);
}

static void test_active_mode_that_fails(void **state)
{
    log_in();
    ask_code("PORT 192,168,1,2,195,80", "200 ");
    connect_fails = true;
    ask_code("RETR flash/main.py", "425 ");
    connect_fails = false;
    ask_code("PORT 192,168,1,2,195,80", "200 ");
    ask_code("STOR flash/new", "150 ");
    ftp_session_data_lost(&session);
    expect_code("425 ");
    ask_code("PORT 192,168,1,2,195,80", "200 ");
    ask_code("STOR flash/new", "150 ");
    pass_link_us(FTP_DATA_TIMEOUT_US);
    expect_code("425 ");
    assert_null(node_of("/flash/new"));
    assert_int_equal(handles_in_use(), 0);
    ask_code("PORT 192,168,1,2,195,80", "200 ");
    ask_code("RETR flash/nothing", "550 ");
    ask_code("RETR flash/main.py", "425 "); /* its address went with the one refused */
}

static void test_active_mode_goes_nowhere_else(void **state)
{
    static const struct {
        const char *command;
        const char *code;
    } cases[] = {
        {"PORT 192,168,1,3,195,80", "504 "},
        {"PORT 0,0,0,0,195,80", "504 "},
        {"PORT 192,168,1,2,3,255", "504 "},
        {"PORT 192,168,1,2,0,22", "504 Data goes to no port below 1024"},
        {"PORT 192,168,1,2,0,0", "501 0 is no port"},
        {"PORT 192,168,1,2,195", "501 "},
        {"PORT 192,168,1,2,195,80,1", "501 "},
        {"PORT 192,168,1,256,195,80", "501 "},
        {"PORT 192,168,1,,195,80", "501 "},
        {"PORT", "501 "},
        {"EPRT |1|192.168.1.3|50000|", "504 "},
        {"EPRT |1|192.168.1.2|80|", "504 Data goes to no port below 1024"},
        {"EPRT |1|192.168.1.2|0|", "501 0 is no port"},
        {"EPRT |2|fe80::1|50000|", "522 "},
        {"EPRT |3|x|50000|", "522 "},
        {"EPRT |1|192.168.1.2|65536|", "501 "},
        {"EPRT |1|192.168.1.2|50000", "501 "},
        {"EPRT |1|192.168.1|50000|", "501 "},
        {"EPRT |1|192.168.1.2|50000|x", "501 "},
        {"EPRT ||", "501 "},
        {"EPRT |", "501 "},
        {"EPRT 1", "501 "},
        {"EPRT", "501 "},
    };
    log_in();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ask_code(cases[i].command, cases[i].code);
        ask_code("NLST /", "425 ");
    }
    assert_int_equal(connected_port, 0);
    ask_code("EPRT !1!192.168.1.2!50000!", "200 ");
    ask_code("EPSV ALL", "200 ");
    ask_code("PORT 192,168,1,2,195,80", "503 ");
    ask_code("EPRT |1|192.168.1.2|50000|", "503 ");
    ask_code("PASV", "503 ");
    ask_code("EPSV", "229 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(test_mlst),
        FTP_TEST(test_mlsd),
        FTP_TEST(test_times_are_set),
        FTP_TEST(test_site),
        FTP_TEST(test_help),
        FTP_TEST(test_polite_answers),
        FTP_TEST(test_stat),
        FTP_TEST(test_long_listing_on_the_control_connection),
        FTP_TEST(test_active_mode),
        FTP_TEST(test_active_mode_that_fails),
        FTP_TEST(test_active_mode_goes_nowhere_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

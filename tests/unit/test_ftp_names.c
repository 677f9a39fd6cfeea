/* Which names FTP takes, and which it gives (STOU). */
#include "tests/unit/ftp_world.h"

/* Nothing that could end a line of a listing, or that clients take for other letters. */
static void test_names_are_text(void **state)
{
    static const char *const bad[] = {"a\xfe",
                                      "\xc3(",
                                      "\xed\xa0\x80",
                                      "a\rb",
                                      "a\x01"
                                      "b",
                                      "\x7f",
                                      "\xc2\x85",
                                      "\x1b[2J"};
    log_in();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        static const char *const creating[] = {"STOR ", "APPE ", "STOU ", "MKD "};
        static const char *const asking[] = {"RETR ", "SIZE ", "MDTM ", "DELE ", "RMD ",
                                             "RNFR ", "MLST ", "CWD ",  "LIST "};
        char line[100];
        for (size_t k = 0; k < sizeof creating / sizeof creating[0]; k++) {
            passive();
            ask_code(strcat(strcpy(line, creating[k]), bad[i]), "553 ");
        }
        for (size_t k = 0; k < sizeof asking / sizeof asking[0]; k++) {
            passive();
            ask_code(strcat(strcpy(line, asking[k]), bad[i]), "550 ");
        }
        ask_code("RNFR flash/main.py", "350 ");
        ask_code(strcat(strcpy(line, "RNTO "), bad[i]), "553 ");
    }
    ask_code("MKD flash/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "257 ");
}

/* "x/" is a folder's name: no file gets it, in silence, without its slash. */
static void test_names_of_folders(void **state)
{
    static const char *const lines[] = {"STOR flash/new/", "APPE flash/new/", "STOU flash/new/",
                                        "STOR flash/new/.", "STOR ."};
    log_in();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        passive();
        ask(lines[i], "553 Not stored: a name with '/' at its end is a folder's.\r\n");
    }
    ask_code("RNFR flash/main.py", "350 ");
    ask("RNTO flash/new/", "553 Not renamed: a name with '/' at its end is a folder's.\r\n");
    assert_null(node_of("/flash/new"));
    ask_code("MKD flash/new/", "257 ");
    ask_code("CWD flash/new/", "250 ");
    ask_code("CWD /", "250 ");
    ask_code("RNFR flash/new/", "350 ");
    ask_code("RNTO flash/newer/", "250 ");
    ask_code("RMD flash/newer/", "250 ");
}

static void test_unique_names(void **state)
{
    log_in();
    ask_code("CWD flash", "250 ");
    ask_code("STOU", "425 ");
    passive();
    ask("STOU", "150 FILE: /flash/upload\r\n");
    upload_data("1", 1);
    end_upload();
    expect("226 FILE: /flash/upload\r\n");
    passive();
    ask("STOU", "150 FILE: /flash/upload.20261122144000\r\n");
    upload_data("22", 2);
    end_upload();
    expect("226 FILE: /flash/upload.20261122144000\r\n");
    passive();
    ask_code("STOU", "150 FILE: /flash/upload.20261122144001\r\n");
    upload_data("333", 3);
    end_upload();
    expect_code("226 ");
    passive();
    ask_code("STOU main.py", "150 FILE: /flash/main.py.20261122144000\r\n");
    end_upload();
    expect_code("226 ");
    ask("SIZE upload", "213 1\r\n");
    ask("SIZE upload.20261122144001", "213 3\r\n");
    ask("SIZE main.py", "213 9\r\n");
    passive();
    ask_code("STOR upload", "150 Send the data.");
    end_upload();
    expect("226 Stored.\r\n");
}

/* The longest path has room in every command. */
static void test_long_names(void **state)
{
    char path[STORAGE_PATH_MAX], line[FTP_COMMAND_MAX + 1];
    memset(path, 'n', sizeof path);
    path[0] = path[200] = path[400] = '/';
    path[sizeof path - 1] = '\0';
    add_node(path, false, "", 0);
    log_in();
    static const char *const forms[] = {
        "MFMT 20200101000000 %",
        "MDTM 20200101000000 %",
        "SITE UTIME 20200101000000 %",
        "SITE UTIME % 20010101000000 20200101000000 20020101000000 UTC",
        "SITE CHMOD 644 %",
        "MLST %",
        "SIZE %"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t place = strcspn(forms[i], "%");
        memcpy(line, forms[i], place);
        strcat(strcpy(line + place, path), forms[i] + place + 1);
        ask_code(line, "2");
    }
    assert_int_equal(node_of(path)->stat.mtime, 1577836800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(test_names_are_text),
        FTP_TEST(test_names_of_folders),
        FTP_TEST(test_unique_names),
        FTP_TEST(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

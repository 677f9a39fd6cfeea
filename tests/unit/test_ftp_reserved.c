/* What an FTP client is told of the reserved names (net/ftp/ftp_reserved.h), with updates, hidden
 * store and storage behind the session as on the board. */
#include "net/ftp/ftp_reserved.h"

#include <stdio.h>

#include "tests/unit/ftp_client.h"
#include "tests/unit/update_world.h"
#include "update/hidden.h"

static int set_up(void **state)
{
    new_board(state);
    connect_control(&ftp_reserved);
    log_in();
    return 0;
}

static int tear_down(void **state)
{
    ftp_session_lost(&session);
    return 0;
}

static void send_file(const char *command, const void *data, uint32_t size, const char *reply)
{
    passive();
    ask_code(command, "150 ");
    assert_int_equal(upload_data(data, size), size);
    if (session.state == FTP_DRAINING) {
        ftp_session_data_in_end(&session);
    } else {
        end_upload();
    }
    expect(reply);
}

static void refuse(const char *command, const char *reply)
{
    bool transfers = strncmp(command, "STOR", 4) == 0 || strncmp(command, "RETR", 4) == 0 ||
                     strncmp(command, "APPE", 4) == 0 || strncmp(command, "LIST", 4) == 0 ||
                     strncmp(command, "NLST", 4) == 0;
    if (transfers) {
        passive();
    }
    ask(command, reply);
    assert_false(data_connected);
}

static void a_firmware_is_accepted_in_words(void **state)
{
    make_image("1.2.0");
    send_file("STOR /flash/sys/mcuimg.bin", image, length,
              "226 Firmware 1.2.0 for the virtual target accepted: reset to run it.\r\n");
    ask_code("CWD /flash/sys", "250 ");
    send_file("STOR mcuimg.bin", image, length,
              "226 Firmware 1.2.0 for the virtual target accepted: reset to run it.\r\n");
    send_file("STOR ..//sys/./mcuimg.bin", image, length,
              "226 Firmware 1.2.0 for the virtual target accepted: reset to run it.\r\n");
    boot();
    assert_runs("1.2.0");
}

static void a_wrong_one_is_refused_in_words(void **state)
{
    make_image("1.2.0");
    image[9000] ^= 1;
    send_file("STOR /flash/sys/mcuimg.bin", image, length, "553 Not stored: MD5 mismatch.\r\n");
    send_file("STOR /flash/sys/mcuimg.bin", image, 5000,
              "553 Not stored: image truncated: 5000 of 10288 bytes came.\r\n");
    send_file("STOR /flash/sys/mcuimg.bin", image, length + 10000,
              "553 Not stored: something follows the image: it has 10288 bytes.\r\n");
    ((struct image_header *)image)->payload_size = FLASH_SLOT_SIZE;
    send_file("STOR /flash/sys/mcuimg.bin", image, length,
              "552 Not stored: image empty or too large.\r\n");
    ((struct image_header *)image)->target = IMAGE_TARGET_MPS2;
    send_file("STOR /flash/sys/mcuimg.bin", image, length,
              "553 Not stored: image for another target: it is for mps2, this is virtual.\r\n");
    send_file("STOR /flash/sys/mcuimg.bin", "print(1)\n", 9,
              "553 Not stored: not a firmware image.\r\n");
    make_image("1.2.0");
    ram_chip.fails = true;
    send_file("STOR /flash/sys/mcuimg.bin", image, length,
              "451 Not stored: the flash chip fails.\r\n");
    ram_chip.fails = false;
    boot();
    assert_runs("1.0.0");
}

static void it_cannot_be_listed_or_read_back(void **state)
{
#define ON_ITS_WAY "mcuimg.bin is firmware on its way, not a file: it can only be stored.\r\n"
#define AS_A_WHOLE "it is taken as a whole only: send it with STOR, from its beginning.\r\n"
    upload_good("1.2.0");
    refuse("SIZE /flash/sys/mcuimg.bin", "550 Not known: " ON_ITS_WAY);
    refuse("MDTM /flash/sys/mcuimg.bin", "550 Not known: " ON_ITS_WAY);
    refuse("RETR /flash/sys/mcuimg.bin", "550 Not sent: " ON_ITS_WAY);
    refuse("DELE /flash/sys/mcuimg.bin", "550 Not removed: " ON_ITS_WAY);
    refuse("RMD /flash/sys/mcuimg.bin", "550 Not removed: " ON_ITS_WAY);
    refuse("CWD /flash/sys/mcuimg.bin", "550 Not changed: " ON_ITS_WAY);
    refuse("MKD /flash/sys/mcuimg.bin", "553 Not created: " ON_ITS_WAY);
    refuse("LIST /flash/sys/mcuimg.bin", "550 Not listed: " ON_ITS_WAY);
    refuse("NLST /flash/sys/mcuimg.bin", "550 Not listed: " ON_ITS_WAY);
    refuse("RNFR /flash/sys/mcuimg.bin", "550 Not renamed: " ON_ITS_WAY);
    refuse("RNTO /flash/x", "503 Send RNFR right before RNTO.\r\n");
    refuse("APPE /flash/sys/mcuimg.bin", "553 Not stored: " AS_A_WHOLE);
    ask_code("REST 100", "350 ");
    refuse("STOR /flash/sys/mcuimg.bin", "553 Not stored: " AS_A_WHOLE);
    refuse("MLST /flash/sys/mcuimg.bin", "550 Not known: " ON_ITS_WAY);
    refuse("MFMT 20200101000000 /flash/sys/mcuimg.bin", "550 The time is not set: " ON_ITS_WAY);
    refuse("STAT /flash/sys/mcuimg.bin", "550 Not listed: " ON_ITS_WAY);
    passive();
    ask("NLST /flash/sys", "150 Here is the data.\r\n226 Done.\r\n");
    assert_int_equal(received_size, 0);
    boot();
    assert_runs("1.2.0");
}

/* Clients ask for the size of what they have just stored, and set its time. */
static void what_was_just_stored_is_known(void **state)
{
    make_image("1.2.0");
    char size[40];
    snprintf(size, sizeof size, "213 %u\r\n", (unsigned)length);
    send_file("STOR /flash/sys/mcuimg.bin", image, length,
              "226 Firmware 1.2.0 for the virtual target accepted: reset to run it.\r\n");
    ask("SIZE /flash/sys/mcuimg.bin", size);
    ask_code("MDTM /flash/sys/mcuimg.bin", "213 20261122");
    ask("MFMT 20200101000000 /flash/sys/mcuimg.bin",
        "213 Modify=20200101000000; /flash/sys/mcuimg.bin\r\n");
    ask("MDTM /flash/sys/mcuimg.bin", "213 20200101000000\r\n");
    ask_code("MLST /flash/sys/mcuimg.bin", "250-");
    ask_code("SITE CHMOD 644 /flash/sys/mcuimg.bin", "200 ");
    passive();
    ask("NLST /flash/sys", "150 Here is the data.\r\n226 Done.\r\n");
    assert_int_equal(received_size, 0);
    refuse("LIST /flash/sys/mcuimg.bin", "550 Not listed: " ON_ITS_WAY);
    refuse("RETR /flash/sys/mcuimg.bin", "550 Not sent: " ON_ITS_WAY);
    refuse("RNFR /flash/sys/mcuimg.bin", "550 Not renamed: " ON_ITS_WAY);
    send_file("STOR /flash/sys/mcuimg.bin", image, 5000,
              "553 Not stored: image truncated: 5000 of 10288 bytes came.\r\n");
    ask("SIZE /flash/sys/mcuimg.bin", "550 Not known: " ON_ITS_WAY);
    send_file("STOR /flash/cert/ca.pem", "abc", 3,
              "226 Stored where only the firmware reads it.\r\n");
    ask("SIZE /flash/cert/ca.pem", "213 3\r\n");
    ask_code("DELE /flash/cert/ca.pem", "250 ");
    ask_code("SIZE /flash/cert/ca.pem", "550 ");
}

static void other_names_in_its_folder_are_refused_in_words(void **state)
{
#define WRONG_NAME                                                                                 \
    "wrong name: only mcuimg.bin is taken in /flash/sys, under its final name and in lower "       \
    "case.\r\n"
    refuse("STOR /flash/sys/mcuimg.bin.filepart", "553 Not stored: " WRONG_NAME);
    refuse("STOR /flash/sys/MCUIMG.BIN", "553 Not stored: " WRONG_NAME);
    refuse("STOR /flash/sys/sub/x", "553 Not stored: " WRONG_NAME);
    refuse("MKD /flash/sys/sub", "553 Not created: " WRONG_NAME);
    send_file("STOR /flash/x", "abc", 3, "226 Stored.\r\n");
    ask_code("RNFR /flash/x", "350 ");
    refuse("RNTO /flash/sys/x", "553 Not renamed: " WRONG_NAME);
    ask_code("RNFR /flash/x", "350 ");
    refuse("RNTO /flash/sys/mcuimg.bin", "553 Not renamed: " ON_ITS_WAY);
    send_file("STOR /flash/sys.bin", "abc", 3, "226 Stored.\r\n");
    send_file("STOR /flash/mcuimg.bin", "abc", 3, "226 Stored.\r\n");
}

/* What Python put there is a file like any other. */
static void files_that_are_there_can_be_read_and_removed(void **state)
{
    struct storage_file *file;
    assert_int_equal(storage_open(&file, "/flash/sys/notes", STORAGE_WRITE | STORAGE_CREATE),
                     STORAGE_OK);
    storage_close(file);
    ask_code("SIZE /flash/sys/notes", "213 0");
    ask_code("RNFR /flash/sys/notes", "350 ");
    ask_code("RNTO /flash/notes", "250 ");
    ask_code("DELE /flash/notes", "250 ");
}

static void its_folder_stays(void **state)
{
#define STAYS "the folder stays: new firmware comes through it.\r\n"
    ask("RMD /flash/sys", "550 Not removed: " STAYS);
    ask("MKD /flash/sys", "550 Not created: file exists.\r\n");
    ask_code("RNFR /flash/sys", "350 ");
    ask("RNTO /flash/old", "553 Not renamed: " STAYS);
    ask_code("MKD /flash/new", "257 ");
    ask_code("RNFR /flash/new", "350 ");
    ask("RNTO /flash/sys", "553 Not renamed: " STAYS);
    /* Python took it away. */
    assert_int_equal(storage_rmdir("/flash/sys"), STORAGE_OK);
    ask_code("MKD /flash/sys", "257 ");
}

/* The facts say so, too. */
static void its_folder_claims_no_more(void **state)
{
    ask_code("OPTS MLST perm;", "200 ");
    ask("MLST /flash/sys", "250-Facts:\r\n perm=celp; /flash/sys\r\n250 End\r\n");
    ask("MLST /flash/lib", "250-Facts:\r\n perm=cdeflmp; /flash/lib\r\n250 End\r\n");
    ask_code("MKD /flash/lib/sys", "257 ");
    static const char *const lists[][2] = {
        {"MLSD /flash", "perm=celp; sys\r\n"},
        {"MLSD /flash/sys", "perm=celp; .\r\n"},
        {"MLSD /flash/lib", "perm=cdeflmp; sys\r\n"},
    };
    for (int i = 0; i < 3; i++) {
        passive();
        ask_code(lists[i][0], "150 ");
        assert_non_null(strstr(received, lists[i][1]));
    }
    ask_code("RMD /flash/lib/sys", "250 ");
}

static void a_refusal_says_what_is_in_the_way(void **state)
{
#define VOLUME "that is the volume itself.\r\n"
    ask("MFMT 20200101000000 /flash", "550 The time is not set: " VOLUME);
    ask("RMD /flash", "550 Not removed: " VOLUME);
    ask("DELE /flash", "550 Not removed: " VOLUME);
    ask_code("RNFR /flash", "350 ");
    ask("RNTO /flash/x", "553 Not renamed: " VOLUME);
    ask("RMD /", "550 Not removed: that is the folder of the volumes.\r\n");
    refuse("STOR /flash/no/x", "550 Not stored: no such folder.\r\n");
    refuse("APPE /flash/no/x", "550 Not stored: no such folder.\r\n");
    ask("MKD /flash/no/x", "550 Not created: no such folder.\r\n");
    send_file("STOR /flash/x", "abc", 3, "226 Stored.\r\n");
    ask_code("RNFR /flash/x", "350 ");
    ask("RNTO /flash/no/x", "550 Not renamed: no such folder.\r\n");
    ask_code("RNFR /flash/x", "350 ");
    assert_int_equal(storage_remove("/flash/x"), STORAGE_OK); /* Python does */
    ask("RNTO /flash/y", "550 Not renamed: no such file or directory.\r\n");
}

static void no_folder_takes_the_place_of_the_certificates(void **state)
{
    ask_code("MKD /flash/new", "257 ");
    send_file("STOR /flash/new/cert.pem", "abc", 3, "226 Stored.\r\n");
    ask_code("RMD /flash/cert", "250 ");
    ask_code("RNFR /flash/new", "350 ");
    ask("RNTO /flash/cert", "553 Not renamed: a file in it has a name that is hidden there: rename "
                            "or remove that one first.\r\n");
    ask_code("SIZE /flash/new/cert.pem", "213 3");
    ask_code("DELE /flash/new/cert.pem", "250 ");
    ask_code("RNFR /flash/new", "350 ");
    ask_code("RNTO /flash/cert", "250 ");
}

static void an_upload_that_breaks_off_is_given_up(void **state)
{
    make_image("1.2.0");
    for (int how = 0; how < 4; how++) {
        passive();
        ask_code("STOR /flash/sys/mcuimg.bin", "150 ");
        upload_data(image, 8192);
        switch (how) {
        case 0:
            ask_code("ABOR", "426 ");
            break;
        case 1:
            ftp_session_data_lost(&session);
            expect_code("426 ");
            break;
        case 2:
            pass_link_us(FTP_DATA_TIMEOUT_US);
            expect_code("426 ");
            break;
        default: /* the client is gone: both connections end like those of one that has finished */
            ftp_session_data_in_end(&session);
            settle();
            ftp_session_input_end(&session, true);
            ftp_session_alive(&session);
            break;
        }
        assert_int_equal(update_begin(), UPDATE_OK); /* none is under way */
        update_abandon();
    }
    boot();
    assert_runs("1.0.0");
}

static void one_upload_at_a_time(void **state)
{
    assert_int_equal(update_begin(), UPDATE_OK); /* in another session */
    refuse("STOR /flash/sys/mcuimg.bin",
           "450 Not stored: another upload of a firmware is under way.\r\n");
    update_abandon();
    assert_int_equal(hidden_begin(HIDDEN_CA), STORAGE_OK);
    refuse("STOR /flash/cert/ca.pem", "450 Not stored: file is open elsewhere.\r\n");
    hidden_abandon();
}

static void certificates_are_stored_and_removed_but_not_read(void **state)
{
    static const char *const names[] = {"ca.pem", "cert.pem", "private.key"};
    char content[8];
    char command[60];
#define HIDDEN "it is hidden: it can be stored and removed, nothing else.\r\n"
    ask_code("CWD /flash/cert", "250 ");
    for (int i = 0; i < HIDDEN_FILES; i++) {
        snprintf(command, sizeof command, "STOR %s", names[i]);
        send_file(command, names[i], 5, "226 Stored where only the firmware reads it.\r\n");
        assert_int_equal(hidden_read((enum hidden_file)i, content, sizeof content), 5);
        assert_memory_equal(content, names[i], 5);
    }
    refuse("SIZE cert.pem", "550 Not known: " HIDDEN);
    refuse("RETR private.key", "550 Not sent: " HIDDEN);
    refuse("RNFR private.key", "550 Not renamed: " HIDDEN);
    refuse("MKD ca.pem", "553 Not created: " HIDDEN);
    passive();
    ask("NLST", "150 Here is the data.\r\n226 Done.\r\n");
    assert_int_equal(received_size, 0);
    refuse("DELE private.key", "250 Removed.\r\n");
    refuse("DELE private.key", "550 Not removed: no such file or directory.\r\n");
    assert_int_equal(hidden_read(HIDDEN_PRIVATE_KEY, content, sizeof content), STORAGE_NOT_FOUND);

    send_file("STOR cert.pem", image, HIDDEN_SIZE_MAX + 1,
              "552 Not stored: larger than the 8160 bytes of a hidden file.\r\n");
    assert_int_equal(hidden_read(HIDDEN_CERTIFICATE, content, sizeof content), 5);
    send_file("STOR other.pem", "abc", 3, "226 Stored.\r\n");
    ask_code("RNFR other.pem", "350 ");
    refuse("RNTO ca.pem", "553 Not renamed: " HIDDEN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_firmware_is_accepted_in_words),
        TEST(a_wrong_one_is_refused_in_words),
        TEST(it_cannot_be_listed_or_read_back),
        TEST(what_was_just_stored_is_known),
        TEST(its_folder_stays),
        TEST(its_folder_claims_no_more),
        TEST(a_refusal_says_what_is_in_the_way),
        TEST(no_folder_takes_the_place_of_the_certificates),
        TEST(other_names_in_its_folder_are_refused_in_words),
        TEST(files_that_are_there_can_be_read_and_removed),
        TEST(an_upload_that_breaks_off_is_given_up),
        TEST(one_upload_at_a_time),
        TEST(certificates_are_stored_and_removed_but_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

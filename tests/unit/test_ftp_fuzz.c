/* Whatever comes: random events at an FTP session, which must neither fault nor leak a handle. */
#include "tests/unit/ftp_world.h"

/* ---- whatever comes */

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

static void random_event(void)
{
    static const char *const commands[] = {
        "USER micro\r\nPASS python\r\n",
        "PASV\r\n",
        "EPSV\r\n",
        "STOR /flash/f\r\n",
        "RETR /flash/main.py\r\n",
        "LIST\r\n",
        "NLST -a /flash\r\n",
        "ABOR\r\n",
        "QUIT\r\n",
        "NOOP\r\n",
        "STAT\r\n",
        "RNFR /flash/f\r\n",
        "RNTO /flash/g\r\n",
        "\xff\xf4\r",
        "\xff\xfa\n",
        "CWD flash\r\n",
        "USER x\r\n",
        "RETR \"\n",
        "LIST *\r\n",
        "PASS y\r\n",
        "PORT 192,168,1,2,200,1\r\n",
        "EPRT |1|192.168.1.2|2000|\r\n",
        "REST 5\r\n",
        "APPE /flash/f\r\n",
        "MLSD\r\n",
        "MLST flash\r\n",
        "STAT /flash\r\n",
        "HELP\r\n",
        "REIN\r\n",
        "MFMT 20200101000000 /flash/f\r\n",
        "SITE UTIME a 2 3 4 UTC\r\n",
        "OPTS MLST type\r\n",
    };
    uint8_t bytes[64];
    const uint8_t *data;
    size_t size;

    switch (random_below(12)) {
    case 0:
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)random_below(256);
        }
        offer((const char *)bytes, random_below(sizeof bytes));
        break;
    case 1:
    case 2:
    case 3:
    case 4: {
        const char *command = commands[random_below(sizeof commands / sizeof commands[0])];
        offer(command, strlen(command));
        break;
    }
    case 5:
        if (data_listens) {
            connect_fails = random_below(4) == 0;
            connect_data();
        }
        break;
    case 6:
        if (data_connected && ftp_session_takes_data(&session)) {
            upload_data(pattern, random_below(9000));
        }
        break;
    case 7:
        if (data_connected && ftp_session_takes_data(&session)) {
            ftp_session_data_in_end(&session);
        }
        break;
    case 8:
        if (data_connected && random_below(4) == 0) {
            ftp_session_data_lost(&session);
        }
        break;
    case 9:
        pass_link_us(random_below(4) ? random_below(3000) : random_below(40000000));
        now.board_us += random_below(100000000);
        break;
    case 10:
        size = ftp_session_output(&session, &data);
        ftp_session_output_taken(&session, random_below((uint32_t)size + 1));
        ftp_session_alive(&session);
        break;
    default:
        room = random_below(4) ? 1000000 : random_below(9000);
        if (random_below(30) == 0) {
            ftp_session_input_end(&session, random_below(2));
        } else if (random_below(30) == 0) {
            ftp_session_lost(&session);
        }
        break;
    }
}

static void test_whatever_comes(void **state)
{
    for (uint32_t seed = 1; seed <= 20000; seed++) {
        random_state = seed * 2654435761u;
        if (seed % 4) {
            log_in();
        }
        for (unsigned i = 0; i < 60 && !ftp_session_is_over(&session); i++) {
            random_event();
            settle();
            /* Never more replies than there is room for; never a handle without a transfer. */
            assert_true(session.output.length < FTP_OUTPUT_SIZE);
            if (session.state <= FTP_READY) {
                assert_int_equal(handles_in_use(), 0);
            }
        }
        ftp_session_lost(&session);
        assert_int_equal(handles_in_use(), 0);
        assert_false(data_connected || data_listens);
        add_node("/flash/main.py", false, "print(1)\n", 9);
        connect_control(&fake_files);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(test_whatever_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

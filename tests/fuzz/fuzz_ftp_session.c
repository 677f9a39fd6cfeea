/* An FTP session, its files in memory, with events of all kinds: the script is a byte for each
 * event and what it needs. Never more replies than there is room for, never a handle without a
 * transfer, and nothing is left at the end. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/ftp_world.h"

static const uint8_t *script;
static size_t script_size;

/* The next byte; 0 behind the end. */
static uint8_t next(void)
{
    if (script_size == 0) {
        return 0;
    }
    script_size--;
    return *script++;
}

/* Bytes of the control connection, up to 255. */
static void next_input(void)
{
    size_t size = next();
    size = size < script_size ? size : script_size;
    offer((const char *)script, size);
    script += size;
    script_size -= size;
}

static void next_command(void)
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
        "STOU f\r\n",
        "SITE CHMOD 644 f\r\n",
    };
    const char *command = commands[next() % (sizeof commands / sizeof commands[0])];
    offer(command, strlen(command));
}

static void next_end(void)
{
    uint8_t how = next();
    if (how >= 240) {
        ftp_session_input_end(&session, how & 1);
    } else if (how >= 230) {
        ftp_session_lost(&session);
    } else if (how >= 220 && !ftp_session_is_logged_in(&session)) {
        ftp_session_evict(&session);
    }
    room = how & 1 ? 1000000 : how * 32u;
}

static void next_event(void)
{
    const uint8_t *data;
    size_t size;
    bool takes = data_connected && ftp_session_takes_data(&session);
    switch (next() % 10) {
    case 0:
        next_input();
        break;
    case 1:
    case 2:
    case 3:
        next_command();
        break;
    case 4:
        connect_fails = next() % 4 == 0;
        if (data_listens) {
            connect_data();
        }
        break;
    case 5:
        size = next() * 36u;
        if (takes) {
            upload_data(pattern, size);
        }
        break;
    case 6:
        if (takes) {
            ftp_session_data_in_end(&session);
        } else if (data_connected) {
            ftp_session_data_lost(&session);
        }
        break;
    case 7:
        pass_link_us(next() * 200000u);
        now.board_us += next() * 2000000u;
        break;
    case 8:
        size = ftp_session_output(&session, &data);
        ftp_session_output_taken(&session, size * next() / 255);
        ftp_session_alive(&session);
        break;
    default:
        next_end();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    script = data;
    script_size = size;
    set_up(NULL);
    if (next() % 4) {
        log_in();
    }
    while (script_size > 0 && !ftp_session_is_over(&session)) {
        struct loop_deadline deadline = {UINT64_MAX, UINT64_MAX};
        next_event();
        settle();
        ftp_session_deadline(&session, &deadline);
        assert_true(session.output.length < FTP_OUTPUT_SIZE);
        if (session.state <= FTP_READY) {
            assert_int_equal(handles_in_use(), 0);
        }
    }
    tear_down(NULL);
    return 0;
}

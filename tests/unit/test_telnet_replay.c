/* What real telnet clients have sent (tests/replay/telnet, written by
 * tests/system/test_clients_telnet.py), said again to the session alone: it must answer with the
 * options that the client saw, and the console must hear what the person has typed:
 *
 *     > BYTES           of the client
 *     < ff fb 01        a telnet command of the server
 *     heard BYTES       what the console has heard, all in all
 *     size 77 11        of the window, as the client told it last */
#include "net/telnet/telnet_session.h"

#include "tests/unit/transcript.h"

static struct telnet_session session;
static const struct telnet_time now = {.board_us = 1000000, .link_us = 1000000};
static uint8_t commands[4096]; /* of the server, not yet expected */
static size_t commands_size;
static char heard[TRANSCRIPT_LINE_SIZE];
static size_t heard_size;
static unsigned columns, rows, expected;

/* Keep the telnet commands: nothing else that the session says has the byte 255. */
static void on_send(void *context, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i + 2 < size; i++) {
        if (bytes[i] == 255) {
            assert_true(bytes[i + 1] >= 251 && commands_size + 3 <= sizeof commands);
            memcpy(commands + commands_size, bytes + i, 3);
            commands_size += 3;
        }
    }
}

static bool on_login(const char *user, const char *password, uint64_t now_link_us,
                     uint64_t *refuse_us)
{
    *refuse_us = now_link_us;
    return strcmp(user, "micro") == 0 && strcmp(password, "python") == 0;
}

static const char *on_notice(void)
{
    return NULL;
}

static bool on_claim(void *context, bool take_over)
{
    return true;
}

static void on_describe_owner(void *context, char text[TELNET_OWNER_MAX])
{
    text[0] = '\0';
}

static void on_abort_output(void *context)
{
}

static void on_resize(void *context, uint16_t new_columns, uint16_t new_rows)
{
    columns = new_columns;
    rows = new_rows;
}

static size_t on_type(void *context, const uint8_t *data, size_t size)
{
    assert_true(heard_size + size <= sizeof heard);
    memcpy(heard + heard_size, data, size);
    heard_size += size;
    return size;
}

static void on_interrupt(void *context)
{
    fail_msg("no client has sent IP");
}

static const struct telnet_io io = {
    .send = on_send,
    .login = on_login,
    .notice = on_notice,
    .claim = on_claim,
    .describe_owner = on_describe_owner,
    .type = on_type,
    .interrupt = on_interrupt,
    .abort_output = on_abort_output,
    .resize = on_resize,
};

static void begin(void)
{
    commands_size = heard_size = 0;
    columns = rows = 0;
    telnet_session_start(&session, &io, "banner", now);
}

static void expect_command(const char *line, const char *place)
{
    unsigned bytes[3];
    assert_int_equal(sscanf(line, "< %x %x %x", &bytes[0], &bytes[1], &bytes[2]), 3);
    for (size_t i = 0; i < 3; i++) {
        if (commands_size <= i || commands[i] != bytes[i]) {
            fail_msg("%s: expected %s, the session says otherwise", place, line);
        }
    }
    commands_size -= 3;
    memmove(commands, commands + 3, commands_size);
    expected++;
}

static void event(const char *line, const char *place)
{
    char bytes[TRANSCRIPT_LINE_SIZE];
    unsigned first, second;
    if (line[0] == '>') {
        size_t size = transcript_bytes(line + 2, bytes);
        assert_int_equal(telnet_session_input(&session, (const uint8_t *)bytes, size, now), size);
    } else if (line[0] == '<') {
        expect_command(line, place);
    } else if (strncmp(line, "heard ", 6) == 0) {
        size_t size = transcript_bytes(line + 6, bytes);
        if (size != heard_size || memcmp(bytes, heard, size) != 0) {
            fail_msg("%s: the console has heard %.*s", place, (int)heard_size, heard);
        }
    } else if (sscanf(line, "size %u %u", &first, &second) == 2) {
        assert_int_equal(columns, first);
        assert_int_equal(rows, second);
    } else if (line[0] != '#') {
        fail_msg("%s: %s?", place, line);
    }
}

static void end(void)
{
    assert_int_equal(commands_size, 0);
}

static void test_transcripts(void **state)
{
    unsigned count = transcripts_replay(REPLAY_FOLDER, begin, event, end);
    print_message("%u transcripts, %u telnet commands\n", count, expected);
    assert_true(count >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_transcripts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

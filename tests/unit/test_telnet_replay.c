/* What real telnet clients have sent (tests/replay/telnet, written by
 * tests/system/test_clients_telnet.py), said again to the session alone: it must answer with the
 * options that the client saw, and the console must hear what the person has typed:
 *
 *     > BYTES           of the client
 *     < ff fb 01        a telnet command of the server
 *     heard BYTES       what the console has heard, all in all
 *     size 77 11        of the window, as the client told it last */
#include "tests/telnet_world.h"
#include "tests/unit/transcript.h"

static struct telnet_world world;
static size_t next_command; /* of what the session has said: from here it is looked for */
static unsigned expected;

static void begin(void)
{
    telnet_world_init(&world);
    next_command = 0;
    telnet_session_start(&world.session, &world.io, "banner", world.now);
}

/* The next telnet command of the server, three bytes: nothing else that it says has the byte 255;
 * NULL: there is none. */
static const uint8_t *find_command(void)
{
    for (; next_command + 2 < world.seen_size; next_command++) {
        const uint8_t *bytes = (const uint8_t *)world.seen + next_command;
        if (bytes[0] == 255) {
            assert_true(bytes[1] >= 251);
            next_command += 3;
            return bytes;
        }
    }
    return NULL;
}

static void expect_command(const char *line, const char *place)
{
    unsigned bytes[3];
    assert_int_equal(sscanf(line, "< %x %x %x", &bytes[0], &bytes[1], &bytes[2]), 3);
    const uint8_t *said = find_command();
    for (size_t i = 0; i < 3; i++) {
        if (said == NULL || said[i] != bytes[i]) {
            fail_msg("%s: expected %s, the session says otherwise", place, line);
        }
    }
    expected++;
}

static void event(const char *line, const char *place)
{
    char bytes[TRANSCRIPT_LINE_SIZE];
    unsigned first, second;
    if (line[0] == '>') {
        size_t size = transcript_bytes(line + 2, bytes);
        assert_int_equal(
            telnet_session_input(&world.session, (const uint8_t *)bytes, size, world.now), size);
    } else if (line[0] == '<') {
        expect_command(line, place);
    } else if (strncmp(line, "heard ", 6) == 0) {
        size_t size = transcript_bytes(line + 6, bytes);
        if (size != world.typed_size || memcmp(bytes, world.typed, size) != 0) {
            fail_msg("%s: the console has heard %.*s", place, (int)world.typed_size,
                     (const char *)world.typed);
        }
    } else if (sscanf(line, "size %u %u", &first, &second) == 2) {
        assert_int_equal(world.columns, first);
        assert_int_equal(world.rows, second);
    } else if (line[0] != '#') {
        fail_msg("%s: %s?", place, line);
    }
}

static void end(void)
{
    assert_null(find_command());
    assert_int_equal(world.interrupts, 0); /* no client has sent IP */
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

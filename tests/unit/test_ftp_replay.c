/* What real FTP clients have sent (tests/replay/ftp, written by tests/system/test_clients.py), said
 * again to the session alone: each command must get the reply code that the client saw.
 * tests/system/clients/wire.py has the format. */
#include "net/ftp/ftp_session.h"

#include "tests/unit/ftp_world.h"
#include "tests/unit/transcript.h"

#define SEGMENT_SIZE 16384u

static char segment[SEGMENT_SIZE]; /* what is to be said at once */
static size_t segment_size;
static char pending[REPLIES_MAX + 1]; /* replies not yet expected */
static bool uploads; /* this much data was sent, which may come before its command */
static unsigned upload_size;
static bool connected;
static unsigned exchanges;

static void take_replies(void)
{
    const char *more = replies();
    size_t length = strlen(pending);
    assert_true(length + strlen(more) <= REPLIES_MAX);
    strcpy(pending + length, more);
}

static void upload(void)
{
    bool all = upload_data(pattern, upload_size) == upload_size;
    uploads = false;
    assert_true(all);
    end_upload();
    take_replies();
}

static void say_segment(void)
{
    if (segment_size > 0) {
        offer(segment, segment_size);
        segment_size = 0;
        take_replies();
    }
    if (uploads && session.state == FTP_RECEIVING) {
        upload();
    }
}

static void add_command(const char *text)
{
    assert_true(segment_size + TRANSCRIPT_LINE_SIZE < SEGMENT_SIZE);
    segment_size += transcript_bytes(text, segment + segment_size);
    segment[segment_size++] = '\r';
    segment[segment_size++] = '\n';
}

/* The next whole reply must have this code. */
static void expect_reply(const char *code, const char *place)
{
    take_replies();
    for (char *line = pending; *line; line = strchr(line, '\n') + 1) {
        if (strspn(line, "0123456789") == 3 && line[3] == ' ') {
            if (strncmp(line, code, 3) != 0) {
                fail_msg("%s: expected %s, got %s", place, code, pending);
            }
            char *rest = strchr(line, '\n') + 1;
            memmove(pending, rest, strlen(rest) + 1);
            exchanges++;
            return;
        }
    }
    fail_msg("%s: expected %s, got nothing more: %s", place, code, pending);
}

static void event(const char *line, const char *place)
{
    char path[STORAGE_PATH_MAX];
    unsigned size;
    if (line[0] != '+') {
        say_segment();
    }
    if (line[0] == '>' || line[0] == '+') {
        add_command(line + 2);
    } else if (line[0] == '<') {
        expect_reply(line + 2, place);
    } else if (strcmp(line, "open") == 0) {
        pending[0] = '\0';
        connect_control(&fake_files);
        strcpy(pending, "220 WiPy FTP server ready.\r\n");
        connected = true;
    } else if (strcmp(line, "close") == 0) {
        ftp_session_lost(&session);
        connected = false;
    } else if (strcmp(line, "connect") == 0) {
        connect_data();
    } else if (sscanf(line, "up %u", &upload_size) == 1) {
        uploads = true;
        say_segment();
    } else if (strcmp(line, "lost") == 0) {
        ftp_session_data_lost(&session);
    } else if (strcmp(line, "down") == 0) {
        settle();
        assert_true(data_finished || !data_connected);
    } else if (sscanf(line, "file %u %127[^\n]", &size, path) == 2) {
        assert_true(size <= NODE_SIZE);
        add_node(path, false, pattern, size);
    } else if (sscanf(line, "dir %127[^\n]", path) == 1) {
        add_node(path, true, "", 0);
    } else if (line[0] != '#') {
        fail_msg("%s: %s?", place, line);
    }
}

static void begin(void)
{
    set_up(NULL);
    ftp_session_lost(&session);
}

static void end(void)
{
    assert_false(connected);
    assert_int_equal(handles_in_use(), 0);
}

static void test_transcripts(void **state)
{
    unsigned count = transcripts_replay(REPLAY_FOLDER, begin, event, end);
    print_message("%u transcripts, %u replies\n", count, exchanges);
    assert_true(count >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {FTP_TEST(test_transcripts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

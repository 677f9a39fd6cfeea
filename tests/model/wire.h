/* The control connection between a client and the session under test (tests/unit/ftp_client.h), and
 * the comparison of what comes back with what the model expects. Included by one test program. */
#ifndef TESTS_MODEL_WIRE_H
#define TESTS_MODEL_WIRE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/model/commands.h"
#include "tests/unit/ftp_client.h"

static const char *wire_again; /* how to run it again */
static char wire_transcript[400000];
static size_t wire_transcript_size;

static uint8_t wire_bytes[32768]; /* on their way to the session */
static size_t wire_first, wire_end;
static char wire_replies[100000];
static size_t wire_replies_size;

/* ---- the transcript of a connection, which a failure prints */

static inline void wire_log(const char *text, size_t size)
{
    size_t left = sizeof wire_transcript - wire_transcript_size;
    size = size < left ? size : left;
    memcpy(wire_transcript + wire_transcript_size, text, size);
    wire_transcript_size += size;
}

static inline void wire_note(const char *text)
{
    wire_log(text, strlen(text));
    wire_log("\n", 1);
}

#define WIRE_FAIL(...)                                                                             \
    do {                                                                                           \
        fprintf(stderr, "%.*s", (int)wire_transcript_size, wire_transcript);                       \
        fprintf(stderr, "to run it again: %s\n", wire_again);                                      \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

static inline void wire_begin(void)
{
    wire_transcript_size = wire_first = wire_end = wire_replies_size = 0;
}

/* ---- to the session */

/* Telnet's sequences stand anywhere in a line. */
static inline void wire_put_noise(void)
{
    static const char *const noise[] = {"\xff\xf1", "\xff\xf4\xff\xf2", "\xff\xfb\x01",
                                        "\xff\xfa\x1f\x01\x02\xff\xf0"};
    if (random_below(200) == 0) {
        const char *bytes = noise[random_below(4)];
        memcpy(wire_bytes + wire_end, bytes, strlen(bytes));
        wire_end += strlen(bytes);
    }
}

/* It is on its way until wire_settle(). Returns how many bytes it has there. */
static inline size_t wire_send(const char *line)
{
    if (wire_first == wire_end) {
        wire_first = wire_end = 0;
    }
    assert_true(wire_end + 3 * strlen(line) + 100 < sizeof wire_bytes);
    size_t first = wire_end;
    wire_log("> ", 2);
    wire_note(line);
    for (; *line; line++) {
        wire_put_noise();
        wire_bytes[wire_end++] = (uint8_t)*line;
        if ((uint8_t)*line == 255) {
            wire_bytes[wire_end++] = 255;
        }
    }
    if (random_below(8)) {
        wire_bytes[wire_end++] = '\r';
    }
    wire_bytes[wire_end++] = '\n';
    return wire_end - first;
}

/* A segment to the session, and a part of the replies back; false when neither moves. */
static inline bool wire_move(void)
{
    const uint8_t *data;
    size_t segment = wire_end - wire_first;
    if (segment > 0 && random_below(2)) {
        segment = 1 + random_below((uint32_t)segment);
    }
    ftp_session_poll(&session, &now);
    size_t taken = ftp_session_input(&session, wire_bytes + wire_first, segment);
    assert_true(taken <= segment);
    wire_first += taken;

    size_t size = ftp_session_output(&session, &data);
    size_t part = size > 0 && random_below(2) ? 1 + random_below((uint32_t)size) : size;
    assert_true(wire_replies_size + part < sizeof wire_replies);
    memcpy(wire_replies + wire_replies_size, data, part);
    wire_replies_size += part;
    ftp_session_output_taken(&session, part);
    return taken > 0 || part > 0 || ftp_session_goes_on(&session);
}

/* ---- listings */

static inline struct listed *wire_find(struct listing *listing, const char *name)
{
    for (unsigned i = 0; i < listing->count; i++) {
        if (!listing->entries[i].seen && strcmp(listing->entries[i].name, name) == 0) {
            return &listing->entries[i];
        }
    }
    WIRE_FAIL("listed, though it is not there: %s", name);
    return NULL;
}

/* The columns of `ls -l` as this server makes them: where the name begins. */
#define WIRE_NAME_AT 47

static inline void wire_compare_long(const struct listed *listed, const char *line)
{
    char start[40];
    bool is_dir = listed->type[0] == 'd';
    sprintf(start, "%s wipy wipy %10u ", is_dir ? "drwxr-xr-x 2" : "-rw-r--r-- 1", listed->size);
    if (strncmp(line, start, strlen(start)) != 0) {
        WIRE_FAIL("another kind or size than %s: %s", start, line);
    }
}

static inline void wire_compare_facts(const struct listing *listing, const struct listed *listed,
                                      const char *line)
{
    char facts[200] = "", stamp[16];
    time_t mtime = listed->mtime;
    struct tm tm;
    bool is_file = strcmp(listed->type, "file") == 0;
    strftime(stamp, sizeof stamp, "%Y%m%d%H%M%S", gmtime_r(&mtime, &tm));
    if (listing->facts & MODEL_FACT_TYPE) {
        sprintf(facts, "type=%s;", listed->type);
    }
    if (listing->facts & MODEL_FACT_SIZE && is_file) {
        sprintf(facts + strlen(facts), "size=%u;", listed->size);
    }
    if (listing->facts & MODEL_FACT_MODIFY && listed->dated && mtime != 0) {
        sprintf(facts + strlen(facts), "modify=%s;", stamp);
    }
    const char *mode = is_file ? "UNIX.mode=0644;" : "UNIX.mode=0755;";
    if (strncmp(line, facts, strlen(facts)) != 0 ||
        ((listing->facts & MODEL_FACT_MODE) && !strstr(line, mode)) ||
        ((listing->facts & MODEL_FACT_PERM) && !strstr(line, listed->perm))) {
        WIRE_FAIL("other facts than %s: %s", facts, line);
    }
}

/* Each line is foreseen, and none is missing. Ends `lines` at each. */
static inline void wire_compare_listing(char *lines, struct listing *listing)
{
    char *end;
    for (; (end = strstr(lines, "\r\n")); lines = end + 2) {
        *end = '\0';
        const char *name = lines;
        if (listing->kind == LISTING_LONG) {
            name = strlen(lines) > WIRE_NAME_AT ? lines + WIRE_NAME_AT : "";
        } else if (listing->kind == LISTING_FACTS) {
            name = strchr(lines, ' ') ? strchr(lines, ' ') + 1 : "";
        }
        struct listed *listed = wire_find(listing, name);
        if (listing->kind == LISTING_LONG) {
            wire_compare_long(listed, lines);
        } else if (listing->kind == LISTING_FACTS) {
            wire_compare_facts(listing, listed, lines);
        }
        listed->seen = true;
    }
    for (unsigned i = 0; i < listing->count; i++) {
        if (!listing->entries[i].seen) {
            WIRE_FAIL("not listed: %s", listing->entries[i].name);
        }
    }
}

/* ---- replies */

/* One whole reply: up to and with the line that begins with its code and a space. NULL: there is
 * none. Ends it, and goes behind it. */
static inline char *wire_next_reply(char **at)
{
    char *reply = *at;
    for (char *line = reply; *line;) {
        char *end = strstr(line, "\r\n");
        if (!end) {
            break;
        }
        bool is_last = strncmp(line, reply, 3) == 0 && line[3] == ' ';
        line = end + 2;
        if (is_last) {
            *at = line;
            return reply;
        }
    }
    if (*reply) {
        WIRE_FAIL("half a reply: %s", reply);
    }
    return NULL;
}

static inline void wire_compare_reply(struct expected *expected, const char *reply, size_t size)
{
    static char text[sizeof wire_replies];
    memcpy(text, reply, size);
    text[size] = '\0';
    if ((unsigned)atoi(text) != expected->code) {
        WIRE_FAIL("expected %u, got %s", expected->code, text);
    }
    for (unsigned i = 0; i < 3; i++) {
        if (!strstr(text, expected->text[i])) {
            WIRE_FAIL("expected %s in %s", expected->text[i], text);
        }
    }
    if (expected->listing) {
        char *lines = strstr(text, "\r\n") + 2; /* behind the first line, up to the last */
        size_t last = size - 2;
        while (text[last - 1] != '\n') {
            last--;
        }
        text[last] = '\0';
        wire_compare_listing(lines, expected->listing);
    }
}

/* All that was sent goes to the session, in random segments, and the replies come back as randomly.
 */
static inline void wire_run(void)
{
    for (unsigned still = 0; still < 3; still++) {
        while (wire_move()) {
            still = 0;
        }
    }
}

/* The replies are those that the model expects, and nothing else is left. */
static inline void wire_settle(struct model *model)
{
    wire_run();
    wire_log(wire_replies, wire_replies_size);
    wire_replies[wire_replies_size] = '\0';
    char *at = wire_replies;
    for (unsigned i = 0; i < model->expected_count; i++) {
        char *reply = wire_next_reply(&at);
        if (!reply) {
            WIRE_FAIL("expected %u, got nothing", model->expected[i].code);
        }
        wire_compare_reply(&model->expected[i], reply, (size_t)(at - reply));
    }
    if (*at) {
        WIRE_FAIL("not expected: %s", at);
    }
    model_forget_expected(model);
    wire_replies_size = 0;
    if (ftp_session_is_over(&session) != (model->state == MODEL_CLOSED)) {
        WIRE_FAIL("the session is %s", model->state == MODEL_CLOSED ? "not over" : "over");
    }
    if (data_connected != (model->data == MODEL_OPEN) ||
        data_listens != (model->data == MODEL_AWAITED)) {
        WIRE_FAIL("data connection: open %d, awaited %d, expected %d", data_connected, data_listens,
                  model->data);
    }
}

#endif

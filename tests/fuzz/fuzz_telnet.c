/* Telnet: parser and session, fed by a script: pairs of an operation and, for input, its bytes.
 * What must hold: what is consumed was there, what is typed fits, and the splits of the stream make
 * no difference to what is typed. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "net/telnet/telnet_session.h"
#include "tests/fuzz/fuzz.h"

#define IDLE_US 300000000u

struct client {
    struct telnet_session session;
    size_t room;    /* of the console */
    bool owned;     /* somebody else has it */
    uint32_t typed; /* a checksum of what the console got */
    size_t said;    /* bytes to the client */
    struct telnet_time now;
};

static void on_send(void *context, const void *data, size_t size)
{
    struct client *client = context;
    for (size_t i = 0; i < size; i++) {
        client->said += ((const uint8_t *)data)[i] != 0; /* it can be read */
    }
}

static bool on_login(const char *user, const char *password, uint64_t now_link_us,
                     uint64_t *refuse_us)
{
    *refuse_us = now_link_us + 1000000;
    assert(strlen(user) <= LOGIN_TEXT_MAX + 1 && strlen(password) <= LOGIN_TEXT_MAX + 1);
    return user[0] == 'm' && password[0] == 'p';
}

static const char *on_notice(void)
{
    return NULL;
}

static bool on_claim(void *context, bool take_over)
{
    struct client *client = context;
    return !client->owned || take_over;
}

static void on_describe_owner(void *context, char text[TELNET_OWNER_MAX])
{
    memset(text, 'x', TELNET_OWNER_MAX - 1);
    text[TELNET_OWNER_MAX - 1] = '\0';
}

static size_t on_type(void *context, const uint8_t *data, size_t size)
{
    struct client *client = context;
    size_t taken = size < client->room ? size : client->room;
    for (size_t i = 0; i < taken; i++) {
        client->typed = client->typed * 31 + data[i] + 1;
    }
    client->room -= taken;
    return taken;
}

static void on_nothing(void *context)
{
}

static void on_resize(void *context, uint16_t columns, uint16_t rows)
{
}

static void start(struct client *client, struct telnet_io *io, bool owned)
{
    *client = (struct client){.room = 100000, .owned = owned};
    *io = (struct telnet_io){.context = client,
                             .send = on_send,
                             .login = on_login,
                             .notice = on_notice,
                             .claim = on_claim,
                             .describe_owner = on_describe_owner,
                             .type = on_type,
                             .interrupt = on_nothing,
                             .abort_output = on_nothing,
                             .resize = on_resize};
    telnet_session_start(&client->session, io, "banner", client->now);
}

static size_t feed(struct client *client, const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size + 1); /* so that a read beyond it is seen */
    memcpy(exact, data, size);
    size_t used = telnet_session_input(&client->session, exact, size, client->now);
    assert(used <= size);
    assert(client->session.typed_size <= sizeof client->session.typed);
    free(exact);
    return used;
}

/* Time, the console's room, and input. */
static void play(const uint8_t *data, size_t size)
{
    struct client client;
    struct telnet_io io;
    struct loop_deadline deadline = {UINT64_MAX, UINT64_MAX};
    start(&client, &io, size > 0 && data[0] & 1);
    while (size > 0 && client.session.state != TELNET_CLOSED) {
        uint8_t operation = *data++;
        size--;
        if (operation < 8) {
            client.now.link_us += operation * 5000000ull;
            client.now.board_us += operation * 20000000ull;
        } else if (operation < 16) {
            client.room = (operation - 8u) * 3;
        } else {
            size_t part = operation - 16u < size ? operation - 16u : size;
            size_t used = feed(&client, data, part);
            data += used;
            size -= used;
        }
        telnet_session_poll(&client.session, client.now, IDLE_US);
        telnet_session_deadline(&client.session, IDLE_US, &deadline);
    }
}

/* All of it at once, and byte by byte. */
static void compare_splits(const uint8_t *data, size_t size)
{
    struct client whole, bytes;
    struct telnet_io io, other;
    start(&whole, &io, false);
    start(&bytes, &other, false);
    feed(&whole, data, size);
    for (size_t i = 0; i < size && feed(&bytes, data + i, 1) == 1; i++) {
    }
    assert(whole.session.state == bytes.session.state);
    assert(whole.typed == bytes.typed && whole.said == bytes.said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    play(data, size);
    compare_splits(data, size);
    return 0;
}

/* Telnet: parser and session, fed by a script: pairs of an operation and, for input, its bytes.
 * What must hold: what is consumed was there, what is typed fits, and the splits of the stream make
 * no difference to what is typed. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/telnet_world.h"

#define IDLE_US 300000000u

/* Easily guessed. */
static bool on_login(const char *user, const char *password, uint64_t now_link_us,
                     uint64_t *refuse_us)
{
    telnet_world_login(user, password, now_link_us, refuse_us);
    return user[0] == 'm' && password[0] == 'p';
}

static void start(struct telnet_world *world, bool is_taken)
{
    telnet_world_init(world);
    world->io.login = on_login;
    world->is_taken = is_taken;
    telnet_session_start(&world->session, &world->io, "banner", world->now);
}

static size_t feed(struct telnet_world *world, const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size + 1); /* so that a read beyond it is seen */
    memcpy(exact, data, size);
    size_t used = telnet_session_input(&world->session, exact, size, world->now);
    assert(used <= size);
    assert(world->session.typed_size <= sizeof world->session.typed);
    free(exact);
    return used;
}

/* Time, the console's room, and input. */
static void play(const uint8_t *data, size_t size)
{
    static struct telnet_world client;
    struct loop_deadline deadline = {UINT64_MAX, UINT64_MAX};
    start(&client, size > 0 && data[0] & 1);
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
    static struct telnet_world whole, bytes;
    start(&whole, false);
    start(&bytes, false);
    feed(&whole, data, size);
    for (size_t i = 0; i < size && feed(&bytes, data + i, 1) == 1; i++) {
    }
    assert(whole.session.state == bytes.session.state);
    assert(whole.typed_size == bytes.typed_size &&
           memcmp(whole.typed, bytes.typed, whole.typed_size) == 0);
    assert(whole.seen_size == bytes.seen_size &&
           memcmp(whole.seen, bytes.seen, whole.seen_size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    play(data, size);
    compare_splits(data, size);
    return 0;
}

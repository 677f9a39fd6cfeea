/* The surroundings of a telnet session, for tests: a console, a client's screen, somebody else. The
 * login is micro, python; a refusal takes a second. */
#ifndef TESTS_TELNET_WORLD_H
#define TESTS_TELNET_WORLD_H

#include <assert.h>
#include <string.h>

#include "net/telnet/telnet_session.h"

#define REFUSAL_US 1000000

struct telnet_world {
    struct telnet_session session;
    struct telnet_io io;
    struct telnet_time now;
    char seen[65536]; /* by the client */
    size_t seen_size;
    uint8_t typed[65536]; /* into the console */
    size_t typed_size;
    size_t room;   /* of the console */
    bool is_taken; /* somebody has the console */
    unsigned interrupts, aborts, takeovers;
    uint16_t columns, rows; /* as the console was told */
};

static const char *telnet_world_notice;

static void telnet_world_send(void *context, const void *data, size_t size)
{
    struct telnet_world *world = context;
    assert(world->seen_size + size <= sizeof world->seen);
    memcpy(world->seen + world->seen_size, data, size);
    world->seen_size += size;
}

static bool telnet_world_login(const char *user, const char *password, uint64_t now_link_us,
                               uint64_t *refuse_us)
{
    *refuse_us = now_link_us + REFUSAL_US;
    assert(strlen(user) <= LOGIN_TEXT_MAX + 1 && strlen(password) <= LOGIN_TEXT_MAX + 1);
    return strcmp(user, "micro") == 0 && strcmp(password, "python") == 0;
}

static const char *telnet_world_get_notice(void)
{
    return telnet_world_notice;
}

static bool telnet_world_claim(void *context, bool take_over)
{
    struct telnet_world *world = context;
    bool may = !world->is_taken || take_over;
    world->takeovers += take_over;
    world->is_taken = true;
    return may;
}

static void telnet_world_describe_owner(void *context, char text[TELNET_OWNER_MAX])
{
    strcpy(text, "192.168.1.2, idle 12 s");
}

static size_t telnet_world_type(void *context, const uint8_t *data, size_t size)
{
    struct telnet_world *world = context;
    size_t taken = size < world->room ? size : world->room;
    assert(world->typed_size + taken <= sizeof world->typed);
    memcpy(world->typed + world->typed_size, data, taken);
    world->typed_size += taken;
    world->room -= taken;
    return taken;
}

static void telnet_world_interrupt(void *context)
{
    ((struct telnet_world *)context)->interrupts++;
}

static void telnet_world_abort_output(void *context)
{
    ((struct telnet_world *)context)->aborts++;
}

static void telnet_world_resize(void *context, uint16_t columns, uint16_t rows)
{
    struct telnet_world *world = context;
    world->columns = columns;
    world->rows = rows;
}

/* An empty console and a blank screen, before telnet_session_start(). What is in the buffers
 * stays, so that this is quick. */
static void telnet_world_init(struct telnet_world *world)
{
    world->io = (struct telnet_io){
        .context = world,
        .send = telnet_world_send,
        .login = telnet_world_login,
        .notice = telnet_world_get_notice,
        .claim = telnet_world_claim,
        .describe_owner = telnet_world_describe_owner,
        .type = telnet_world_type,
        .interrupt = telnet_world_interrupt,
        .abort_output = telnet_world_abort_output,
        .resize = telnet_world_resize,
    };
    world->now = (struct telnet_time){.board_us = 1000000, .link_us = 1000000};
    world->seen_size = world->typed_size = 0;
    world->room = SIZE_MAX;
    world->is_taken = false;
    world->interrupts = world->aborts = world->takeovers = 0;
    world->columns = world->rows = 0;
    telnet_world_notice = NULL;
}

#endif

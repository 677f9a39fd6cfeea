/* Telnet from the client's side: what it sends, what it gets to see, what the console gets to hear.
 */
#ifndef TESTS_UNIT_TELNET_CLIENT_H
#define TESTS_UNIT_TELNET_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/telnet_world.h"

#define BANNER           "MicroPython v1.25.0 on 2025-04-15; WiPy with MCU"
#define USER_OPTIONS     "\xff\xfc\x01\xff\xfc\x03\xff\xfb\x22"
#define PASSWORD_OPTIONS "\xff\xfb\x01\xff\xfc\x03\xff\xfb\x22"
#define CONSOLE_OPTIONS  "\xff\xfb\x01\xff\xfb\x03\xff\xfc\x22"
#define ASK_USER         USER_OPTIONS "Login as: "
#define ASK_PASSWORD     PASSWORD_OPTIONS "Password: "
#define SUCCESS          CONSOLE_OPTIONS "\r\nLogin succeeded!\r\nType \"help()\" for more information.\r\n"
#define FAILURE          "\r\nInvalid credentials, try again.\r\n"

static struct telnet_world world;
static struct telnet_session *const session = &world.session;

static int start(void **state)
{
    telnet_world_init(&world);
    telnet_session_start(session, &world.io, BANNER, world.now);
    return 0;
}

/* The client sends; from a copy of exactly that size, so that the sanitizer sees a read beyond it.
 */
static size_t send_bytes(const char *data, size_t size)
{
    uint8_t *exact = malloc(size + 1);
    memcpy(exact, data, size);
    size_t used = telnet_session_input(session, exact, size, world.now);
    free(exact);
    return used;
}

#define SEND(text) assert_int_equal(send_bytes(text, sizeof text - 1), sizeof text - 1)

static void assert_seen_bytes(const char *text, size_t size)
{
    assert_int_equal(world.seen_size, size);
    assert_memory_equal(world.seen, text, size);
    world.seen_size = 0;
}

static void assert_typed_bytes(const char *text, size_t size)
{
    assert_int_equal(world.typed_size, size);
    assert_memory_equal(world.typed, text, size);
    world.typed_size = 0;
}

#define SEEN(text)  assert_seen_bytes(text, sizeof text - 1)
#define TYPED(text) assert_typed_bytes(text, sizeof text - 1)

static int start_logged_in(void **state)
{
    start(state);
    SEND("micro\r\npython\r\n");
    assert_int_equal(session->state, TELNET_OPEN);
    world.seen_size = 0;
    return 0;
}

/* `us` of link time go by, and the session is polled. */
static void wait_us(uint64_t us)
{
    world.now.link_us += us;
    telnet_session_poll(session, world.now, UINT64_MAX);
}

#endif

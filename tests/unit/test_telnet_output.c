/* What telnet's client gets to see of the console's output: slow clients, AO, the byte 255. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "hal/clock.h"
#include "net/telnet/telnet_internal.h"
#include "net/telnet/telnet_server.h"
#include "system/console.h"

#define MARK  "\xff\xf2"
#define LOST  "\r\n[output lost]\r\n"
#define A_KEY (TELNET_STALL_US / 10) /* what one wait of the loop takes */

static struct tcp_pcb pcb;
static struct telnet_connection client;
static char seen[1 << 20]; /* by the client */
static size_t seen_size;
static uint64_t link_us;
static bool no_memory; /* lwIP has none */
static bool reads;     /* the client does, all that it was sent, whenever the loop waits */
static void (*while_waiting)(void);
static bool prompt; /* Python waits for input */
static void (*print)(const char *data, size_t size);

uint64_t hal_clock_link_us(void)
{
    return link_us;
}

err_t tcp_write(struct tcp_pcb *to, const void *data, u16_t size, u8_t flags)
{
    assert_ptr_equal(to, &pcb);
    assert_true(size <= tcp_sndbuf(&pcb) && seen_size + size <= sizeof seen);
    if (no_memory) {
        return ERR_MEM;
    }
    memcpy(seen + seen_size, data, size);
    seen_size += size;
    pcb.snd_buf -= size;
    return ERR_OK;
}

static void read_all(void)
{
    client.taken += TCP_SND_BUF - pcb.snd_buf;
    pcb.snd_buf = TCP_SND_BUF;
}

void loop_wait(uint64_t until_us)
{
    link_us += A_KEY;
    if (reads) {
        read_all();
    }
    if (while_waiting != NULL) {
        void (*happens)(void) = while_waiting;
        while_waiting = NULL;
        happens();
    }
}

bool console_is_waiting(void)
{
    return prompt;
}

void console_set_remote(void (*write)(const char *data, size_t size))
{
    print = write;
}

static int log_in(void **state)
{
    memset(&client, 0, sizeof client);
    pcb.snd_buf = TCP_SND_BUF;
    client.pcb = &pcb;
    telnet_owner = &client;
    link_us = 1000;
    no_memory = prompt = false;
    reads = true;
    while_waiting = NULL;
    telnet_output_init();
    print("\r\n", 2); /* of the line that the last test has left */
    pcb.snd_buf = TCP_SND_BUF;
    seen_size = 0;
    return 0;
}

static void say(const char *text)
{
    print(text, strlen(text));
}

static void expect_seen(const char *text)
{
    assert_int_equal(seen_size, strlen(text));
    assert_memory_equal(seen, text, seen_size);
    seen_size = 0;
}

static bool was_seen(const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= seen_size; i++) {
        if (memcmp(seen + i, text, size) == 0) {
            return true;
        }
    }
    return false;
}

/* More than the send buffer holds, and a prompt. */
static char much[10 * TCP_SND_BUF];
static void print_much(void)
{
    memset(much, 'm', sizeof much);
    much[sizeof much - 2] = '\n';
    much[sizeof much - 1] = '>';
    print(much, sizeof much);
}

static void test_all_of_it_comes_however_slowly_it_is_read(void **state)
{
    print_much();
    assert_int_equal(seen_size, sizeof much);
    assert_memory_equal(seen, much, sizeof much);
}

static void test_byte_255_is_doubled(void **state)
{
    say("a\xff\xff"
        "b\xff");
    expect_seen("a\xff\xff\xff\xff"
                "b\xff\xff");
}

/* ---- a client that takes nothing */

static void test_client_that_takes_nothing_is_waited_for_once(void **state)
{
    reads = false;
    print_much();
    assert_int_equal(seen_size, TCP_SND_BUF);
    assert_in_range(link_us, 1000 + TELNET_STALL_US, 1000 + TELNET_STALL_US + A_KEY);
    uint64_t since_us = link_us;
    print_much();
    assert_true(link_us == since_us);
    telnet_output_poll(&client);
    assert_int_equal(seen_size, TCP_SND_BUF);

    seen_size = 0;
    client.taken += TCP_SND_BUF / 2 - 1;
    pcb.snd_buf = TCP_SND_BUF / 2 - 1;
    telnet_output_poll(&client);
    expect_seen("");
    pcb.snd_buf = TCP_SND_BUF / 2;
    telnet_output_poll(&client);
    expect_seen(LOST ">"); /* and the line on which the cursor is */
    say("more");
    expect_seen("more");
}

static void test_stall_does_not_cut_a_byte_255_in_two(void **state)
{
    reads = false;
    pcb.snd_buf = 3;
    say("ab\xff"
        "c");
    expect_seen("ab");
    assert_true(client.stalled);
}

static void test_words_that_find_no_memory_come_later(void **state)
{
    say(">>> ");
    seen_size = 0;
    no_memory = true;
    telnet_output_show_line(&client);
    telnet_output_poll(&client);
    expect_seen("");
    say("x");
    expect_seen("");
    no_memory = false;
    telnet_output_poll(&client);
    expect_seen(LOST ">>> x");
    say("y");
    expect_seen("y");
}

/* ---- AO */

static void send_abort(void)
{
    telnet_output_abort(&client);
}

static void test_abort_drops_output_until_python_waits(void **state)
{
    say("before");
    send_abort();
    expect_seen("before" MARK);
    say("\nunseen\n");
    telnet_output_poll(&client);
    expect_seen("");
    say(">>> ");
    telnet_output_sent();
    prompt = true;
    struct loop_deadline deadline = {HAL_CLOCK_NEVER, HAL_CLOCK_NEVER};
    telnet_output_deadline(&deadline);
    assert_int_equal(deadline.link_us, 0); /* it is not left for the next event */
    telnet_output_poll(&client);
    expect_seen("\r\n>>> ");
    say("1");
    expect_seen("1");
}

static void test_abort_is_heeded_in_the_midst_of_a_write(void **state)
{
    while_waiting = send_abort;
    print_much();
    assert_int_equal(seen_size, TCP_SND_BUF + 2);
    assert_true(was_seen(MARK));
}

static void abort_and_type(void)
{
    telnet_output_abort(&client);
    telnet_output_resume(&client);
}

static void test_what_was_cut_does_not_come_back_with_a_key(void **state)
{
    while_waiting = abort_and_type;
    print_much();
    assert_int_equal(seen_size, TCP_SND_BUF + strlen(MARK "\r\n>"));
    assert_memory_equal(seen + TCP_SND_BUF, MARK "\r\n>", 5);
    seen_size = 0;
    say("next");
    expect_seen("next");
}

static void test_mark_waits_for_room(void **state)
{
    reads = false;
    while_waiting = send_abort;
    print_much(); /* the buffer is full */
    assert_false(was_seen(MARK));
    seen_size = 0;
    telnet_output_poll(&client);
    expect_seen("");
    read_all();
    telnet_output_poll(&client);
    expect_seen(MARK);
    telnet_output_poll(&client);
    expect_seen("");
}

static void let_go(void)
{
    telnet_owner = NULL;
}

static void test_client_that_goes_while_it_is_waited_for(void **state)
{
    reads = false;
    while_waiting = let_go;
    print_much();
    assert_int_equal(link_us, 1000 + A_KEY);
    say("nobody sees it");
    assert_int_equal(seen_size, TCP_SND_BUF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_of_it_comes_however_slowly_it_is_read, log_in),
        cmocka_unit_test_setup(test_byte_255_is_doubled, log_in),
        cmocka_unit_test_setup(test_client_that_takes_nothing_is_waited_for_once, log_in),
        cmocka_unit_test_setup(test_stall_does_not_cut_a_byte_255_in_two, log_in),
        cmocka_unit_test_setup(test_words_that_find_no_memory_come_later, log_in),
        cmocka_unit_test_setup(test_abort_drops_output_until_python_waits, log_in),
        cmocka_unit_test_setup(test_abort_is_heeded_in_the_midst_of_a_write, log_in),
        cmocka_unit_test_setup(test_what_was_cut_does_not_come_back_with_a_key, log_in),
        cmocka_unit_test_setup(test_mark_waits_for_room, log_in),
        cmocka_unit_test_setup(test_client_that_goes_while_it_is_waited_for, log_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

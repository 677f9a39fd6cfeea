/* The control socket's lines and clients (board/control.h), over a real socket. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/control.h"

static struct ev_loop *loop;
static struct control control;
static char directory[] = "/tmp/test_control.XXXXXX";
static char big[600000];

/* Answers with the line in brackets; "follow", "big" and "none" are special. */
static char *answer(void *context, const char *line, bool *follow)
{
    *follow = strcmp(line, "follow") == 0;
    if (strcmp(line, "none") == 0) {
        return NULL;
    }
    if (strcmp(line, "big") == 0) {
        return strdup(big);
    }
    char *text = malloc(strlen(line) + 3);
    sprintf(text, "[%s]", line);
    return text;
}

static int make_directory(void **state)
{
    memset(big, 'x', sizeof big - 1);
    return mkdtemp(directory) == NULL || chdir(directory) < 0;
}

static int remove_directory(void **state)
{
    return rmdir(directory);
}

static int set_up(void **state)
{
    loop = ev_loop_new(EVFLAG_AUTO);
    control.answer = answer;
    close(open(CONTROL_SOCKET, O_CREAT | O_WRONLY, 0600)); /* left there by a killed board */
    return control_open(&control, loop);
}

static int tear_down(void **state)
{
    control_close(&control);
    ev_loop_destroy(loop);
    return 0;
}

static void work(void)
{
    for (int i = 0; i < 200; i++) {
        ev_run(loop, EVRUN_NOWAIT);
    }
}

static int client(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    work();
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    work();
}

static void assert_hears(int fd, const char *expected)
{
    char text[1000];
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    assert_in_range(n, 0, sizeof text - 1);
    text[n] = '\0';
    assert_string_equal(text, expected);
}

static void assert_hears_nothing(int fd)
{
    char byte;
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
}

static void each_line_is_answered_in_order(void **state)
{
    int fd = client();
    say(fd, "a\nb\n\nc");
    assert_hears(fd, "[a]\n[b]\n[]\n");
    say(fd, "d\n");
    assert_hears(fd, "[cd]\n");
    close(fd);
}

static void a_line_may_be_so_long_and_no_longer(void **state)
{
    int fd = client();
    char line[CONTROL_LINE_MAX + 2];
    memset(line, 'x', sizeof line);
    line[CONTROL_LINE_MAX] = '\n';
    line[CONTROL_LINE_MAX + 1] = '\0';
    say(fd, line);
    char reply[CONTROL_LINE_MAX + 4];
    assert_int_equal(recv(fd, reply, sizeof reply, MSG_DONTWAIT), CONTROL_LINE_MAX + 3);
    line[CONTROL_LINE_MAX] = 'x';
    for (int i = 0; i < 25; i++) {
        say(fd, line);
    }
    say(fd, "the end\nnext\n");
    assert_hears(fd, "{\"ok\": false, \"error\": \"the line is too long\"}\n[next]\n");
    close(fd);
}

static void who_hangs_up_after_asking_is_answered(void **state)
{
    int fd = client();
    send(fd, "a\nb", 3, 0);
    shutdown(fd, SHUT_WR);
    work();
    assert_hears(fd, "[a]\n{\"ok\": false, \"error\": \"the line does not end\"}\n");
    assert_hears(fd, "");
    close(fd);
}

static void the_idlest_makes_room(void **state)
{
    int fds[CONTROL_CLIENTS];
    for (int i = 0; i < CONTROL_CLIENTS; i++) {
        fds[i] = client();
    }
    say(fds[0], "x\n");
    say(fds[1], "follow\n");
    control_led_changed(&control, 1, true);
    work();
    int next = client();
    say(next, "y\n");
    assert_hears(next, "[y]\n");
    assert_hears(fds[0], "[x]\n");
    assert_hears(fds[2], "{\"ok\": false, \"error\": \"there are many clients, and this one was "
                         "idle the longest\"}\n");
    assert_hears(fds[2], "");
    say(fds[0], "x\n");
    assert_hears(fds[0], "[x]\n");
    assert_hears(fds[1], "[follow]\n{\"led\": [1, 1]}\n");
    close(next);
    for (int i = 0; i < CONTROL_CLIENTS; i++) {
        close(fds[i]);
    }
    work();
    for (int i = 0; i < CONTROL_CLIENTS; i++) {
        assert_null(control.clients[i]);
    }
}

static void only_followers_hear_of_the_led(void **state)
{
    int follower = client(), other = client();
    say(follower, "follow\n");
    say(other, "x\n");
    assert_hears(follower, "[follow]\n");
    assert_hears(other, "[x]\n");
    control_led_changed(&control, 5012, true);
    control_led_changed(&control, 5092, false);
    work();
    assert_hears(follower, "{\"led\": [5012, 1]}\n{\"led\": [5092, 0]}\n");
    assert_hears_nothing(other);
    close(follower);
    close(other);
}

static void who_does_not_read_is_closed(void **state)
{
    int reader = client(), deaf = client();
    say(deaf, "big\nbig\nbig\nbig\n");
    assert_null(control.clients[1]);
    close(deaf);
    /* A follower, too. */
    deaf = client();
    say(deaf, "follow\n");
    for (int i = 0; i < 200000 && control.clients[1] != NULL; i++) {
        control_led_changed(&control, (uint64_t)i, i % 2);
        ev_run(loop, EVRUN_NOWAIT);
    }
    work();
    assert_null(control.clients[1]);
    close(deaf);
    say(reader, "x\n");
    assert_hears(reader, "[x]\n");
    close(reader);
}

static void a_large_answer_arrives_whole(void **state)
{
    int fd = client();
    say(fd, "big\nx\n");
    size_t total = 0;
    char part[10000];
    ssize_t n;
    while ((n = recv(fd, part, sizeof part, MSG_DONTWAIT)) > 0) {
        total += (size_t)n;
        work();
    }
    assert_int_equal(total, sizeof big + sizeof "[x]");
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_line_is_answered_in_order),        TEST(a_line_may_be_so_long_and_no_longer),
        TEST(who_hangs_up_after_asking_is_answered), TEST(the_idlest_makes_room),
        TEST(only_followers_hear_of_the_led),        TEST(who_does_not_read_is_closed),
        TEST(a_large_answer_arrives_whole),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

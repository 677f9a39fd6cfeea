/* The laptop's forwards (board/laptop/forward.h) while there is no board. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/laptop/forward.h"
#include "tests/unit/test_clock.h"

static void a_wait_ends_whatever_the_time_of_day(void **state)
{
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    static struct station station;
    struct forward forward;
    int ends[2];
    char byte;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    forward_init(&forward, loop, &station);
    forward_host(&forward, ends[0], 23, NULL);
    time_of_day -= 3600;
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(recv(ends[1], &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
    monotonic += (time_t)FORWARD_WAIT + 1;
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(recv(ends[1], &byte, 1, MSG_DONTWAIT), 0);
    close(ends[1]);
    ev_loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_ends_whatever_the_time_of_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

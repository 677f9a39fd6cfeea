/* The laptop's companion (board/companion.h): the test in the place of the laptop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/companion.h"
#include "tests/unit/test_clock.h"
#include "tests/unit/test_place.h"

static struct ev_loop *loop;
static struct companion companion;
static int laptop; /* its end */
static int notices;

static void noticed(void *context, const char *line)
{
    notices++;
}

static int set_up(void **state)
{
    int ends[2];
    loop = ev_loop_new(EVFLAG_AUTO);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    laptop = ends[1];
    companion = (struct companion){.laptop = getpid(), .fd = ends[0], .noticed = noticed};
    companion_search(&companion, loop, &place);
    return 0;
}

static int tear_down(void **state)
{
    close(companion.laptop_ended.fd);
    close(companion.fd);
    close(laptop);
    ev_loop_destroy(loop);
    return 0;
}

static void the_time_of_day_keeps_nobody_waiting(void **state)
{
    static const uint8_t nowhere[4];
    struct laptop_prospect prospect;
    companion_board_is_station(&companion, false, nowhere);
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(notices, 0);
    time_of_day -= 3600;
    monotonic += (time_t)COMPANION_PATIENCE + 1;
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(notices, 1);
    assert_int_equal(recv(laptop, &prospect, sizeof prospect, MSG_DONTWAIT), sizeof prospect);
    assert_true(prospect.is_lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_time_of_day_keeps_nobody_waiting, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}

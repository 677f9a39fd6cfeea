/* What the laptop's station (board/laptop/station.h) tells the board, which may be slow to hear. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/laptop/station.h"

static void changed(void *context, bool online)
{
}

/* With the descriptor of a connection to an access point. */
static void invite(int board, int fd)
{
    struct laptop_invitation invitation = {.number = 7, .network = {.ssid = "wipy"}};
    struct iovec part = {&invitation, sizeof invitation};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    assert_int_equal(sendmsg(board, &message, MSG_DONTWAIT), sizeof invitation);
}

/* Else it is never invited again. */
static void a_board_that_does_not_listen_now_hears_it_later(void **state)
{
    static struct station station;
    int ends[2], air[2], full = 0;
    struct laptop_news news;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, air), 0);
    station_init(&station, &(struct station_config){
                               .loop = loop, .board_fd = ends[1], .mac = {2}, .changed = changed});
    invite(ends[0], air[0]);
    close(air[0]);
    while (write(ends[1], "old news", 8) == 8) {
        full++;
    }
    ev_run(loop, EVRUN_NOWAIT);
    close(air[1]);
    ev_run(loop, EVRUN_NOWAIT);
    while (recv(ends[0], &news, sizeof news, MSG_DONTWAIT) > 0 && full-- > 0) {
    }
    for (int i = 0; i < 3; i++) {
        ev_run(loop, EVRUN_NOWAIT);
    }
    assert_int_equal(recv(ends[0], &news, sizeof news, MSG_DONTWAIT), sizeof news);
    assert_int_equal(news.invitation, 7);
    assert_int_equal(news.word, LAPTOP_REFUSED);
    close(ends[0]);
    close(ends[1]);
    ev_loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_board_that_does_not_listen_now_hears_it_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

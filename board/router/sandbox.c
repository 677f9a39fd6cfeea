#include "board/router/sandbox.h"

#include <sys/socket.h>

#include "board/child/child.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

int sandbox_nat(bool internet)
{
    static const int outside[] = {SCMP_SYS(connect),     SCMP_SYS(bind),  SCMP_SYS(getsockname),
                                  SCMP_SYS(getpeername), SCMP_SYS(fcntl), SCMP_SYS(ioctl)};
    scmp_filter_ctx filter = child_filter(outside, internet ? COUNT(outside) : 0);
    if (filter == NULL) {
        return -1;
    }
    int result = 0;
    if (internet) {
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                  SCMP_A0(SCMP_CMP_EQ, AF_INET));
    }
    return child_close(filter) == 0 && result == 0 ? 0 : -1;
}

int sandbox_ap(void)
{
    static const int allowed[] = {SCMP_SYS(wait4)}; /* the end of the network */
    scmp_filter_ctx filter = child_filter(allowed, COUNT(allowed));
    if (filter == NULL) {
        return -1;
    }
    int result = child_allow_place(filter);
    return child_close(filter) == 0 && result == 0 ? 0 : -1;
}

#include "board/router/sandbox.h"

#include <sys/socket.h>

#include "board/child/child.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Sockets of this family. */
static int allow_sockets(scmp_filter_ctx filter, int family)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
}

int sandbox_nat(bool internet)
{
    static const int outside[] = {SCMP_SYS(connect),     SCMP_SYS(bind),  SCMP_SYS(getsockname),
                                  SCMP_SYS(getpeername), SCMP_SYS(fcntl), SCMP_SYS(ioctl)};
    scmp_filter_ctx filter = child_filter(outside, internet ? COUNT(outside) : 0);
    if (filter == NULL) {
        return -1;
    }
    int result = internet ? allow_sockets(filter, AF_INET) : 0;
    return child_close(filter) == 0 && result == 0 ? 0 : -1;
}

int sandbox_ap(void)
{
    static const int allowed[] = {
        /* stations */
        SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(connect),
        /* beacons and conditions */
        SCMP_SYS(openat), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(flock), SCMP_SYS(pread64),
        SCMP_SYS(pwrite64), SCMP_SYS(ftruncate), SCMP_SYS(fchmod), SCMP_SYS(renameat),
        SCMP_SYS(unlinkat), SCMP_SYS(clock_nanosleep),
        /* the end of the network */
        SCMP_SYS(wait4)};
    scmp_filter_ctx filter = child_filter(allowed, COUNT(allowed));
    if (filter == NULL) {
        return -1;
    }
    int result = allow_sockets(filter, AF_UNIX);
    return child_close(filter) == 0 && result == 0 ? 0 : -1;
}

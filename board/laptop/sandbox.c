#include "board/laptop/sandbox.h"

#include <sys/socket.h>

#include "board/child/child.h"

int laptop_sandbox(void)
{
    static const int allowed[] = {SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(listen),
                                  SCMP_SYS(connect), SCMP_SYS(getsockname)};
    scmp_filter_ctx filter = child_filter(allowed, sizeof allowed / sizeof allowed[0]);
    if (filter == NULL)
        return -1;
    int result =
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, AF_INET),
                         SCMP_A1(SCMP_CMP_MASKED_EQ, 0xF, SOCK_STREAM));
    return child_close(filter) == 0 && result == 0 ? 0 : -1;
}

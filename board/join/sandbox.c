#include "board/join/sandbox.h"

#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/route.h>
#include <sys/ioctl.h>

#include "board/child/child.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

int join_sandbox(pid_t inside)
{
    static const int allowed[] = {/* listing and watching the place */
                                  SCMP_SYS(getdents64), SCMP_SYS(fcntl), SCMP_SYS(inotify_init1),
                                  SCMP_SYS(inotify_add_watch), SCMP_SYS(lseek),
                                  /* the end of COMMAND */
                                  SCMP_SYS(wait4)};
    static const unsigned long settings[] = {TUNSETCARRIER, SIOCETHTOOL, SIOCSIFADDR,
                                             SIOCSIFNETMASK, SIOCADDRT};
    scmp_filter_ctx filter = child_filter(allowed, COUNT(allowed));
    if (filter == NULL) {
        return -1;
    }
    int result = child_allow_place(filter);
    for (size_t i = 0; i < COUNT(settings); i++) {
        result |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                   SCMP_A1(SCMP_CMP_EQ, settings[i]));
    }
    result |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1,
                               SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)inside));
    return child_close(filter) == 0 && result == 0 ? 0 : -1;
}

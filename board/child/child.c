#include "board/child/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what it has of its parent */

static void ignore_terminal(void)
{
    static const int ignored[] = {SIGINT, SIGQUIT, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        signal(ignored[i], SIG_IGN);
    }
    signal(SIGTERM, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void child_settle(const char *name, pid_t parent, unsigned files)
{
    prctl(PR_SET_NAME, name);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        _exit(1);
    }
    ignore_terminal();
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max < files ? limit.rlim_max : files;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* The smallest one to keep from `first` on. */
static unsigned next_kept(const int *fds, int count, unsigned first)
{
    unsigned next = UINT_MAX;
    for (int i = 0; i < count; i++) {
        if (fds[i] >= (int)first && (unsigned)fds[i] < next) {
            next = (unsigned)fds[i];
        }
    }
    return next;
}

void child_keep(const int *fds, int count)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    unsigned first = STDERR_FILENO + 1, next;
    while ((next = next_kept(fds, count, first)) != UINT_MAX) {
        if (next > first) {
            close_range(first, next - 1, 0);
        }
        first = next + 1;
    }
    close_range(first, UINT_MAX, 0);
}

/* ---- what it may ask of the kernel */

static const int always[] = {
    /* bytes and frames, and waiting for them */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg),
    SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(shutdown), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(clock_gettime),
    SCMP_SYS(restart_syscall),
    /* memory, randomness, the end */
    SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
    SCMP_SYS(mprotect), SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(tgkill),
    SCMP_SYS(exit_group),
    SCMP_SYS(sigaltstack), /* asked by the address sanitizer when the process ends */
};

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        result |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    }
    return result;
}

scmp_filter_ctx child_filter(const int *allowed, size_t count)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter != NULL && (allow(filter, always, sizeof always / sizeof always[0]) != 0 ||
                           allow(filter, allowed, count) != 0)) {
        seccomp_release(filter);
        return NULL;
    }
    return filter;
}

int child_allow_place(scmp_filter_ctx filter)
{
    static const int place[] = {
        SCMP_SYS(accept4),  SCMP_SYS(bind),     SCMP_SYS(listen),          SCMP_SYS(connect),
        SCMP_SYS(openat),   SCMP_SYS(fstat),    SCMP_SYS(newfstatat),      SCMP_SYS(flock),
        SCMP_SYS(pread64),  SCMP_SYS(pwrite64), SCMP_SYS(ftruncate),       SCMP_SYS(fchmod),
        SCMP_SYS(renameat), SCMP_SYS(unlinkat), SCMP_SYS(clock_nanosleep), SCMP_SYS(dup3)};
    int result = allow(filter, place, sizeof place / sizeof place[0]) |
                 seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                  SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
    return result == 0 ? 0 : -1;
}

int child_close(scmp_filter_ctx filter)
{
    int result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (result == 0) {
        result = seccomp_load(filter);
    }
    seccomp_release(filter);
    return result == 0 ? 0 : -1;
}

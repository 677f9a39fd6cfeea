#include "board/mcu.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/loader/loader.h"
#include "lib/flash_map.h"
#include "link/link.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

/* Enough for more than a hundred frames on their way; the kernel grants what it allows. */
#define SOCKET_BUFFER (1 << 20)

/* Namespaces of its own, all empty. They cost less than 0.1 ms together. A network namespace is not
 * among them: it costs 0.7 to 4 ms at each start, and the filter lets an MCU make no socket of any
 * family anyway. */
#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID)

extern const uint8_t loader_binary[], loader_binary_end[];

/* Made once in the life of the process, for all MCUs it starts. */
static int loader_fd = -1;
static int hosted_fd = -1;
static int filter_fd = -1;

/* All that an MCU may ask of the kernel: packets on its three sockets, sleep, time, its own
 * signals, random numbers; and, below, reading the flash. */
static const int allowed_calls[] = {
    SCMP_SYS(read),           SCMP_SYS(write),           SCMP_SYS(ppoll),
    SCMP_SYS(clock_gettime),  SCMP_SYS(rt_sigreturn),    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(sigaltstack),     SCMP_SYS(setitimer),
    SCMP_SYS(getrandom),      SCMP_SYS(set_tid_address), SCMP_SYS(exit_group),
#if defined(__x86_64__)
    SCMP_SYS(arch_prctl), /* the C library's thread pointer */
#endif
};

static int make_filter(void)
{
    int fd = memfd_create("mcu-filter", MFD_CLOEXEC);
    scmp_filter_ctx filter = fd < 0 ? NULL : seccomp_init(SCMP_ACT_TRAP);
    int error = filter ? 0 : -ENOMEM;
    for (size_t i = 0; i < sizeof allowed_calls / sizeof allowed_calls[0] && error == 0; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
    }
    if (error == 0) {
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(pread64), 1,
                                 SCMP_A0(SCMP_CMP_EQ, LINK_FD_FLASH));
    }
    if (error == 0) {
        error = seccomp_export_bpf(filter, fd);
    }
    seccomp_release(filter);
    if (error == 0) {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

static int make_loader(void)
{
    int fd = memfd_create("mcu", MFD_CLOEXEC | MFD_EXEC);
    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create("mcu", MFD_CLOEXEC); /* a kernel that does not know the flag and makes all
                                                  of them executable */
    }
    size_t size = (size_t)(loader_binary_end - loader_binary);
    if (fd >= 0 && write(fd, loader_binary, size) != (ssize_t)size) {
        close(fd);
        return -EIO;
    }
    return fd < 0 ? -errno : fd;
}

/* In builds with sanitizers a test may name a program (targets/hosted) that takes the place of the
 * firmware, without sandbox. */
static int open_hosted(void)
{
#ifdef WIPY_SANITIZE
    const char *path = getenv("WIPY_HOSTED_FIRMWARE");
    if (path && hosted_fd < 0) {
        hosted_fd = open(path, O_RDONLY | O_CLOEXEC);
        return hosted_fd < 0 ? -errno : 0;
    }
#endif
    return 0;
}

/* What all MCUs need, made at the first one. 0 or -errno. */
static int prepare(void)
{
    if (loader_fd < 0 && (loader_fd = make_loader()) < 0) {
        return loader_fd;
    }
    if (filter_fd < 0 && (filter_fd = make_filter()) < 0) {
        return filter_fd;
    }
    return open_hosted();
}

void mcu_init(struct mcu *mcu)
{
    *mcu = (struct mcu){.pid_fd = -1, .bus_fd = -1, .event_fd = -1, .radio_fd = -1};
}

/* One link socket: the board's end is non-blocking, the MCU's end only where its HAL asks without
 * waiting. */
static int make_socket(int ends[2], bool mcu_waits)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        return -errno;
    }
    int size = SOCKET_BUFFER;
    for (int i = 0; i < 2; i++) {
        setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    if (mcu_waits && fcntl(ends[1], F_SETFL, 0) < 0) {
        return -errno;
    }
    return 0;
}

/* In the new process: puts the descriptors where the loader expects them and becomes the loader (or
 * the hosted program). */
static _Noreturn void become(int program_fd, const int fds[], size_t count, char *const arguments[])
{
    enum { ASIDE = 32 };
    int aside[LOADER_FD_FILTER + 1];
    for (size_t i = 0; i < count; i++) {
        aside[i] = fcntl(fds[i], F_DUPFD, ASIDE); /* the loader closes these */
    }
    int program = fcntl(program_fd, F_DUPFD_CLOEXEC, ASIDE);
    for (size_t i = 0; i < count; i++) {
        dup2(aside[i], LINK_FD_BUS + (int)i);
    }
    char *const environment[] = {NULL};
    syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);

    struct link_fault fault = {.signal = LINK_FAULT_REASON};
    snprintf(fault.reason, sizeof fault.reason, "MCU: cannot start its loader: errno %d", errno);
    pwrite(LOADER_FD_REGISTERS, &fault, sizeof fault, offsetof(struct link_registers, fault));
    _exit(1);
}

static pid_t new_process(unsigned long namespaces, int *pid_fd)
{
    return (pid_t)syscall(SYS_clone, namespaces | CLONE_PIDFD | SIGCHLD, 0, pid_fd, 0, 0);
}

int mcu_start(struct mcu *mcu, const struct mcu_config *config, uint32_t address, uint32_t size)
{
    int error = prepare();
    if (error) {
        return error;
    }
    int bus[2] = {-1, -1}, event[2] = {-1, -1}, radio[2] = {-1, -1};
    error = make_socket(bus, true);
    error = error ? error : make_socket(event, false);
    error = error ? error : make_socket(radio, false);
    if (!error) {
        char address_text[16], size_text[16], name[] = "mcu";
        snprintf(address_text, sizeof address_text, "%u", address);
        snprintf(size_text, sizeof size_text, "%u", size);
        char *const arguments[] = {name, address_text, size_text, NULL};
        const int fds[] = {bus[1],   event[1], radio[1], config->flash_fd, config->registers_fd,
                           filter_fd};
        pid_t pid = new_process(NAMESPACES, &mcu->pid_fd);
        if (pid < 0) {
            pid = new_process(
                0,
                &mcu->pid_fd); /* namespaces are not permitted here; the filter stands on its own */
        }
        if (pid == 0) {
            bool hosted = hosted_fd >= 0 && address != FLASH_BOOTLOADER_ADDRESS;
            become(hosted ? hosted_fd : loader_fd, fds, sizeof fds / sizeof fds[0], arguments);
        }
        error = pid < 0 ? -errno : 0;
        mcu->pid = pid < 0 ? 0 : pid;
    }
    close(bus[1]);
    close(event[1]);
    close(radio[1]);
    mcu->bus_fd = bus[0];
    mcu->event_fd = event[0];
    mcu->radio_fd = radio[0];
    if (error) {
        mcu_stop(mcu);
    }
    return error;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

void mcu_stop(struct mcu *mcu)
{
    if (mcu->pid > 0) {
        kill(mcu->pid, SIGKILL);
        while (waitpid(mcu->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        mcu->pid = 0;
    }
    close_fd(&mcu->pid_fd);
    close_fd(&mcu->bus_fd);
    close_fd(&mcu->event_fd);
    close_fd(&mcu->radio_fd);
}

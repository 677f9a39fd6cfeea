#include "board/join/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define TEXT_MAX    512
#define PARTS       3 /* descriptors that come out: tap, control, resolv */

/* What COMMAND may do inside besides what its user may do anywhere: administer this network, so
 * that DHCP clients, ip, tcpdump and ping work. */
static const unsigned capabilities[] = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE};

static int exit_status(int how)
{
    return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

/* ---- inside: the namespaces */

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t written = fd >= 0 ? write(fd, text, strlen(text)) : -1;
    int reason = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = reason;
    return written < 0 ? -1 : 0;
}

/* The user stays who he is. */
static int map_user(uid_t uid, gid_t gid)
{
    char users[64], groups[64];
    snprintf(users, sizeof users, "%u %u 1", uid, uid);
    snprintf(groups, sizeof groups, "%u %u 1", gid, gid);
    return write_file("/proc/self/setgroups", "deny") < 0 ||
                   write_file("/proc/self/gid_map", groups) < 0 ||
                   write_file("/proc/self/uid_map", users) < 0
               ? -1
               : 0;
}

/* Another file in place of /etc/resolv.conf: what a DHCP client inside writes there stays inside.
 * The file is on a file system of its own, which is nowhere to be seen afterwards; it stands on
 * /proc for a moment, which is everywhere. */
static int mount_resolv_conf(char *error, size_t error_size)
{
    static const char file[] = "/proc/resolv.conf";
    int fd = -1;
    if (mount("tmpfs", "/proc", "tmpfs", 0, "size=64k") == 0) {
        fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    }
    if (fd < 0 || fchmod(fd, 0644) < 0 || mount(file, RESOLV_CONF, NULL, MS_BIND, NULL) < 0 ||
        umount2("/proc", MNT_DETACH) < 0) {
        snprintf(error, error_size, "cannot put another file in place of " RESOLV_CONF ": %s",
                 strerror(errno));
        return -1;
    }
    return fd;
}

/* `is_mapped`: so is the user. */
static int settle(uid_t uid, gid_t gid, bool is_mapped, char *error, size_t error_size)
{
    if (!is_mapped && map_user(uid, gid) < 0) {
        snprintf(
            error, error_size,
            "this machine gives a user namespace no rights (%s); as root, allow it with `sysctl "
            "-w kernel.apparmor_restrict_unprivileged_userns=0`, or run wipy join as root",
            strerror(errno));
        return -1;
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) {
        snprintf(error, error_size, "cannot make mounts of its own: %s", strerror(errno));
        return -1;
    }
    return 0;
}

/* ---- inside: what goes out */

static void send_out(int fd, const char *text, const int *parts)
{
    struct iovec content = {(void *)(uintptr_t)text, strlen(text) + 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(PARTS * sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &content, .msg_iovlen = 1};
    if (parts != NULL) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(PARTS * sizeof(int));
        memcpy(CMSG_DATA(header), parts, PARTS * sizeof(int));
    }
    (void)!sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* Everything is made, and handed out; our copies are closed, so that wlan0 ends with its owner. */
static bool make_all(int fd, uid_t uid, gid_t gid, const uint8_t mac[6])
{
    char error[TEXT_MAX];
    struct device device;
    int resolv = -1;
    bool is_mapped;
    if (recv(fd, &is_mapped, sizeof is_mapped, 0) != (ssize_t)sizeof is_mapped) {
        return false;
    }
    if (settle(uid, gid, is_mapped, error, sizeof error) < 0 ||
        device_make(&device, mac, error, sizeof error) < 0 ||
        (resolv = mount_resolv_conf(error, sizeof error)) < 0) {
        send_out(fd, error, NULL);
        return false;
    }
    /* Where the kernel does not grant it, `ps` shows the processes outside: no harm. */
    (void)!mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    /* The same for /sys, whose class/net would show the interfaces outside. */
    (void)!mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL);
    int parts[PARTS] = {device.tap, device.control, resolv};
    send_out(fd, "", parts);
    for (int i = 0; i < PARTS; i++) {
        close(parts[i]);
    }
    return true;
}

/* ---- inside: COMMAND */

/* Capabilities that survive the exec of who is not root. */
static void keep_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) {
        return;
    }
    for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++) {
        data[0].inheritable |= 1u << capabilities[i];
    }
    if (syscall(SYS_capset, &header, data) < 0) {
        return;
    }
    for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++) {
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capabilities[i], 0, 0);
    }
}

static _Noreturn void execute(char **command, const sigset_t *mask)
{
    keep_capabilities();
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(command[0], command);
    int reason = errno;
    fprintf(stderr, "wipy join: %s: %s\n", command[0], strerror(reason));
    _exit(reason == ENOENT ? 127 : 126); /* as a shell says it */
}

/* Wait for COMMAND as the first process of its PID namespace has to: reap what it leaves, and hand
 * signals on. Those of the terminal have reached it by themselves. */
static _Noreturn void wait_for(pid_t command)
{
    sigset_t all;
    sigfillset(&all);
    for (;;) {
        siginfo_t signal;
        int number = sigwaitinfo(&all, &signal);
        if (number > 0 && number != SIGCHLD && signal.si_code != SI_KERNEL) {
            kill(command, number);
        }
        int status;
        pid_t ended;
        while (number == SIGCHLD && (ended = waitpid(-1, &status, WNOHANG)) > 0) {
            if (ended == command) {
                _exit(exit_status(status));
            }
        }
    }
}

static _Noreturn void run_inside(int fd, uid_t uid, gid_t gid, const uint8_t mac[6], char **command,
                                 const sigset_t *mask)
{
    char go;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, "wipy-inside");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || !make_all(fd, uid, gid, mac) ||
        recv(fd, &go, 1, 0) != 1) { /* end of file: nobody is there any more */
        _exit(1);
    }
    close(fd);
    pid_t pid = fork();
    if (pid == 0) {
        execute(command, mask);
    }
    if (pid < 0) {
        fprintf(stderr, "wipy join: %s\n", strerror(errno));
        _exit(1);
    }
    wait_for(pid);
}

/* ---- outside */

static void explain_refusal(int reason, char *error, size_t error_size)
{
    if (reason == EPERM || reason == ENOSPC || reason == EINVAL || reason == ENOSYS) {
        snprintf(error, error_size,
                 "this machine allows no user namespaces (%s); as root, allow them with `sysctl -w "
                 "user.max_user_namespaces=10000` and, where there is such a setting, `sysctl -w "
                 "kernel.unprivileged_userns_clone=1`; a container must be started with that right",
                 strerror(reason));
    } else {
        snprintf(error, error_size, "cannot start a process: %s", strerror(reason));
    }
}

static bool may_change_users(void)
{
    static const unsigned needed[] = {CAP_SETUID, CAP_SETGID, CAP_SETFCAP};
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    bool may = syscall(SYS_capget, &header, data) == 0;
    for (size_t i = 0; may && i < sizeof needed / sizeof needed[0]; i++) {
        may = data[0].effective >> needed[i] & 1;
    }
    return may;
}

/* Let the process's namespace have all of our users or groups, as who they are. */
static bool copy_map(pid_t pid, const char *name)
{
    char path[64], text[4096] = ""; /* as much as the kernel takes */
    size_t size = 0;
    unsigned first, count;
    snprintf(path, sizeof path, "/proc/self/%s", name);
    FILE *own = fopen(path, "re");
    if (own == NULL) {
        return false;
    }
    while (size < sizeof text && fscanf(own, "%u %*u %u", &first, &count) == 2) {
        size +=
            (size_t)snprintf(text + size, sizeof text - size, "%u %u %u\n", first, first, count);
    }
    fclose(own);
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return size < sizeof text && write_file(path, text) == 0;
}

/* Who may change users may do so inside, too. For anybody else the inside maps its one user. */
static void give_users(const struct inside *inside)
{
    bool is_mapped =
        may_change_users() && copy_map(inside->pid, "gid_map") && copy_map(inside->pid, "uid_map");
    (void)!send(inside->fd, &is_mapped, sizeof is_mapped, MSG_NOSIGNAL);
}

/* 0, or -1 with what the inside says is wrong. */
static int take_parts(struct inside *inside, char *error, size_t error_size)
{
    int parts[PARTS];
    struct iovec content = {error, error_size};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof parts)];
    } control;
    struct msghdr message = {.msg_iov = &content,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    snprintf(error, error_size, "the process in the namespace has ended");
    (void)!recvmsg(inside->fd, &message, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_len != CMSG_LEN(sizeof parts)) {
        return -1;
    }
    memcpy(parts, CMSG_DATA(header), sizeof parts);
    inside->device = (struct device){.tap = parts[0], .control = parts[1]};
    inside->resolv = parts[2];
    return 0;
}

int inside_start(struct inside *inside, const uint8_t mac[6], char **command, const sigset_t *mask,
                 char *error, size_t error_size)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        snprintf(error, error_size, "cannot make a socket: %s", strerror(errno));
        return -1;
    }
    uid_t uid = geteuid();
    gid_t gid = getegid();
    long flags = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | SIGCHLD;
    inside->pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (inside->pid == 0) {
        close(ends[0]);
        run_inside(ends[1], uid, gid, mac, command, mask);
    }
    int reason = errno;
    close(ends[1]);
    inside->fd = ends[0];
    if (inside->pid < 0) {
        explain_refusal(reason, error, error_size);
        close(inside->fd);
        return -1;
    }
    give_users(inside);
    if (take_parts(inside, error, error_size) < 0) {
        inside_stop(inside);
        return -1;
    }
    return 0;
}

void inside_go(const struct inside *inside)
{
    (void)!send(inside->fd, "", 1, MSG_NOSIGNAL);
}

void inside_signal(const struct inside *inside, int number)
{
    kill(inside->pid, number);
}

bool inside_has_ended(const struct inside *inside, int *status)
{
    int how;
    if (waitpid(inside->pid, &how, WNOHANG) != inside->pid) {
        return false;
    }
    *status = exit_status(how);
    return true;
}

void inside_stop(const struct inside *inside)
{
    kill(inside->pid, SIGKILL);
    waitpid(inside->pid, NULL, 0);
}

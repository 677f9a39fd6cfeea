/* What the board's helpers, each a process of its own, have in common: they have nothing but what
 * they need, and none outlives its parent. */
#ifndef BOARD_CHILD_CHILD_H
#define BOARD_CHILD_CHILD_H

#include <seccomp.h>
#include <stddef.h>
#include <sys/types.h>

/* In the child, right after fork(): take the name `name` (15 characters), die with `parent`, ignore
 * what a person types at its terminal, which is for the parent to decide. It has at most `files`
 * descriptors. Ends the process when the parent has gone already. */
void child_settle(const char *name, pid_t parent, unsigned files);

/* Close all descriptors but stderr and these (-1: none); stdin and stdout lead to nowhere. */
void child_keep(const int *fds, int count);

/* A filter for the calls to the kernel: those that are `allowed`, and what every event loop, the C
 * library and the sanitizers need; every other one fails with EPERM. NULL: no memory. The caller
 * may add rules before child_close(). */
scmp_filter_ctx child_filter(const int *allowed, size_t count);

/* Rules for the files of a place of the air (board/air/place.h), and for making and using the
 * sockets in it. 0 or -1. */
int child_allow_place(scmp_filter_ctx filter);

/* From now on the filter holds, for good; it is freed. 0, or -1. */
int child_close(scmp_filter_ctx filter);

#endif

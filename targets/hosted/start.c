/* The hosted target: the firmware as an ordinary program of this machine with ASan and UBSan,
 * behind the same link as in the sandbox. The board starts it in place of the loader (board/mcu.c);
 * here is what the loader does for the sandboxed one. Nothing protects the host from it: for tests.
 */
#include <poll.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "board/loader/loader.h"
#include "hal/reset.h"
#include "link/link.h"

/* The sanitizers report crashes themselves; there is no heap that could leak; and Python's
 * collector looks at the stack as memory, which a stack of fakes would hide from it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0:detect_stack_use_after_return=0:handle_segv=2:handle_sigbus=2:handle_"
           "sigill=2:handle_sigfpe=2:"
           "handle_abort=2";
}

static void died(void)
{
    hal_fault("sanitizer: its report is on the board's standard error");
}

static void map(unsigned long address, size_t size, int protection, int fd)
{
    void *place = (void *)address;
    if (mmap(place, size, protection, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) != place) {
        _exit(1);
    }
}

/* Before the constructor of targets/virtual/start.c. */
static __attribute__((constructor(101))) void start(void)
{
    map(LINK_REGISTERS_ADDRESS, LINK_REGISTERS_SIZE, PROT_READ | PROT_WRITE, LOADER_FD_REGISTERS);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct pollfd bus = {.fd = LINK_FD_BUS};
    if (poll(&bus, 1, 0) != 0) {
        _exit(1); /* the board is gone already */
    }
    setsid();
    signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    __sanitizer_set_death_callback(died);
}

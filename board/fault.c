#include "board/fault.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "board/text.h"

static const char *signal_cause(uint32_t number)
{
    switch (number) {
    case SIGSEGV:
    case SIGBUS:
        return "memory fault";
    case SIGILL:
    case SIGTRAP:
        return "illegal instruction";
    case SIGFPE:
        return "arithmetic fault";
    case SIGSYS:
        return "forbidden call";
    default:
        return "exception";
    }
}

void fault_make(struct fault *fault, const char *cause, const char *reason)
{
    memset(fault, 0, sizeof *fault);
    snprintf(fault->cause, sizeof fault->cause, "%s", cause);
    snprintf(fault->reason, sizeof fault->reason, "%s", reason);
}

/* The MCU itself left no word. */
static void describe_end(struct fault *fault, const siginfo_t *end)
{
    char reason[sizeof fault->reason];
    if (end->si_code == CLD_EXITED) {
        snprintf(reason, sizeof reason, "the program ended with status %d", end->si_status);
        fault_make(fault, "end of program", reason);
    } else {
        snprintf(reason, sizeof reason, "the MCU was stopped by signal %d (%s)", end->si_status,
                 strsignal(end->si_status));
        fault_make(fault, signal_cause((uint32_t)end->si_status), reason);
    }
}

void fault_of_mcu(struct fault *fault, const struct link_fault *left, const siginfo_t *end)
{
    if (left->signal == 0) {
        describe_end(fault, end);
        return;
    }
    bool in_words = left->signal == LINK_FAULT_REASON;
    char reason[sizeof fault->reason];
    text_clean(reason, sizeof reason, left->reason, sizeof left->reason);
    fault_make(fault, in_words ? "firmware" : signal_cause(left->signal), reason);
    fault->has_address = !in_words && left->address != LINK_FAULT_NO_ADDRESS;
    fault->address = left->address;
    fault->has_pc = left->pc != 0 || !in_words; /* a jump to 0 has the pc 0 */
    fault->pc = left->pc;
}

void fault_line(const struct fault *fault, char *line, size_t size)
{
    char address[40] = "", pc[40] = "";
    if (fault->has_address) {
        snprintf(address, sizeof address, " at address 0x%08llx",
                 (unsigned long long)fault->address);
    }
    if (fault->has_pc) {
        snprintf(pc, sizeof pc, ", pc 0x%08llx", (unsigned long long)fault->pc);
    }
    snprintf(line, size, "hard fault: %s%s%s: %s", fault->cause, address, pc, fault->reason);
}

/* Hard faults: whatever the firmware does that the MCU cannot do ends it, with the reason in the
 * registers. */
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "hal/reset.h"
#include "targets/virtual/mcu_link.h"

/* Enough for the largest register state that the kernel saves (AT_MINSIGSTKSZ), and for fault(). */
static uint8_t alternate_stack[65536] __attribute__((aligned(16)));

static void set_reason(const char *text)
{
    volatile char *reason = MCU_REGISTERS->fault.reason;
    size_t i = 0;
    for (; text[i] && i < sizeof MCU_REGISTERS->fault.reason - 1; i++) {
        reason[i] = text[i];
    }
    reason[i] = 0;
}

static uint64_t program_counter(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uint64_t)context->uc_mcontext.gregs[REG_RIP];
#else
    return context->uc_mcontext.pc;
#endif
}

/* A general protection fault has no address. */
static bool has_address(const siginfo_t *info)
{
    return info->si_signo != SIGSEGV || info->si_code != SI_KERNEL;
}

static const char *signal_reason(int signal)
{
    switch (signal) {
    case SIGSEGV:
        return "access to memory that is not there or may not be changed";
    case SIGBUS:
        return "bus error";
    case SIGILL:
        return "illegal instruction";
    case SIGFPE:
        return "arithmetic error";
    case SIGSYS:
        return "call that the hardware does not have";
    default:
        return "unexpected exception";
    }
}

static void fault(int signal, siginfo_t *info, void *context)
{
    uint64_t address = (uint64_t)(uintptr_t)info->si_addr;
    MCU_REGISTERS->fault.address = has_address(info) ? address : LINK_FAULT_NO_ADDRESS;
    MCU_REGISTERS->fault.pc = program_counter(context);
    set_reason(has_address(info) ? signal_reason(signal)
                                 : "access to an impossible address, or a forbidden instruction");
    MCU_REGISTERS->fault.signal = (uint32_t)signal;
    _exit(1);
}

void mcu_install_fault_handlers(void)
{
    stack_t stack = {.ss_sp = alternate_stack, .ss_size = sizeof alternate_stack};
    sigaltstack(&stack, NULL);
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGTRAP};
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND};
    action.sa_sigaction = fault;
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        sigaction(signals[i], &action, NULL);
    }
}

void mcu_fault(const char *reason, const void *pc)
{
    MCU_REGISTERS->fault.address = LINK_FAULT_NO_ADDRESS;
    MCU_REGISTERS->fault.pc = (uint64_t)(uintptr_t)pc;
    set_reason(reason);
    MCU_REGISTERS->fault.signal = LINK_FAULT_REASON;
    _exit(1);
}

void hal_fault(const char *reason)
{
    mcu_fault(reason, __builtin_return_address(0));
}

/* What happens between reset and main(). */
#include <signal.h>
#include <sys/time.h>

#include "hal/interrupt.h"
#include "targets/virtual/mcu_link.h"

#define TICK_US 4000 /* of the MCU's own running time: a sleeping MCU has no ticks */

void hal_interrupt_take(void)
{
    /* Sequentially consistent: the board sets the flag and then sends; this must be seen before the
     * parts are looked at. */
    __atomic_store_n(&hal_interrupt_pending, 0, __ATOMIC_SEQ_CST);
}

static void tick(int signal)
{
    hal_interrupt_pending = 1;
}

static __attribute__((constructor)) void start(void)
{
    mcu_install_fault_handlers();
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigaction(SIGPROF, &action, NULL);
    struct itimerval period = {{0, TICK_US}, {0, TICK_US}};
    setitimer(ITIMER_PROF, &period, NULL);
}

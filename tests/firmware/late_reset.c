/* The firmware with a reset when its services are up and it is about to say so. */
#include "hal/reset.h"

void __wrap_update_confirm(void);

void __wrap_update_confirm(void)
{
    hal_reset();
}

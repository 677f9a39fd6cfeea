/* The firmware with a reset when its services are up and it is about to say so. */
#include "hal/reset.h"

int __wrap_update_confirm(void);

int __wrap_update_confirm(void)
{
    hal_reset();
}

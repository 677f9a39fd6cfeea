/* The WiPy's part of machine.WDT; included by MicroPython's extmod/machine_wdt.c. */
#include "hal/watchdog.h"
#include "python/modpyb.h"

struct _machine_wdt_obj_t {
    mp_obj_base_t base;
};

static machine_wdt_obj_t *mp_machine_wdt_make_new_instance(mp_int_t id, mp_int_t timeout_ms)
{
    static machine_wdt_obj_t the_one = {{&machine_wdt_type}};
    if (id != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("there is only WDT 0"));
    }
    python_start_watchdog(timeout_ms);
    return &the_one;
}

static void mp_machine_wdt_feed(machine_wdt_obj_t *self)
{
    hal_watchdog_feed();
}

/* pyb.WDT: the watchdog, as the scripts of the WiPy's first year spell it. */
#include "hal/watchdog.h"
#include "py/runtime.h"
#include "python/modpyb.h"

void python_start_watchdog(mp_int_t timeout_ms)
{
    if (timeout_ms < 0 || timeout_ms > (mp_int_t)HAL_WATCHDOG_MAX_MS ||
        hal_watchdog_start((uint32_t)timeout_ms) < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("timeout must be 1000 to 3600000 ms"));
    }
}

/* WDT(timeout), in milliseconds */
static mp_obj_t wdt_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                             const mp_obj_t *args)
{
    static const mp_obj_base_t the_one = {&pyb_wdt_type};
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    python_start_watchdog(mp_obj_get_int(args[0]));
    return MP_OBJ_FROM_PTR(&the_one);
}

static mp_obj_t wdt_kick(mp_obj_t self)
{
    hal_watchdog_feed();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(wdt_kick_obj, wdt_kick);

static const mp_rom_map_elem_t wdt_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_kick), MP_ROM_PTR(&wdt_kick_obj)},
};
static MP_DEFINE_CONST_DICT(wdt_locals, wdt_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(pyb_wdt_type, MP_QSTR_WDT, MP_TYPE_FLAG_NONE, make_new, wdt_make_new,
                         locals_dict, &wdt_locals);

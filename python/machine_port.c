/* The WiPy's part of module machine; included by MicroPython's extmod/modmachine.c. */
#include "py/mphal.h"
#include "python/modpyb.h"

#define PYTHON_MACHINE_GLOBALS                                                                     \
    {MP_ROM_QSTR(MP_QSTR_unique_id), MP_ROM_PTR(&pyb_unique_id_obj)},                              \
        {MP_ROM_QSTR(MP_QSTR_freq), MP_ROM_PTR(&pyb_freq_obj)},                                    \
        {MP_ROM_QSTR(MP_QSTR_rng), MP_ROM_PTR(&pyb_rng_obj)},                                      \
        {MP_ROM_QSTR(MP_QSTR_disable_irq), MP_ROM_PTR(&pyb_disable_irq_obj)},                      \
        {MP_ROM_QSTR(MP_QSTR_enable_irq), MP_ROM_PTR(&pyb_enable_irq_obj)},                        \
        {MP_ROM_QSTR(MP_QSTR_main), MP_ROM_PTR(&pyb_main_obj)},                                    \
        {MP_ROM_QSTR(MP_QSTR_info), MP_ROM_PTR(&pyb_info_obj)},                                    \
        {MP_ROM_QSTR(MP_QSTR_RTC), MP_ROM_PTR(&python_rtc_type)},                                  \
        {MP_ROM_QSTR(MP_QSTR_SD), MP_ROM_PTR(&python_sd_type)},                                    \
        {MP_ROM_QSTR(MP_QSTR_POWER_ON), MP_ROM_INT(HAL_RESET_POWER_ON)},                           \
        {MP_ROM_QSTR(MP_QSTR_PWRON_RESET), MP_ROM_INT(HAL_RESET_POWER_ON)},                        \
        {MP_ROM_QSTR(MP_QSTR_HARD_RESET), MP_ROM_INT(HAL_RESET_HARD)},                             \
        {MP_ROM_QSTR(MP_QSTR_WDT_RESET), MP_ROM_INT(HAL_RESET_WDT)},                               \
        {MP_ROM_QSTR(MP_QSTR_DEEPSLEEP_RESET), MP_ROM_INT(HAL_RESET_HIBERNATE)},                   \
        {MP_ROM_QSTR(MP_QSTR_SOFT_RESET), MP_ROM_INT(HAL_RESET_SOFT)},

/* soft_reset(): unlike sys.exit(), which only ends a script that ran by itself. */
static mp_obj_t machine_soft_reset(void)
{
    python_ask_soft_reset();
    mp_raise_type(&mp_type_SystemExit);
}
static MP_DEFINE_CONST_FUN_OBJ_0(machine_soft_reset_obj, machine_soft_reset);
/* The module's table has sys.exit() in this place. */
#define mp_sys_exit_obj machine_soft_reset_obj

static void mp_machine_idle(void)
{
    mp_event_wait_ms(1);
}

NORETURN static void mp_machine_reset(void)
{
    python_hard_reset();
}

static mp_int_t mp_machine_reset_cause(void)
{
    return python_reset_cause();
}

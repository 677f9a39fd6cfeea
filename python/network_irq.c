/* WLAN.irq(): a function that is called when a link, an address, or a station of the access point
 * has come or gone. */
#include "net/wlan.h"
#include "py/runtime.h"
#include "python/modnetwork.h"

static bool enabled, is_event; /* is_event: the handler is running because of one */

/* What is scheduled is this, not the handler: one that was replaced or disabled meanwhile is not
 * called any more. */
static mp_obj_t call_handler(mp_obj_t wlan)
{
    nlr_buf_t failure;
    if (!enabled) {
        return mp_const_none;
    }
    is_event = true;
    if (nlr_push(&failure) != 0) {
        is_event = false;
        nlr_jump(failure.ret_val);
    }
    mp_call_function_1(MP_STATE_PORT(wlan_handler), wlan);
    nlr_pop();
    is_event = false;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(call_handler_obj, call_handler);

static void on_change(void)
{
    if (enabled) {
        mp_sched_schedule(MP_OBJ_FROM_PTR(&call_handler_obj), MP_OBJ_FROM_PTR(&python_wlan_obj));
    }
}

void python_forget_wlan_handler(void)
{
    enabled = is_event = false;
    MP_STATE_PORT(wlan_handler) = mp_const_none;
}

static bool has_handler(void)
{
    return MP_STATE_PORT(wlan_handler) != MP_OBJ_NULL &&
           MP_STATE_PORT(wlan_handler) != mp_const_none;
}

static mp_obj_t irq_enable(mp_obj_t self)
{
    enabled = has_handler();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(irq_enable_obj, irq_enable);

static mp_obj_t irq_disable(mp_obj_t self)
{
    enabled = false;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(irq_disable_obj, irq_disable);

/* flags(): in the handler what it was called for, WLAN.ANY_EVENT; otherwise 0. */
static mp_obj_t irq_flags(mp_obj_t self)
{
    return MP_OBJ_NEW_SMALL_INT(is_event ? WLAN_ANY_EVENT : 0);
}
static MP_DEFINE_CONST_FUN_OBJ_1(irq_flags_obj, irq_flags);

/* irq(): call the handler, as the event would. */
static mp_obj_t irq_call(mp_obj_t self, size_t n_args, size_t n_kw, const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    if (has_handler()) {
        mp_call_function_1(MP_STATE_PORT(wlan_handler), MP_OBJ_FROM_PTR(&python_wlan_obj));
    }
    return mp_const_none;
}

static const mp_rom_map_elem_t irq_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_enable), MP_ROM_PTR(&irq_enable_obj)},
    {MP_ROM_QSTR(MP_QSTR_disable), MP_ROM_PTR(&irq_disable_obj)},
    {MP_ROM_QSTR(MP_QSTR_flags), MP_ROM_PTR(&irq_flags_obj)},
};
static MP_DEFINE_CONST_DICT(irq_locals, irq_locals_table);
static MP_DEFINE_CONST_OBJ_TYPE(irq_type, MP_QSTR_irq, MP_TYPE_FLAG_NONE, call, irq_call,
                                locals_dict, &irq_locals);

/* irq(*, trigger, handler, wake), callback(handler, ...): the board never sleeps so deeply that it
 * would have to be woken; `trigger` and `wake` are taken for the scripts that give them. */
static mp_obj_t wlan_irq(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    static const mp_arg_t allowed[] = {
        {MP_QSTR_handler, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_trigger, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_priority, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_wake, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_wakes, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    static const mp_obj_base_t irq = {&irq_type};
    mp_arg_val_t arg[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, args + 1, kw, MP_ARRAY_SIZE(allowed), allowed, arg);
    mp_obj_t handler = arg[0].u_obj;
    if (handler != mp_const_none && !mp_obj_is_callable(handler)) {
        mp_raise_TypeError(MP_ERROR_TEXT("the handler must be a function"));
    }
    MP_STATE_PORT(wlan_handler) = handler;
    enabled = has_handler();
    wlan_on_change(on_change);
    return MP_OBJ_FROM_PTR(&irq);
}
MP_DEFINE_CONST_FUN_OBJ_KW(python_wlan_irq_obj, 1, wlan_irq);

MP_REGISTER_ROOT_POINTER(mp_obj_t wlan_handler);

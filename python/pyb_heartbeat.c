/* pyb.HeartBeat: the heart beat LED. */
#include "py/runtime.h"
#include "python/modpyb.h"
#include "system/heartbeat.h"

static mp_obj_t heartbeat_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                                   const mp_obj_t *args)
{
    static const mp_obj_base_t the_one = {&pyb_heartbeat_type};
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    return MP_OBJ_FROM_PTR(&the_one);
}

static mp_obj_t heartbeat_on(mp_obj_t self)
{
    heartbeat_enable(true);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(heartbeat_on_obj, heartbeat_on);

static mp_obj_t heartbeat_off(mp_obj_t self)
{
    heartbeat_enable(false);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(heartbeat_off_obj, heartbeat_off);

static const mp_rom_map_elem_t heartbeat_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_enable), MP_ROM_PTR(&heartbeat_on_obj)},
    {MP_ROM_QSTR(MP_QSTR_disable), MP_ROM_PTR(&heartbeat_off_obj)},
};
static MP_DEFINE_CONST_DICT(heartbeat_locals, heartbeat_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(pyb_heartbeat_type, MP_QSTR_HeartBeat, MP_TYPE_FLAG_NONE, make_new,
                         heartbeat_make_new, locals_dict, &heartbeat_locals);

/* Module wipy: what only this board has. */
#include <string.h>

#include "py/mphal.h"
#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/runtime.h"
#include "system/console.h"
#include "system/heartbeat.h"
#include "update/update.h"

/* heartbeat([enable]): the present state, or a new one. */
static mp_obj_t wipy_heartbeat(size_t n_args, const mp_obj_t *args)
{
    if (n_args == 0) {
        return mp_obj_new_bool(heartbeat_enabled());
    }
    heartbeat_enable(mp_obj_is_true(args[0]));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wipy_heartbeat_obj, 0, 1, wipy_heartbeat);

static mp_obj_t new_str(const char *text)
{
    return mp_obj_new_str(text, strlen(text));
}

/* firmware(): the places for firmware in flash and what is in each, as (place, role, version,
 * state). */
static mp_obj_t wipy_firmware(void)
{
    static const qstr fields[] = {MP_QSTR_place, MP_QSTR_role, MP_QSTR_version, MP_QSTR_state};
    mp_obj_t places[HAL_BOOT_SLOTS];
    for (unsigned slot = 0; slot < HAL_BOOT_SLOTS; slot++) {
        struct update_place place;
        update_place((enum hal_boot_slot)slot, &place);
        mp_obj_t values[] = {new_str(place.name), new_str(place.role), new_str(place.version),
                             new_str(update_state_name(place.state))};
        places[slot] = mp_obj_new_attrtuple(fields, MP_ARRAY_SIZE(values), values);
        python_poll_pending(); /* verifying an image takes a while */
    }
    return mp_obj_new_list(MP_ARRAY_SIZE(places), places);
}
static MP_DEFINE_CONST_FUN_OBJ_0(wipy_firmware_obj, wipy_firmware);

/* terminal_size(): (columns, rows) of the telnet client's window, None when it has not told. */
static mp_obj_t wipy_terminal_size(void)
{
    struct console_size size = console_size();
    if (size.columns == 0 || size.rows == 0) {
        return mp_const_none;
    }
    mp_obj_t values[] = {MP_OBJ_NEW_SMALL_INT(size.columns), MP_OBJ_NEW_SMALL_INT(size.rows)};
    return mp_obj_new_tuple(MP_ARRAY_SIZE(values), values);
}
static MP_DEFINE_CONST_FUN_OBJ_0(wipy_terminal_size_obj, wipy_terminal_size);

static const mp_rom_map_elem_t wipy_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_wipy)},
    {MP_ROM_QSTR(MP_QSTR_heartbeat), MP_ROM_PTR(&wipy_heartbeat_obj)},
    {MP_ROM_QSTR(MP_QSTR_firmware), MP_ROM_PTR(&wipy_firmware_obj)},
    {MP_ROM_QSTR(MP_QSTR_terminal_size), MP_ROM_PTR(&wipy_terminal_size_obj)},
};
static MP_DEFINE_CONST_DICT(wipy_globals, wipy_globals_table);

const mp_obj_module_t wipy_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&wipy_globals,
};

MP_REGISTER_MODULE(MP_QSTR_wipy, wipy_module);

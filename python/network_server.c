/* network.Server: telnet and FTP, their login and idle time-out. All of it is the factory's again
 * after a hard reset, but for a login that was saved. */
#include "net/login/login.h"
#include "net/net.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "python/modnetwork.h"

static void set_login(mp_obj_t user, mp_obj_t password, bool save)
{
    static const char what[] =
        "user and password must be 1 to 64 bytes of text without control characters";
    char texts[2][LOGIN_TEXT_MAX + 1] = {"", ""};
    python_get_text(user, texts[0], LOGIN_TEXT_MAX, (mp_rom_error_text_t)what);
    python_get_text(password, texts[1], LOGIN_TEXT_MAX, (mp_rom_error_text_t)what);
    int result = login_set(texts[0], texts[1], save);
    if (result == LOGIN_NOT_SAVED) {
        python_raise_os_error(
            MP_EIO, MP_ERROR_TEXT("the login cannot be saved: the flash fails; the old one holds"));
    }
    if (result < 0) {
        mp_raise_ValueError((mp_rom_error_text_t)what);
    }
}

static void set_timeout(mp_obj_t seconds)
{
    mp_int_t value = mp_obj_get_int(seconds);
    if (value < 0 || value > (mp_int_t)NET_TIMEOUT_MAX_S ||
        net_servers_set_timeout((uint32_t)value) < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("timeout must be 5 to 86400 s"));
    }
}

static void start(void)
{
    if (net_servers_start() < 0) {
        python_raise_os_error(MP_EADDRINUSE, MP_ERROR_TEXT("a program has port 21 or 23"));
    }
}

/* ---- class Server */

static const mp_arg_t server_args[] = {
    {MP_QSTR_login, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    {MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    {MP_QSTR_save, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false}},
};

static void change(const mp_obj_t *args, size_t n_args, mp_map_t *kw)
{
    mp_arg_val_t arg[MP_ARRAY_SIZE(server_args)];
    mp_arg_parse_all(n_args, args, kw, MP_ARRAY_SIZE(server_args), server_args, arg);
    if (arg[0].u_obj != mp_const_none) {
        mp_obj_t *items;
        mp_obj_get_array_fixed_n(arg[0].u_obj, 2, &items);
        set_login(items[0], items[1], arg[2].u_bool);
    } else if (arg[2].u_bool) {
        mp_raise_ValueError(MP_ERROR_TEXT("save=True needs login=(user, password)"));
    }
    if (arg[1].u_obj != mp_const_none) {
        set_timeout(arg[1].u_obj);
    }
}

/* Server([id], *, login, timeout, save): without settings it changes nothing. */
static mp_obj_t server_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                                const mp_obj_t *args)
{
    static const mp_obj_base_t the_one = {&python_server_type};
    mp_arg_check_num(n_args, n_kw, 0, 1, true);
    if (n_args == 1 && mp_obj_get_int(args[0]) != 0) {
        mp_raise_OSError(MP_ENODEV);
    }
    if (n_kw > 0) {
        mp_map_t kw;
        mp_map_init_fixed_table(&kw, n_kw, args + n_args);
        change(NULL, 0, &kw);
        start();
    }
    return MP_OBJ_FROM_PTR(&the_one);
}

/* init(*, login, timeout, save): what is not given stays; starts the services. */
static mp_obj_t server_init(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    change(args + 1, n_args - 1, kw);
    start();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(server_init_obj, 1, server_init);

static mp_obj_t server_deinit(mp_obj_t self)
{
    net_servers_stop();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(server_deinit_obj, server_deinit);

static mp_obj_t server_isrunning(mp_obj_t self)
{
    return mp_obj_new_bool(net_servers_running());
}
static MP_DEFINE_CONST_FUN_OBJ_1(server_isrunning_obj, server_isrunning);

/* ---- the same as functions of the module */

/* server_timeout([seconds]) */
static mp_obj_t server_timeout(size_t n_args, const mp_obj_t *args)
{
    if (n_args == 0) {
        return mp_obj_new_int_from_uint(net_servers_timeout());
    }
    set_timeout(args[0]);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(python_server_timeout_obj, 0, 1, server_timeout);

static mp_obj_t server_timeout_of(size_t n_args, const mp_obj_t *args)
{
    return server_timeout(n_args - 1, args + 1);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(server_timeout_of_obj, 1, 2, server_timeout_of);

/* server_login(user, password, *, save=False) */
static mp_obj_t server_login(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    static const mp_arg_t login_args[] = {
        {MP_QSTR_user, MP_ARG_REQUIRED | MP_ARG_OBJ, {0}},
        {MP_QSTR_password, MP_ARG_REQUIRED | MP_ARG_OBJ, {0}},
        {MP_QSTR_save, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false}},
    };
    mp_arg_val_t arg[MP_ARRAY_SIZE(login_args)];
    mp_arg_parse_all(n_args, args, kw, MP_ARRAY_SIZE(login_args), login_args, arg);
    set_login(arg[0].u_obj, arg[1].u_obj, arg[2].u_bool);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_KW(python_server_login_obj, 0, server_login);

static mp_obj_t server_login_of(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    return server_login(n_args - 1, args + 1, kw);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(server_login_of_obj, 1, server_login_of);

/* server_running([run]) */
static mp_obj_t server_running(size_t n_args, const mp_obj_t *args)
{
    if (n_args == 0) {
        return mp_obj_new_bool(net_servers_running());
    }
    if (mp_obj_is_true(args[0])) {
        start();
    } else {
        net_servers_stop();
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(python_server_running_obj, 0, 1, server_running);

static const mp_rom_map_elem_t server_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&server_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_deinit), MP_ROM_PTR(&server_deinit_obj)},
    {MP_ROM_QSTR(MP_QSTR_login), MP_ROM_PTR(&server_login_of_obj)},
    {MP_ROM_QSTR(MP_QSTR_timeout), MP_ROM_PTR(&server_timeout_of_obj)},
    {MP_ROM_QSTR(MP_QSTR_isrunning), MP_ROM_PTR(&server_isrunning_obj)},
};
static MP_DEFINE_CONST_DICT(server_locals, server_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(python_server_type, MP_QSTR_Server, MP_TYPE_FLAG_NONE, make_new,
                         server_make_new, locals_dict, &server_locals);

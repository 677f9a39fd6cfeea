/* network.Server: telnet and FTP, their login and idle time-out. All of it is the factory's again
 * after a hard reset, but for a login that was saved. */
#include "net/login/login.h"
#include "net/net.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "python/modnetwork.h"

#define LOGIN_MUST                                                                                 \
    "login must be (user, password), each 1 to 64 bytes of text without control characters"
#define TIMEOUT_MUST "timeout must be a number of seconds, 5 to 86400"

static void set_login(mp_obj_t user, mp_obj_t password, bool save)
{
    char texts[2][LOGIN_TEXT_MAX + 1];
    const mp_obj_t given[] = {user, password};
    for (size_t i = 0; i < MP_ARRAY_SIZE(given); i++) {
        if (!mp_obj_is_str(given[i])) {
            mp_raise_TypeError(MP_ERROR_TEXT(LOGIN_MUST));
        }
        python_get_text(given[i], texts[i], LOGIN_TEXT_MAX, MP_ERROR_TEXT(LOGIN_MUST));
    }
    int result = login_set(texts[0], texts[1], save);
    if (result == LOGIN_NOT_SAVED) {
        python_raise_os_error(
            MP_EIO, MP_ERROR_TEXT("the login cannot be saved: the flash fails; the old one holds"));
    }
    if (result < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT(LOGIN_MUST));
    }
}

/* login=(user, password) */
static void set_login_pair(mp_obj_t pair, bool save)
{
    size_t count = 0;
    mp_obj_t *items = NULL;
    const mp_obj_type_t *type = mp_obj_get_type(pair);
    if (type == &mp_type_tuple || type == &mp_type_list) {
        mp_obj_get_array(pair, &count, &items);
    }
    if (count != 2) {
        mp_raise_TypeError(MP_ERROR_TEXT(LOGIN_MUST));
    }
    set_login(items[0], items[1], save);
}

static uint32_t get_timeout(mp_obj_t seconds)
{
    if (!mp_obj_is_int(seconds)) {
        mp_raise_TypeError(MP_ERROR_TEXT(TIMEOUT_MUST));
    }
    /* One that is not small is out of range anyway. */
    mp_int_t value = mp_obj_is_small_int(seconds) ? MP_OBJ_SMALL_INT_VALUE(seconds) : 0;
    if (value < (mp_int_t)NET_TIMEOUT_MIN_S || value > (mp_int_t)NET_TIMEOUT_MAX_S) {
        mp_raise_ValueError(MP_ERROR_TEXT(TIMEOUT_MUST));
    }
    return (uint32_t)value;
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
    bool has_timeout = arg[1].u_obj != mp_const_none;
    uint32_t timeout = has_timeout ? get_timeout(arg[1].u_obj) : net_servers_timeout();
    if (arg[0].u_obj != mp_const_none) {
        set_login_pair(arg[0].u_obj, arg[2].u_bool);
    } else if (arg[2].u_bool) {
        mp_raise_ValueError(MP_ERROR_TEXT("save=True needs login=(user, password)"));
    }
    net_servers_set_timeout(timeout); /* last: what is refused has changed nothing */
}

/* Server([id], *, login, timeout, save): without settings it changes nothing. */
static mp_obj_t server_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                                const mp_obj_t *args)
{
    static const mp_obj_base_t the_one = {&python_server_type};
    mp_arg_check_num(n_args, n_kw, 0, 1, true);
    if (n_args == 1 && args[0] != MP_OBJ_NEW_SMALL_INT(0)) {
        python_raise_os_error(MP_ENODEV, MP_ERROR_TEXT("there is one server: id must be 0"));
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
    net_servers_set_timeout(get_timeout(args[0]));
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

/* As init() takes it, but without the password: Server(login=('micro', ...), timeout=300). */
static void server_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind)
{
    const char *user = login_user();
    mp_print_str(print, "Server(login=(");
    mp_obj_print_helper(print, python_new_text(user), PRINT_REPR);
    mp_printf(print, ", ...), timeout=%u)", (unsigned)net_servers_timeout());
}

static const mp_rom_map_elem_t server_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&server_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_deinit), MP_ROM_PTR(&server_deinit_obj)},
    {MP_ROM_QSTR(MP_QSTR_login), MP_ROM_PTR(&server_login_of_obj)},
    {MP_ROM_QSTR(MP_QSTR_timeout), MP_ROM_PTR(&server_timeout_of_obj)},
    {MP_ROM_QSTR(MP_QSTR_isrunning), MP_ROM_PTR(&server_isrunning_obj)},
};
static MP_DEFINE_CONST_DICT(server_locals, server_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(python_server_type, MP_QSTR_Server, MP_TYPE_FLAG_NONE, make_new,
                         server_make_new, print, server_print, locals_dict, &server_locals);

/* Module network: the WLAN, the services, the names. Sockets need nothing of it: there is one
 * network interface, and lwIP has it from the start. */
#include "python/modnetwork.h"

#include <string.h>

#include "hal/result.h"
#include "net/names.h"
#include "net/wlan.h"
#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/runtime.h"

_Noreturn void python_raise_os_error(int number, mp_rom_error_text_t text)
{
    const char *words = (const char *)text;
    mp_obj_t args[] = {MP_OBJ_NEW_SMALL_INT(number), mp_obj_new_str(words, strlen(words))};
    nlr_raise(mp_obj_new_exception_args(&mp_type_OSError, MP_ARRAY_SIZE(args), args));
}

void python_check_wlan(int result)
{
    if (result == HAL_ERROR_RANGE) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid WLAN settings"));
    }
    if (result < 0) {
        python_raise_os_error(MP_EIO, MP_ERROR_TEXT("the radio has failed"));
    }
}

void python_get_text(mp_obj_t object, char *text, size_t max, mp_rom_error_text_t what)
{
    size_t size;
    const char *data = mp_obj_str_get_data(object, &size);
    if (size > max || memchr(data, '\0', size) != NULL) {
        mp_raise_ValueError(what);
    }
    memcpy(text, data, size);
    text[size] = '\0';
}

/* hostname([name]) */
static mp_obj_t network_hostname(size_t n_args, const mp_obj_t *args)
{
    if (n_args == 0) {
        return mp_obj_new_str(names_host(), strlen(names_host()));
    }
    size_t size;
    const char *name = mp_obj_str_get_data(args[0], &size);
    if (names_set_host(name, size) < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("hostname must be 1 to 32 letters, digits and hyphens"));
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(network_hostname_obj, 0, 1, network_hostname);

static const mp_rom_map_elem_t network_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_network)},
    {MP_ROM_QSTR(MP_QSTR_WLAN), MP_ROM_PTR(&python_wlan_type)},
    {MP_ROM_QSTR(MP_QSTR_Server), MP_ROM_PTR(&python_server_type)},
    {MP_ROM_QSTR(MP_QSTR_hostname), MP_ROM_PTR(&network_hostname_obj)},
    {MP_ROM_QSTR(MP_QSTR_ipconfig), MP_ROM_PTR(&python_ipconfig_obj)},
    {MP_ROM_QSTR(MP_QSTR_server_running), MP_ROM_PTR(&python_server_running_obj)},
    {MP_ROM_QSTR(MP_QSTR_server_login), MP_ROM_PTR(&python_server_login_obj)},
    {MP_ROM_QSTR(MP_QSTR_server_timeout), MP_ROM_PTR(&python_server_timeout_obj)},
    /* what WLAN.status() returns */
    {MP_ROM_QSTR(MP_QSTR_STAT_IDLE), MP_ROM_INT(WLAN_IDLE)},
    {MP_ROM_QSTR(MP_QSTR_STAT_CONNECTING), MP_ROM_INT(WLAN_CONNECTING)},
    {MP_ROM_QSTR(MP_QSTR_STAT_GOT_LINK), MP_ROM_INT(WLAN_GOT_LINK)},
    {MP_ROM_QSTR(MP_QSTR_STAT_GOT_IP), MP_ROM_INT(WLAN_CONNECTED)},
    {MP_ROM_QSTR(MP_QSTR_STAT_NO_AP_FOUND), MP_ROM_INT(WLAN_NOT_FOUND)},
    {MP_ROM_QSTR(MP_QSTR_STAT_WRONG_PASSWORD), MP_ROM_INT(WLAN_WRONG_KEY)},
    {MP_ROM_QSTR(MP_QSTR_STAT_CONNECT_FAIL), MP_ROM_INT(WLAN_REFUSED)},
};
static MP_DEFINE_CONST_DICT(network_globals, network_globals_table);

const mp_obj_module_t network_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&network_globals,
};

MP_REGISTER_MODULE(MP_QSTR_network, network_module);

/* network.WLAN: settings and the connection, in the spellings of all years. WLAN is a part of the
 * board: there is one object, and a constructor without settings changes nothing. */
#include <string.h>

#include "hal/clock.h"
#include "hal/result.h"
#include "net/wlan.h"
#include "net/wlan_valid.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "python/modnetwork.h"

#define WAIT_MS 50 /* board time: how late a time-out of connect() may be; events end the wait */

enum { INT_ANT, EXT_ANT };

const mp_obj_base_t python_wlan_obj = {&python_wlan_type};

/* ---- security and key */

/* `auth` is (security, key), or None for an open network. */
static void get_auth(mp_obj_t auth, mp_obj_t *security, mp_obj_t *key)
{
    *security = *key = mp_const_none;
    if (auth != mp_const_none) {
        mp_obj_t *items;
        mp_obj_get_array_fixed_n(auth, 2, &items);
        *security = items[0];
        *key = items[1];
    }
    if (*security == mp_const_none) {
        *security = MP_OBJ_NEW_SMALL_INT(HAL_RADIO_OPEN);
    }
}

static uint8_t get_security(mp_obj_t security)
{
    mp_int_t value = mp_obj_get_int(security);
    if (value < HAL_RADIO_OPEN || value > HAL_RADIO_WPA2) {
        mp_raise_ValueError(
            MP_ERROR_TEXT("security must be None, WLAN.OPEN, WLAN.WEP, WLAN.WPA or WLAN.WPA2"));
    }
    return (uint8_t)value;
}

static void get_key(mp_obj_t key, uint8_t security, char *text)
{
    if (security == HAL_RADIO_OPEN) {
        text[0] = '\0';
    }
    if (key != mp_const_none) {
        python_get_text(key, text, HAL_RADIO_KEY_MAX, MP_ERROR_TEXT("the key is too long"));
    }
    if (!wlan_is_valid_key(security, text)) {
        mp_raise_ValueError(MP_ERROR_TEXT("a WPA key has 8 to 63 characters, a WEP key 5 to 26 "
                                          "hexadecimal digits, an open network none"));
    }
}

/* Both, as auth=(security, key) or auth=None (MP_OBJ_NULL: not given), or as security= and key=;
 * what is not given stays. */
static void get_security_and_key(mp_obj_t auth, mp_obj_t security, mp_obj_t key, uint8_t *number,
                                 char *text)
{
    if (auth != MP_OBJ_NULL) {
        get_auth(auth, &security, &key);
    }
    if (security != mp_const_none) {
        *number = get_security(security);
    }
    get_key(key, *number, text);
}

static void get_ssid(mp_obj_t ssid, char *text)
{
    static const char what[] = "ssid must be 1 to 32 bytes";
    python_get_text(ssid, text, HAL_RADIO_SSID_MAX, (mp_rom_error_text_t)what);
    if (text[0] == '\0') {
        mp_raise_ValueError((mp_rom_error_text_t)what);
    }
}

/* ---- settings */

static mp_int_t in_range(mp_obj_t value, mp_int_t min, mp_int_t max, mp_rom_error_text_t what)
{
    mp_int_t number = mp_obj_get_int(value);
    if (number < min || number > max) {
        mp_raise_ValueError(what);
    }
    return number;
}

static const mp_arg_t settings_args[] = {
    {MP_QSTR_mode, MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
    {MP_QSTR_id, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0}},
    {MP_QSTR_ssid, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
    {MP_QSTR_auth, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
    {MP_QSTR_security, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    {MP_QSTR_key, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    {MP_QSTR_channel, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
    {MP_QSTR_antenna, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
};
enum { MODE, ID, SSID, AUTH, SECURITY, KEY, CHANNEL, ANTENNA, SETTINGS };

/* Change what is given. */
static void change_settings(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    mp_arg_val_t arg[SETTINGS];
    mp_arg_parse_all(n_args, args, kw, SETTINGS, settings_args, arg);
    if (arg[ID].u_int != 0) {
        mp_raise_OSError(MP_ENODEV);
    }
    struct wlan_settings settings;
    wlan_get(&settings);
    if (arg[MODE].u_obj != MP_OBJ_NULL) {
        settings.mode = (enum wlan_mode)in_range(arg[MODE].u_obj, WLAN_MODE_STA, WLAN_MODE_AP,
                                                 MP_ERROR_TEXT("mode must be WLAN.STA or WLAN.AP"));
    }
    if (arg[SSID].u_obj != MP_OBJ_NULL) {
        get_ssid(arg[SSID].u_obj, settings.ap.ssid);
    }
    get_security_and_key(arg[AUTH].u_obj, arg[SECURITY].u_obj, arg[KEY].u_obj,
                         &settings.ap.security, settings.ap.key);
    if (arg[CHANNEL].u_obj != MP_OBJ_NULL) {
        settings.ap.channel =
            (uint8_t)in_range(arg[CHANNEL].u_obj, 1, 11, MP_ERROR_TEXT("channel must be 1 to 11"));
    }
    if (arg[ANTENNA].u_obj != MP_OBJ_NULL) {
        settings.external_antenna =
            in_range(arg[ANTENNA].u_obj, INT_ANT, EXT_ANT,
                     MP_ERROR_TEXT("antenna must be WLAN.INT_ANT or WLAN.EXT_ANT")) == EXT_ANT;
    }
    python_check_wlan(wlan_set(&settings));
}

/* WLAN([id], [mode], ...): id, which scripts leave out, is 0, and no mode is. */
static mp_obj_t wlan_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                              const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 0, 2, true);
    if (n_args > 0 && mp_obj_get_int(args[0]) == 0) {
        n_args--;
        args++;
    } else if (n_args == 2) {
        mp_raise_OSError(MP_ENODEV);
    }
    if (n_args + n_kw > 0) {
        mp_map_t kw;
        mp_map_init_fixed_table(&kw, n_kw, args + n_args);
        change_settings(n_args, args, &kw);
    }
    return MP_OBJ_FROM_PTR(&python_wlan_obj);
}

/* init(mode, *, ssid, auth, channel, antenna), iwconfig(*, mode, ssid, security, key, channel,
 * antenna): what is not given stays. */
static mp_obj_t wlan_init_settings(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    change_settings(n_args - 1, args + 1, kw);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(wlan_init_obj, 1, wlan_init_settings);

/* mode(), ssid(), ...: without argument the present value, else the setting of that name. */
static mp_obj_t get_or_set(size_t n_args, const mp_obj_t *args, qstr name)
{
    if (n_args == 2) {
        mp_map_elem_t setting = {MP_OBJ_NEW_QSTR(name), args[1]};
        mp_map_t kw;
        mp_map_init_fixed_table(&kw, 1, (const mp_obj_t *)&setting);
        change_settings(0, NULL, &kw);
        return mp_const_none;
    }
    struct wlan_settings settings;
    wlan_get(&settings);
    const struct hal_radio_ap *ap = &settings.ap;
    switch (name) {
    case MP_QSTR_mode:
        return MP_OBJ_NEW_SMALL_INT(settings.mode);
    case MP_QSTR_ssid:
        return python_new_text(ap->ssid);
    case MP_QSTR_channel:
        return MP_OBJ_NEW_SMALL_INT(ap->channel);
    case MP_QSTR_antenna:
        return MP_OBJ_NEW_SMALL_INT(settings.external_antenna ? EXT_ANT : INT_ANT);
    default: {
        if (ap->security == HAL_RADIO_OPEN) {
            return mp_const_none;
        }
        mp_obj_t auth[] = {MP_OBJ_NEW_SMALL_INT(ap->security), python_new_text(ap->key)};
        return mp_obj_new_tuple(MP_ARRAY_SIZE(auth), auth);
    }
    }
}

#define SETTING(name)                                                                              \
    static mp_obj_t wlan_##name(size_t n_args, const mp_obj_t *args)                               \
    {                                                                                              \
        return get_or_set(n_args, args, MP_QSTR_##name);                                           \
    }                                                                                              \
    static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wlan_##name##_obj, 1, 2, wlan_##name)

SETTING(mode);
SETTING(ssid);
SETTING(auth);
SETTING(channel);
SETTING(antenna);

static mp_obj_t wlan_mac(mp_obj_t self)
{
    uint8_t mac[6];
    hal_radio_mac(mac);
    return mp_obj_new_bytes(mac, sizeof mac);
}
static MP_DEFINE_CONST_FUN_OBJ_1(wlan_mac_obj, wlan_mac);

/* ---- the connection */

/* Why there is no connection when time is up. */
static mp_rom_error_text_t why_not(enum wlan_state state)
{
    switch (state) {
    case WLAN_NOT_FOUND:
        return MP_ERROR_TEXT("no such network in range");
    case WLAN_REFUSED:
        return MP_ERROR_TEXT("refused by the access point: its security is another, or it is full");
    case WLAN_GOT_LINK:
        return MP_ERROR_TEXT("connected, but no address by DHCP");
    default:
        return MP_ERROR_TEXT("no answer");
    }
}

/* `timeout_ms` is link time: the access point lives in real time. */
static void wait_for_connection(mp_int_t timeout_ms)
{
    uint64_t end_us = hal_clock_link_us() + (uint64_t)timeout_ms * 1000;
    while (wlan_state() != WLAN_CONNECTED) {
        if (wlan_state() == WLAN_WRONG_KEY) {
            python_raise_os_error(MP_EACCES, MP_ERROR_TEXT("wrong key"));
        }
        if (wlan_state() == WLAN_IDLE) {
            python_raise_os_error(MP_ENOTCONN, MP_ERROR_TEXT("disconnected meanwhile"));
        }
        if (hal_clock_link_us() >= end_us) {
            python_raise_os_error(MP_ETIMEDOUT, why_not(wlan_state()));
        }
        mp_event_wait_ms(WAIT_MS);
    }
}

/* connect(ssid, *, auth=None, security=None, key=None, bssid=None, timeout=None): returns at once
 * without a timeout (in ms); isconnected() tells. */
static mp_obj_t wlan_connect_to(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    enum { TO_SSID, TO_AUTH, TO_SECURITY, TO_KEY, TO_BSSID, TO_TIMEOUT };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_ssid, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_auth, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_security, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_key, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_bssid, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t arg[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, args + 1, kw, MP_ARRAY_SIZE(allowed), allowed, arg);

    mp_obj_t auth = arg[TO_AUTH].u_obj, key = arg[TO_KEY].u_obj;
    struct hal_radio_network network = {
        .security = key == mp_const_none ? HAL_RADIO_OPEN : HAL_RADIO_WPA2,
    };
    get_ssid(arg[TO_SSID].u_obj, network.ssid);
    get_security_and_key(auth == mp_const_none ? MP_OBJ_NULL : auth, arg[TO_SECURITY].u_obj, key,
                         &network.security, network.key);
    if (arg[TO_BSSID].u_obj != mp_const_none) {
        mp_buffer_info_t bssid;
        mp_get_buffer_raise(arg[TO_BSSID].u_obj, &bssid, MP_BUFFER_READ);
        if (bssid.len != sizeof network.bssid) {
            mp_raise_ValueError(MP_ERROR_TEXT("bssid must be 6 bytes"));
        }
        memcpy(network.bssid, bssid.buf, sizeof network.bssid);
    }
    mp_int_t timeout_ms = 0;
    if (arg[TO_TIMEOUT].u_obj != mp_const_none) {
        timeout_ms = in_range(arg[TO_TIMEOUT].u_obj, 0, 86400000,
                              MP_ERROR_TEXT("timeout must be 0 to 86400000 ms"));
    }

    int result = wlan_connect(&network);
    if (result == HAL_ERROR_FAILED) {
        python_raise_os_error(MP_EPERM, MP_ERROR_TEXT("not in the mode WLAN.STA"));
    }
    python_check_wlan(result);
    if (timeout_ms > 0) {
        wait_for_connection(timeout_ms);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(wlan_connect_obj, 1, wlan_connect_to);

static mp_obj_t wlan_leave(mp_obj_t self)
{
    wlan_disconnect();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(wlan_disconnect_obj, wlan_leave);

/* A station is connected when it has an address, an access point when it has a station. */
static mp_obj_t wlan_isconnected(mp_obj_t self)
{
    struct wlan_settings settings;
    wlan_get(&settings);
    return mp_obj_new_bool(settings.mode == WLAN_MODE_AP ? hal_radio_ap_stations(NULL, 0) > 0
                                                         : wlan_state() == WLAN_CONNECTED);
}
static MP_DEFINE_CONST_FUN_OBJ_1(wlan_isconnected_obj, wlan_isconnected);

/* status(): one of network.STAT_... */
static mp_obj_t wlan_status(mp_obj_t self)
{
    return MP_OBJ_NEW_SMALL_INT(wlan_state());
}
static MP_DEFINE_CONST_FUN_OBJ_1(wlan_status_obj, wlan_status);

/* As init() takes it, but without the key: WLAN(mode=WLAN.AP, ssid='home', auth=(WLAN.WPA2, ...),
 * channel=5). Of a station, the network that it joins. */
static void wlan_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind)
{
    static const char securities[][5] = {"OPEN", "WEP", "WPA", "WPA2"};
    struct wlan_settings settings;
    struct hal_radio_network network;
    wlan_get(&settings);
    wlan_network(&network);
    bool is_ap = settings.mode == WLAN_MODE_AP;
    const char *ssid = is_ap ? settings.ap.ssid : network.ssid;
    uint8_t security = is_ap ? settings.ap.security : network.security;
    mp_printf(print, "WLAN(mode=WLAN.%s", is_ap ? "AP" : "STA");
    if (ssid[0] != '\0') {
        mp_print_str(print, ", ssid=");
        mp_obj_print_helper(print, python_new_text(ssid), PRINT_REPR);
        if (security == HAL_RADIO_OPEN) {
            mp_print_str(print, ", auth=None");
        } else {
            mp_printf(print, ", auth=(WLAN.%s, ...)", securities[security]);
        }
    }
    if (is_ap) {
        mp_printf(print, ", channel=%u", settings.ap.channel);
    }
    mp_print_str(print, ")");
}

static const mp_rom_map_elem_t wlan_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&wlan_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_iwconfig), MP_ROM_PTR(&wlan_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_mode), MP_ROM_PTR(&wlan_mode_obj)},
    {MP_ROM_QSTR(MP_QSTR_ssid), MP_ROM_PTR(&wlan_ssid_obj)},
    {MP_ROM_QSTR(MP_QSTR_auth), MP_ROM_PTR(&wlan_auth_obj)},
    {MP_ROM_QSTR(MP_QSTR_channel), MP_ROM_PTR(&wlan_channel_obj)},
    {MP_ROM_QSTR(MP_QSTR_antenna), MP_ROM_PTR(&wlan_antenna_obj)},
    {MP_ROM_QSTR(MP_QSTR_mac), MP_ROM_PTR(&wlan_mac_obj)},
    {MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&wlan_connect_obj)},
    {MP_ROM_QSTR(MP_QSTR_disconnect), MP_ROM_PTR(&wlan_disconnect_obj)},
    {MP_ROM_QSTR(MP_QSTR_isconnected), MP_ROM_PTR(&wlan_isconnected_obj)},
    {MP_ROM_QSTR(MP_QSTR_status), MP_ROM_PTR(&wlan_status_obj)},
    {MP_ROM_QSTR(MP_QSTR_scan), MP_ROM_PTR(&python_wlan_scan_obj)},
    {MP_ROM_QSTR(MP_QSTR_connections), MP_ROM_PTR(&python_wlan_connections_obj)},
    {MP_ROM_QSTR(MP_QSTR_ifconfig), MP_ROM_PTR(&python_wlan_ifconfig_obj)},
    {MP_ROM_QSTR(MP_QSTR_ipconfig), MP_ROM_PTR(&python_wlan_ipconfig_obj)},
    {MP_ROM_QSTR(MP_QSTR_irq), MP_ROM_PTR(&python_wlan_irq_obj)},
    {MP_ROM_QSTR(MP_QSTR_callback), MP_ROM_PTR(&python_wlan_irq_obj)},
    {MP_ROM_QSTR(MP_QSTR_STA), MP_ROM_INT(WLAN_MODE_STA)},
    {MP_ROM_QSTR(MP_QSTR_AP), MP_ROM_INT(WLAN_MODE_AP)},
    {MP_ROM_QSTR(MP_QSTR_OPEN), MP_ROM_INT(HAL_RADIO_OPEN)},
    {MP_ROM_QSTR(MP_QSTR_WEP), MP_ROM_INT(HAL_RADIO_WEP)},
    {MP_ROM_QSTR(MP_QSTR_WPA), MP_ROM_INT(HAL_RADIO_WPA)},
    {MP_ROM_QSTR(MP_QSTR_WPA2), MP_ROM_INT(HAL_RADIO_WPA2)},
    {MP_ROM_QSTR(MP_QSTR_INT_ANT), MP_ROM_INT(INT_ANT)},
    {MP_ROM_QSTR(MP_QSTR_EXT_ANT), MP_ROM_INT(EXT_ANT)},
    {MP_ROM_QSTR(MP_QSTR_ANY_EVENT), MP_ROM_INT(WLAN_ANY_EVENT)},
};
static MP_DEFINE_CONST_DICT(wlan_locals, wlan_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(python_wlan_type, MP_QSTR_WLAN, MP_TYPE_FLAG_NONE, make_new, wlan_make_new,
                         print, wlan_print, locals_dict, &wlan_locals);

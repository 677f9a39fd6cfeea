/* network.WLAN: addresses, in the old spelling (ifconfig) and the new one (ipconfig). */
#include <string.h>

#include "hal/result.h"
#include "net/wlan.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "python/modnetwork.h"

mp_obj_t python_new_address(const uint8_t address[4])
{
    vstr_t vstr;
    vstr_init(&vstr, 16);
    vstr_printf(&vstr, "%u.%u.%u.%u", address[0], address[1], address[2], address[3]);
    return mp_obj_new_str_from_vstr(&vstr);
}

/* ---- reading addresses */

/* A decimal number of at most three digits; -1: none. */
static int get_number(const char **next, const char *end)
{
    int value = -1;
    for (int digits = 0; digits < 3 && *next < end && **next >= '0' && **next <= '9'; digits++) {
        value = (value < 0 ? 0 : value * 10) + *(*next)++ - '0';
    }
    return value;
}

static bool get_octets(const char **next, const char *end, uint8_t address[4])
{
    for (int i = 0; i < 4; i++) {
        if (i > 0 && (*next == end || *(*next)++ != '.')) {
            return false;
        }
        int octet = get_number(next, end);
        if (octet < 0 || octet > 255) {
            return false;
        }
        address[i] = (uint8_t)octet;
    }
    return true;
}

static void get_address(mp_obj_t object, uint8_t address[4])
{
    size_t size;
    const char *next = mp_obj_str_get_data(object, &size);
    const char *end = next + size;
    if (!get_octets(&next, end, address) || next != end) {
        mp_raise_ValueError(MP_ERROR_TEXT("an address is written 192.168.1.1"));
    }
}

/* '192.168.0.107/24', or an address alone: the netmask stays; or the tuple of both. */
static void get_address_and_netmask(mp_obj_t object, struct wlan_ip *ip)
{
    if (!mp_obj_is_str(object)) {
        mp_obj_t *items;
        mp_obj_get_array_fixed_n(object, 2, &items);
        get_address(items[0], ip->address);
        get_address(items[1], ip->netmask);
        return;
    }
    size_t size;
    const char *next = mp_obj_str_get_data(object, &size);
    const char *end = next + size;
    bool valid = get_octets(&next, end, ip->address);
    if (valid && next != end) {
        valid = *next++ == '/';
        int bits = get_number(&next, end);
        valid = valid && next == end && bits >= 1 && bits <= 32;
        uint32_t mask = valid ? UINT32_MAX << (32 - bits) : 0;
        for (int i = 0; i < 4; i++) {
            ip->netmask[i] = (uint8_t)(mask >> (24 - 8 * i));
        }
    }
    if (!valid) {
        mp_raise_ValueError(MP_ERROR_TEXT("an address is written 192.168.1.1/24"));
    }
}

static void change(const struct wlan_ip *ip)
{
    int result = wlan_set_ip(ip);
    if (result == HAL_ERROR_RANGE) {
        mp_raise_ValueError(MP_ERROR_TEXT("no address that can be used here"));
    }
    python_check_wlan(result);
}

/* ---- ifconfig(), ifconfig((ip, netmask, gateway, dns)), ifconfig('dhcp'), ifconfig(config=...),
 * also with an id, 0, before. */

static void set_config(mp_obj_t config)
{
    struct wlan_ip ip;
    wlan_ip(&ip);
    if (mp_obj_is_str(config)) {
        if (mp_obj_str_get_qstr(config) != MP_QSTR_dhcp) {
            mp_raise_ValueError(MP_ERROR_TEXT("config must be 'dhcp' or a tuple"));
        }
        ip.dhcp = true;
    } else {
        mp_obj_t *items;
        mp_obj_get_array_fixed_n(config, 4, &items);
        ip.dhcp = false;
        get_address(items[0], ip.address);
        get_address(items[1], ip.netmask);
        get_address(items[2], ip.gateway);
        get_address(items[3], ip.dns);
    }
    change(&ip);
}

static mp_obj_t wlan_ifconfig(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    static const mp_arg_t allowed[] = {
        {MP_QSTR_id, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
        {MP_QSTR_config, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t arg[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, args + 1, kw, MP_ARRAY_SIZE(allowed), allowed, arg);
    mp_obj_t config = arg[1].u_obj;
    if (config == mp_const_none && !mp_obj_is_int(arg[0].u_obj)) {
        config = arg[0].u_obj;
    } else if (mp_obj_get_int(arg[0].u_obj) != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("there is only WLAN 0"));
    }
    if (config != mp_const_none) {
        set_config(config);
        return mp_const_none;
    }
    struct wlan_ip ip;
    wlan_ip(&ip);
    mp_obj_t tuple[] = {python_new_address(ip.address), python_new_address(ip.netmask),
                        python_new_address(ip.gateway), python_new_address(ip.dns)};
    return mp_obj_new_tuple(MP_ARRAY_SIZE(tuple), tuple);
}
MP_DEFINE_CONST_FUN_OBJ_KW(python_wlan_ifconfig_obj, 1, wlan_ifconfig);

/* ---- ipconfig('addr4'), ipconfig(addr4=..., gw4=..., dhcp4=...) */

static _Noreturn void raise_unknown(void)
{
    mp_raise_ValueError(MP_ERROR_TEXT("unknown parameter"));
}

/* The name of the parameter that is asked for; MP_QSTRnull: parameters are set. */
static qstr asked(size_t n_args, const mp_obj_t *args, const mp_map_t *kw)
{
    if (n_args > 1 || (n_args == 1) == (kw->used > 0)) {
        mp_raise_TypeError(MP_ERROR_TEXT("ask for one parameter, or set some by name"));
    }
    return n_args == 1 ? mp_obj_str_get_qstr(args[0]) : MP_QSTRnull;
}

static mp_obj_t get_parameter(qstr name)
{
    struct wlan_ip ip;
    wlan_ip(&ip);
    switch (name) {
    case MP_QSTR_addr4: {
        mp_obj_t tuple[] = {python_new_address(ip.address), python_new_address(ip.netmask)};
        return mp_obj_new_tuple(MP_ARRAY_SIZE(tuple), tuple);
    }
    case MP_QSTR_gw4:
        return python_new_address(ip.gateway);
    case MP_QSTR_dhcp4:
        return mp_obj_new_bool(ip.dhcp);
    case MP_QSTR_has_dhcp4:
        return mp_obj_new_bool(ip.dhcp && wlan_state() == WLAN_CONNECTED);
    default:
        raise_unknown();
    }
}

static void set_parameter(qstr name, mp_obj_t value, struct wlan_ip *ip)
{
    switch (name) {
    case MP_QSTR_addr4:
        get_address_and_netmask(value, ip);
        ip->dhcp = false;
        break;
    case MP_QSTR_gw4:
        get_address(value, ip->gateway);
        ip->dhcp = false;
        break;
    case MP_QSTR_dhcp4:
        ip->dhcp = mp_obj_is_true(value);
        break;
    default:
        raise_unknown();
    }
}

static mp_obj_t wlan_ipconfig(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    static const uint8_t none[4];
    qstr name = asked(n_args - 1, args + 1, kw);
    if (name != MP_QSTRnull) {
        return get_parameter(name);
    }
    struct wlan_ip ip;
    wlan_ip(&ip);
    if (memcmp(ip.netmask, none, 4) == 0) {
        memcpy(ip.netmask, (const uint8_t[]){255, 255, 255, 0}, 4);
    }
    for (size_t i = 0; i < kw->alloc; i++) {
        if (mp_map_slot_is_filled(kw, i)) {
            set_parameter(mp_obj_str_get_qstr(kw->table[i].key), kw->table[i].value, &ip);
        }
    }
    change(&ip);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_KW(python_wlan_ipconfig_obj, 1, wlan_ipconfig);

/* network.ipconfig('dns'), network.ipconfig(dns='8.8.8.8') */
static mp_obj_t network_ipconfig(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    struct wlan_ip ip;
    wlan_ip(&ip);
    qstr name = asked(n_args, args, kw);
    if (name != MP_QSTRnull) {
        if (name != MP_QSTR_dns) {
            raise_unknown();
        }
        return python_new_address(ip.dns);
    }
    mp_map_elem_t *dns = mp_map_lookup(kw, MP_OBJ_NEW_QSTR(MP_QSTR_dns), MP_MAP_LOOKUP);
    if (dns == NULL || kw->used > 1) {
        raise_unknown();
    }
    uint8_t address[4];
    get_address(dns->value, address);
    wlan_set_dns(address);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_KW(python_ipconfig_obj, 0, network_ipconfig);

/* network.WLAN: lists of who is there. */
#include <string.h>

#include "hal/radio.h"
#include "net/dhcp/dhcp_udp.h"
#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/runtime.h"
#include "py/unicode.h"
#include "python/modnetwork.h"

/* A network that scan() found: the tuple (ssid, bssid, sec, channel, rssi), whose members have
 * names, the third one two. */
enum { SSID, BSSID, SEC, CHANNEL, RSSI, FIELDS };

static void found_attr(mp_obj_t self, qstr name, mp_obj_t *dest)
{
    static const struct {
        qstr_short_t name;
        uint8_t field;
    } names[] = {
        {MP_QSTR_ssid, SSID},    {MP_QSTR_bssid, BSSID},     {MP_QSTR_sec, SEC},
        {MP_QSTR_security, SEC}, {MP_QSTR_channel, CHANNEL}, {MP_QSTR_rssi, RSSI},
    };
    for (size_t i = 0; i < MP_ARRAY_SIZE(names) && dest[0] == MP_OBJ_NULL; i++) {
        if (names[i].name == name) {
            const mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(self);
            dest[0] = tuple->items[names[i].field];
            return;
        }
    }
}

static void found_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind)
{
    static const qstr fields[] = {MP_QSTR_ssid, MP_QSTR_bssid, MP_QSTR_sec, MP_QSTR_channel,
                                  MP_QSTR_rssi};
    mp_obj_attrtuple_print_helper(print, fields, MP_OBJ_TO_PTR(self));
}

static MP_DEFINE_CONST_OBJ_TYPE(found_type, MP_QSTR_tuple, MP_TYPE_FLAG_ITER_IS_GETITER, print,
                                found_print, attr, found_attr, unary_op, mp_obj_tuple_unary_op,
                                binary_op, mp_obj_tuple_binary_op, subscr, mp_obj_tuple_subscr,
                                iter, mp_obj_tuple_getiter, parent, &mp_type_tuple);

mp_obj_t python_new_text(const char *text)
{
    size_t size = strlen(text);
    if (!utf8_check((const byte *)text, size)) {
        return mp_obj_new_bytes((const byte *)text, size);
    }
    return mp_obj_new_str(text, size);
}

static mp_obj_t wlan_scan(mp_obj_t self)
{
    static struct hal_radio_network networks[HAL_RADIO_NETWORKS];
    int count = hal_radio_scan(networks, HAL_RADIO_NETWORKS);
    python_check_wlan(count);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (int i = 0; i < count; i++) {
        const struct hal_radio_network *network = &networks[i];
        mp_obj_tuple_t *found = MP_OBJ_TO_PTR(mp_obj_new_tuple(FIELDS, NULL));
        found->base.type = &found_type;
        found->items[SSID] = python_new_text(network->ssid);
        found->items[BSSID] = mp_obj_new_bytes(network->bssid, sizeof network->bssid);
        found->items[SEC] = MP_OBJ_NEW_SMALL_INT(network->security);
        found->items[CHANNEL] = MP_OBJ_NEW_SMALL_INT(network->channel);
        found->items[RSSI] = MP_OBJ_NEW_SMALL_INT(network->rssi);
        mp_obj_list_append(list, MP_OBJ_FROM_PTR(found));
    }
    return list;
}
MP_DEFINE_CONST_FUN_OBJ_1(python_wlan_scan_obj, wlan_scan);

/* connections(): the stations of the access point, as (mac, ip); ip is None without a lease. */
static mp_obj_t wlan_connections(mp_obj_t self)
{
    static const qstr fields[] = {MP_QSTR_mac, MP_QSTR_ip};
    uint8_t macs[HAL_RADIO_STATIONS][6];
    int count = hal_radio_ap_stations(macs, HAL_RADIO_STATIONS);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (int i = 0; i < count && i < HAL_RADIO_STATIONS; i++) {
        uint8_t address[4];
        mp_obj_t items[] = {mp_obj_new_bytes(macs[i], sizeof macs[i]), mp_const_none};
        if (dhcp_udp_lease(macs[i], address)) {
            items[1] = python_new_address(address);
        }
        mp_obj_list_append(list, mp_obj_new_attrtuple(fields, MP_ARRAY_SIZE(items), items));
    }
    return list;
}
MP_DEFINE_CONST_FUN_OBJ_1(python_wlan_connections_obj, wlan_connections);

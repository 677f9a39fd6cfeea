/* What the files of module network share. */
#ifndef PYTHON_MODNETWORK_H
#define PYTHON_MODNETWORK_H

#include "py/obj.h"

/* A soft reset: the handler of WLAN.irq() is gone with its heap. */
void python_forget_wlan_handler(void);

/* WLAN.irq() knows one kind of event. */
#define WLAN_ANY_EVENT 1

extern const mp_obj_type_t python_wlan_type;
extern const mp_obj_type_t python_server_type;
/* The only object of its type: WLAN is a part of the board. */
extern const mp_obj_base_t python_wlan_obj;

/* Raise OSError with a number and what it means here. */
_Noreturn void python_raise_os_error(int number, mp_rom_error_text_t text);
/* Raise what a result of net/wlan.h means, if it is an error. */
void python_check_wlan(int result);

/* Copy a str or bytes without NUL of at most `max` bytes to `text`, which has room for one more;
 * raises ValueError with `what` otherwise. */
void python_get_text(mp_obj_t object, char *text, size_t max, mp_rom_error_text_t what);

/* {192, 168, 1, 1} as '192.168.1.1'. */
mp_obj_t python_new_address(const uint8_t address[4]);
/* An ssid or a key is any bytes: one that is no text is bytes in Python, too. */
mp_obj_t python_new_text(const char *text);

MP_DECLARE_CONST_FUN_OBJ_KW(python_wlan_ifconfig_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(python_wlan_ipconfig_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(python_wlan_irq_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(python_ipconfig_obj);
MP_DECLARE_CONST_FUN_OBJ_1(python_wlan_scan_obj);
MP_DECLARE_CONST_FUN_OBJ_1(python_wlan_connections_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(python_server_login_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(python_server_timeout_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(python_server_running_obj);

#endif

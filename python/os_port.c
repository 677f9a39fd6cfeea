/* The WiPy's part of module os; included by MicroPython's extmod/modos.c. */
#include <string.h>

#include "hal/random.h"
#include "update/update.h"

static const char *mp_os_uname_release(void)
{
    return update_version();
}

/* urandom(n): n random bytes, fit for keys. */
static mp_obj_t mp_os_urandom(mp_obj_t count)
{
    mp_int_t n = mp_obj_get_int(count);
    if (n < 0) {
        mp_raise_ValueError(NULL);
    }
    vstr_t bytes;
    vstr_init_len(&bytes, n);
    hal_random(bytes.buf, n);
    return mp_obj_new_bytes_from_vstr(&bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);

/* Module pyb: the functions that scripts of the WiPy's first year use. Each of its classes has a
 * file of its own. */
#include "python/modpyb.h"

#include "hal/radio.h"
#include "hal/random.h"
#include "net/net.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "python/vfs_storage.h"
#include "storage/storage.h"
#include "update/update.h"

#define WIPY_CPU_HZ 80000000 /* what the WiPy's processor runs at, as its documentation says */

void python_hard_reset(void)
{
    python_close_files();
    net_say_goodbye();
    hal_reset();
}

static mp_obj_t pyb_reset(void)
{
    python_hard_reset();
}
static MP_DEFINE_CONST_FUN_OBJ_0(pyb_reset_obj, pyb_reset);

/* unique_id(): the six bytes of the hardware address. */
static mp_obj_t pyb_unique_id(void)
{
    uint8_t mac[6];
    hal_radio_mac(mac);
    return mp_obj_new_bytes(mac, sizeof mac);
}
MP_DEFINE_CONST_FUN_OBJ_0(pyb_unique_id_obj, pyb_unique_id);

static mp_obj_t pyb_freq(void)
{
    return MP_OBJ_NEW_SMALL_INT(WIPY_CPU_HZ);
}
MP_DEFINE_CONST_FUN_OBJ_0(pyb_freq_obj, pyb_freq);

/* rng(): 24 random bits. */
static mp_obj_t pyb_rng(void)
{
    uint32_t bits;
    hal_random(&bits, sizeof bits);
    return MP_OBJ_NEW_SMALL_INT(bits >> 8);
}
MP_DEFINE_CONST_FUN_OBJ_0(pyb_rng_obj, pyb_rng);

/* Interrupts, for Python, are scheduled callbacks and Ctrl-C: with them disabled none comes between
 * two lines. The network and the other services go on, they are not Python's. */
static bool irq_disabled;

void python_enable_irq(void)
{
    if (irq_disabled) {
        irq_disabled = false;
        mp_sched_unlock();
    }
}

/* disable_irq(): returns the previous state, for enable_irq(). */
static mp_obj_t pyb_disable_irq(void)
{
    bool enabled = !irq_disabled;
    if (enabled) {
        irq_disabled = true;
        mp_sched_lock();
    }
    return mp_obj_new_bool(enabled);
}
MP_DEFINE_CONST_FUN_OBJ_0(pyb_disable_irq_obj, pyb_disable_irq);

/* enable_irq(state=True) */
static mp_obj_t pyb_enable_irq(size_t n_args, const mp_obj_t *args)
{
    if (n_args == 0 || mp_obj_is_true(args[0])) {
        python_enable_irq();
    } else {
        pyb_disable_irq();
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pyb_enable_irq_obj, 0, 1, pyb_enable_irq);

/* main(filename): what runs after boot.py, instead of main.py. */
static mp_obj_t pyb_main(mp_obj_t filename)
{
    size_t length;
    const char *name = mp_obj_str_get_data(filename, &length); /* raises when it is none */
    if (length == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("main() takes the name of a file"));
    }
    for (size_t i = 0; i < length; i++) {
        if ((uint8_t)name[i] < ' ') {
            mp_raise_ValueError(MP_ERROR_TEXT("no file has a control character in its name"));
        }
    }
    MP_STATE_PORT(python_main) = filename;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(pyb_main_obj, pyb_main);

/* info([dump]): about this board; with an argument also a map of the heap. */
static mp_obj_t pyb_info(size_t n_args, const mp_obj_t *args)
{
    uint8_t mac[6];
    hal_radio_mac(mac);
    mp_printf(&mp_plat_print, "ID=%02x%02x%02x%02x%02x%02x\n", mac[0], mac[1], mac[2], mac[3],
              mac[4], mac[5]);
    mp_printf(&mp_plat_print, "firmware=%s\n", update_version());

    gc_info_t info;
    gc_info(&info);
    mp_printf(&mp_plat_print, "GC: total=" UINT_FMT " used=" UINT_FMT " free=" UINT_FMT "\n",
              (mp_uint_t)info.total, (mp_uint_t)info.used, (mp_uint_t)info.free);

    struct storage_volume flash;
    int result = storage_volume("/flash", &flash);
    if (result == STORAGE_OK) {
        mp_printf(&mp_plat_print, "/flash: total=%u free=%u\n",
                  (unsigned)(flash.blocks * flash.block_size),
                  (unsigned)(flash.free_blocks * flash.block_size));
    } else {
        mp_printf(&mp_plat_print, "/flash: %s\n", storage_error_text(result));
    }
    if (n_args == 1) {
        gc_dump_alloc_table(&mp_plat_print);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pyb_info_obj, 0, 1, pyb_info);

/* sync(): everything written to open files is in flash, or on the card, afterwards. */
static mp_obj_t pyb_sync(void)
{
    python_sync_files();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(pyb_sync_obj, pyb_sync);

/* ---- time. Counters wrap at 31 bits; elapsed_... are right for up to half of that. */
#define COUNTER_MASK 0x7FFFFFFFu

static mp_obj_t pyb_millis(void)
{
    return mp_obj_new_int_from_uint(mp_hal_ticks_ms() & COUNTER_MASK);
}
static MP_DEFINE_CONST_FUN_OBJ_0(pyb_millis_obj, pyb_millis);

static mp_obj_t pyb_elapsed_millis(mp_obj_t start)
{
    return mp_obj_new_int_from_uint((mp_hal_ticks_ms() - (mp_uint_t)mp_obj_get_int(start)) &
                                    COUNTER_MASK);
}
static MP_DEFINE_CONST_FUN_OBJ_1(pyb_elapsed_millis_obj, pyb_elapsed_millis);

static mp_obj_t pyb_micros(void)
{
    return mp_obj_new_int_from_uint(mp_hal_ticks_us() & COUNTER_MASK);
}
static MP_DEFINE_CONST_FUN_OBJ_0(pyb_micros_obj, pyb_micros);

static mp_obj_t pyb_elapsed_micros(mp_obj_t start)
{
    return mp_obj_new_int_from_uint((mp_hal_ticks_us() - (mp_uint_t)mp_obj_get_int(start)) &
                                    COUNTER_MASK);
}
static MP_DEFINE_CONST_FUN_OBJ_1(pyb_elapsed_micros_obj, pyb_elapsed_micros);

static mp_obj_t pyb_delay(mp_obj_t ms)
{
    mp_int_t count = mp_obj_get_int(ms);
    if (count > 0) {
        python_sleep_us((uint64_t)count * 1000);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pyb_delay_obj, pyb_delay);

static mp_obj_t pyb_udelay(mp_obj_t us)
{
    mp_int_t count = mp_obj_get_int(us);
    if (count > 0) {
        python_sleep_us((uint64_t)count);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pyb_udelay_obj, pyb_udelay);

static const mp_rom_map_elem_t pyb_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_pyb)},
    {MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&pyb_reset_obj)},
    {MP_ROM_QSTR(MP_QSTR_freq), MP_ROM_PTR(&pyb_freq_obj)},
    {MP_ROM_QSTR(MP_QSTR_unique_id), MP_ROM_PTR(&pyb_unique_id_obj)},
    {MP_ROM_QSTR(MP_QSTR_disable_irq), MP_ROM_PTR(&pyb_disable_irq_obj)},
    {MP_ROM_QSTR(MP_QSTR_enable_irq), MP_ROM_PTR(&pyb_enable_irq_obj)},
    {MP_ROM_QSTR(MP_QSTR_main), MP_ROM_PTR(&pyb_main_obj)},
    {MP_ROM_QSTR(MP_QSTR_info), MP_ROM_PTR(&pyb_info_obj)},
    {MP_ROM_QSTR(MP_QSTR_sync), MP_ROM_PTR(&pyb_sync_obj)},
    {MP_ROM_QSTR(MP_QSTR_rng), MP_ROM_PTR(&pyb_rng_obj)},
    {MP_ROM_QSTR(MP_QSTR_millis), MP_ROM_PTR(&pyb_millis_obj)},
    {MP_ROM_QSTR(MP_QSTR_elapsed_millis), MP_ROM_PTR(&pyb_elapsed_millis_obj)},
    {MP_ROM_QSTR(MP_QSTR_micros), MP_ROM_PTR(&pyb_micros_obj)},
    {MP_ROM_QSTR(MP_QSTR_elapsed_micros), MP_ROM_PTR(&pyb_elapsed_micros_obj)},
    {MP_ROM_QSTR(MP_QSTR_delay), MP_ROM_PTR(&pyb_delay_obj)},
    {MP_ROM_QSTR(MP_QSTR_udelay), MP_ROM_PTR(&pyb_udelay_obj)},
    {MP_ROM_QSTR(MP_QSTR_HeartBeat), MP_ROM_PTR(&pyb_heartbeat_type)},
    {MP_ROM_QSTR(MP_QSTR_WDT), MP_ROM_PTR(&pyb_wdt_type)},
    {MP_ROM_QSTR(MP_QSTR_SD), MP_ROM_PTR(&python_sd_type)},
};
static MP_DEFINE_CONST_DICT(pyb_globals, pyb_globals_table);

const mp_obj_module_t pyb_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&pyb_globals,
};

MP_REGISTER_MODULE(MP_QSTR_pyb, pyb_module);
MP_REGISTER_ROOT_POINTER(mp_obj_t python_main);

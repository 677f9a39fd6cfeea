/* Class SD of the modules machine and pyb: the slot of the SD card, in the spellings of all years,
 * and the blocks of the card in it. */
#include <string.h>

#include "extmod/vfs.h"
#include "hal/gpio.h"
#include "hal/result.h"
#include "hal/sdcard.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "python/modpyb.h"
#include "python/oserror.h"
#include "python/volumes.h"
#include "storage/storage.h"

/* ---- pins: "GP10" or 10. They are checked and nothing else: the slot of this board is wired. */

/* Negative: there is no such pin. */
static mp_int_t pin_number(mp_obj_t pin)
{
    mp_int_t number = -1;
    if (mp_obj_is_int(pin)) {
        number = mp_obj_get_int(pin);
    } else if (mp_obj_is_str(pin)) {
        const char *name = mp_obj_str_get_str(pin);
        size_t digits = strlen(name) < 2 ? 0 : strlen(name) - 2;
        if ((digits == 1 || (digits == 2 && name[2] != '0')) && name[0] == 'G' && name[1] == 'P') {
            number = 0;
            for (const char *digit = name + 2; *digit != '\0'; digit++) {
                number =
                    *digit >= '0' && *digit <= '9' ? number * 10 + (*digit - '0') : HAL_GPIO_COUNT;
            }
        }
    }
    return number < HAL_GPIO_COUNT ? number : -1;
}

static mp_int_t check_pin(mp_obj_t pin)
{
    mp_int_t number = pin_number(pin);
    if (number < 0) {
        vstr_t text;
        mp_print_t print;
        vstr_init_print(&text, 64, &print);
        mp_print_str(&print, "there is no pin ");
        mp_obj_print_helper(&print, pin, PRINT_REPR);
        mp_print_str(&print, "; pins are 'GP0' to 'GP31'");
        nlr_raise(mp_obj_new_exception_arg1(&mp_type_ValueError, mp_obj_new_str_from_vstr(&text)));
    }
    return number;
}

/* Clock, command and data, in any order; each may have the number of its alternate function:
 * 'GP10', 6 or ('GP10', 6). */
static void check_pins(size_t count, const mp_obj_t *items)
{
    if (count != 3 && count != 6) {
        mp_raise_ValueError(MP_ERROR_TEXT("the card has three pins: clock, command and data"));
    }
    size_t step = count / 3;
    uint32_t taken = 0;
    for (size_t i = 0; i < count; i += step) {
        mp_obj_t pin = items[i];
        mp_obj_t function = step == 2 ? items[i + 1] : MP_OBJ_NEW_SMALL_INT(0);
        if (step == 1 &&
            (mp_obj_get_type(pin) == &mp_type_tuple || mp_obj_get_type(pin) == &mp_type_list)) {
            mp_obj_t *pair;
            mp_obj_get_array_fixed_n(pin, 2, &pair);
            pin = pair[0];
            function = pair[1];
        }
        uint32_t bit = UINT32_C(1) << check_pin(pin);
        if ((taken & bit) != 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("clock, command and data are three different pins"));
        }
        taken |= bit;
        mp_obj_get_int(function);
    }
}

/* ([id], pins=(...)), or, in 2015, a tuple or the pins themselves. True: pins were among it. */
static bool take_pins(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    static const mp_arg_t allowed[] = {
        {MP_QSTR_id, MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_pins, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    if (n_args > 2 && kw->used == 0) {
        check_pins(n_args, args);
        return true;
    }
    mp_obj_t pins;
    if (n_args == 1 && kw->used == 0 && !mp_obj_is_int(args[0])) {
        pins = args[0];
    } else {
        mp_arg_val_t arg[MP_ARRAY_SIZE(allowed)];
        mp_arg_parse_all(n_args, args, kw, MP_ARRAY_SIZE(allowed), allowed, arg);
        if (arg[0].u_int != 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("there is only SD 0"));
        }
        pins = arg[1].u_obj;
    }
    if (pins == mp_const_none) {
        return false;
    }
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(pins, &count, &items);
    check_pins(count, items);
    return true;
}

/* SD() is the card as it is. With pins, it also enables it, and mounts it as /sd. */
static mp_obj_t sd_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                            const mp_obj_t *args)
{
    static const mp_obj_base_t the_one = {&python_sd_type};
    mp_map_t kw;
    mp_map_init_fixed_table(&kw, n_kw, args + n_args);
    if (take_pins(n_args, args, &kw)) {
        python_card_mount();
    }
    return MP_OBJ_FROM_PTR(&the_one);
}

/* init([id], pins=...) */
static mp_obj_t sd_init(size_t n_args, const mp_obj_t *args, mp_map_t *kw)
{
    take_pins(n_args - 1, args + 1, kw);
    python_card_mount();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(sd_init_obj, 1, sd_init);

/* mount() and enable(), the names of 2015 */
static mp_obj_t sd_mount(mp_obj_t self)
{
    python_card_mount();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(sd_mount_obj, sd_mount);

static mp_obj_t sd_deinit(mp_obj_t self)
{
    python_card_unmount();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(sd_deinit_obj, sd_deinit);

/* ---- blocks, while /sd is not mounted; for volumes of a program's own. What a volume knows of the
 * card must outlive neither the card's stay in the slot nor a time when it is /sd. So the methods
 * that a volume takes belong to one stay: sd.readblocks is of the card that is there now. */
typedef struct {
    mp_obj_base_t base;
    uint32_t insertion; /* 0: the slot was empty */
    uint32_t uses;
} stay_obj_t;

static uint32_t uses; /* how often the card has become /sd */

void python_sd_end_volumes(void)
{
    uses++;
}

bool python_sd_has_blocks(mp_obj_t self)
{
    return self != MP_OBJ_NULL && mp_obj_get_type(self) == &python_sd_type;
}

static void look(struct hal_sdcard *card)
{
    if (storage_card() != STORAGE_CARD_DISABLED) {
        python_raise_oserror(MP_EBUSY, "the card is in use as /sd");
    }
    hal_sdcard_look(card);
    if (card->insertion == 0) {
        python_raise_oserror(MP_ENODEV, "no card in the slot");
    }
}

static void check_block_result(int result)
{
    switch (result) {
    case HAL_OK:
        return;
    case HAL_ERROR_GONE:
        python_raise_oserror(MP_ENODEV, "this card is not in the slot any more");
    case HAL_ERROR_PROTECTED:
        python_raise_oserror(MP_EROFS, "the card is write-protected");
    case HAL_ERROR_RANGE:
        python_raise_oserror(MP_EINVAL, "the card has no such block");
    default:
        mp_raise_OSError(MP_EIO);
    }
}

/* All blocks of a buffer, in pieces, with polls in between: nothing of Python runs in them that
 * could take the buffer away. */
static void transfer(mp_obj_t self, mp_obj_t block_in, mp_obj_t buffer_in, bool writes)
{
    const stay_obj_t *stay = MP_OBJ_TO_PTR(self);
    struct hal_sdcard card;
    look(&card);
    if (stay->uses != uses) {
        python_raise_oserror(MP_ENODEV, "the card was in use as /sd meanwhile: mount it again");
    }
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(buffer_in, &buffer, writes ? MP_BUFFER_READ : MP_BUFFER_WRITE);
    if (buffer.len % HAL_SDCARD_BLOCK != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("only whole blocks of 512 bytes"));
    }
    mp_int_t first = mp_obj_get_int(block_in);
    size_t left = buffer.len / HAL_SDCARD_BLOCK;
    if (first < 0 || (mp_uint_t)first > card.blocks || left > card.blocks - (mp_uint_t)first) {
        check_block_result(HAL_ERROR_RANGE);
    }
    uint32_t block = (uint32_t)first;
    for (uint8_t *data = buffer.buf; left > 0; data += HAL_SDCARD_TRANSFER_MAX * HAL_SDCARD_BLOCK) {
        uint32_t count = (uint32_t)MIN(left, HAL_SDCARD_TRANSFER_MAX);
        check_block_result(writes ? hal_sdcard_write(stay->insertion, block, data, count)
                                  : hal_sdcard_read(stay->insertion, block, data, count));
        block += count;
        left -= count;
        python_poll_pending();
    }
}

static mp_obj_t sd_readblocks(mp_obj_t self, mp_obj_t block, mp_obj_t buffer)
{
    transfer(self, block, buffer, false);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_3(sd_readblocks_obj, sd_readblocks);

static mp_obj_t sd_writeblocks(mp_obj_t self, mp_obj_t block, mp_obj_t buffer)
{
    transfer(self, block, buffer, true);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_3(sd_writeblocks_obj, sd_writeblocks);

static mp_obj_t sd_ioctl(mp_obj_t self, mp_obj_t operation, mp_obj_t argument)
{
    struct hal_sdcard card;
    switch (mp_obj_get_int(operation)) {
    case MP_BLOCKDEV_IOCTL_INIT:
        look(&card);
        return MP_OBJ_NEW_SMALL_INT(0);
    case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
        look(&card);
        return mp_obj_new_int_from_uint(card.blocks);
    case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
        return MP_OBJ_NEW_SMALL_INT(HAL_SDCARD_BLOCK);
    default:
        return MP_OBJ_NEW_SMALL_INT(0); /* a card needs neither sync nor erase */
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(sd_ioctl_obj, sd_ioctl);

static void sd_attr(mp_obj_t self, qstr name, mp_obj_t *value)
{
    mp_obj_t method = MP_OBJ_NULL;
    if (name == MP_QSTR_readblocks) {
        method = MP_OBJ_FROM_PTR(&sd_readblocks_obj);
    } else if (name == MP_QSTR_writeblocks) {
        method = MP_OBJ_FROM_PTR(&sd_writeblocks_obj);
    }
    if (value[0] != MP_OBJ_NULL) {
        return; /* no assignment */
    }
    if (method == MP_OBJ_NULL) {
        value[1] = MP_OBJ_SENTINEL; /* look in sd_locals */
        return;
    }
    struct hal_sdcard card;
    hal_sdcard_look(&card);
    stay_obj_t *stay = mp_obj_malloc(stay_obj_t, &python_sd_type);
    stay->insertion = card.insertion;
    stay->uses = uses;
    value[0] = method;
    value[1] = MP_OBJ_FROM_PTR(stay);
}

bool python_sd_is_current(mp_obj_t self)
{
    const stay_obj_t *stay = MP_OBJ_TO_PTR(self);
    struct hal_sdcard card;
    hal_sdcard_look(&card);
    return python_sd_has_blocks(self) && stay->insertion == card.insertion && stay->uses == uses;
}

/* What it is good for at the moment. */
static void sd_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind)
{
    static const char *const states[] = {
        [STORAGE_CARD_DISABLED] = "not enabled; SD(pins=('GP10', 'GP11', 'GP15')) does that",
        [STORAGE_CARD_ABSENT] = "no card in the slot",
        [STORAGE_CARD_UNREADABLE] = "no file system on the card",
        [STORAGE_CARD_MOUNTED] = "mounted as /sd",
        [STORAGE_CARD_FORMATTING] = "the card is being formatted",
    };
    mp_printf(print, "<SD: %s>", states[storage_card()]);
}

static const mp_rom_map_elem_t sd_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&sd_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_deinit), MP_ROM_PTR(&sd_deinit_obj)},
    {MP_ROM_QSTR(MP_QSTR_mount), MP_ROM_PTR(&sd_mount_obj)},
    {MP_ROM_QSTR(MP_QSTR_enable), MP_ROM_PTR(&sd_mount_obj)},
    {MP_ROM_QSTR(MP_QSTR_disable), MP_ROM_PTR(&sd_deinit_obj)},
    {MP_ROM_QSTR(MP_QSTR_unmount), MP_ROM_PTR(&sd_deinit_obj)},
    {MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&sd_ioctl_obj)},
};
static MP_DEFINE_CONST_DICT(sd_locals, sd_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(python_sd_type, MP_QSTR_SD, MP_TYPE_FLAG_NONE, make_new, sd_make_new,
                         print, sd_print, attr, sd_attr, locals_dict, &sd_locals);

/* machine.RTC: the date and time of the real-time clock, in UTC. */
#include "hal/rtc.h"
#include "py/runtime.h"
#include "python/modpyb.h"
#include "shared/timeutils/timeutils.h"

#define FIRST_YEAR 1970
#define LAST_YEAR  2099

static mp_int_t part(const mp_obj_t *items, size_t count, size_t index, mp_int_t min, mp_int_t max)
{
    mp_int_t value = index < count ? mp_obj_get_int(items[index]) : min;
    if (value < min || value > max) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such date or time"));
    }
    return value;
}

/* `items`: year, month, day, and from `time` on hour, minute, second, microsecond; what is missing
 * at the end is 0. */
static void set(const mp_obj_t *items, size_t count, size_t time)
{
    mp_uint_t year = (mp_uint_t)part(items, count, 0, FIRST_YEAR, LAST_YEAR);
    mp_uint_t month = (mp_uint_t)part(items, count, 1, 1, 12);
    mp_uint_t day =
        (mp_uint_t)part(items, count, 2, 1, (mp_int_t)timeutils_days_in_month(year, month));
    mp_uint_t hour = (mp_uint_t)part(items, count, time, 0, 23);
    mp_uint_t minute = (mp_uint_t)part(items, count, time + 1, 0, 59);
    mp_uint_t second = (mp_uint_t)part(items, count, time + 2, 0, 59);
    uint64_t us = (uint64_t)part(items, count, time + 3, 0, 999999);
    uint64_t seconds = timeutils_seconds_since_epoch(year, month, day, hour, minute, second);
    hal_rtc_set(seconds * 1000000 + us);
}

static void set_date_first(mp_obj_t datetime)
{
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(datetime, &count, &items);
    if (count < 3 || count > 8) {
        mp_raise_ValueError(MP_ERROR_TEXT("datetime must have 3 to 8 members"));
    }
    set(items, count < 7 ? count : 7, 3); /* the eighth is a time zone: None */
}

static mp_obj_t rtc_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                             const mp_obj_t *args)
{
    static const mp_obj_base_t the_one = {&python_rtc_type};
    static const mp_arg_t allowed[] = {
        {MP_QSTR_id, MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_datetime, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t arg[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, args, MP_ARRAY_SIZE(allowed), allowed, arg);
    if (arg[0].u_int != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("there is only RTC 0"));
    }
    if (arg[1].u_obj != mp_const_none) {
        set_date_first(arg[1].u_obj);
    }
    return MP_OBJ_FROM_PTR(&the_one);
}

/* init((year, month, day[, hour[, minute[, second[, microsecond[, tzinfo]]]]])) */
static mp_obj_t rtc_init(mp_obj_t self, mp_obj_t datetime)
{
    set_date_first(datetime);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(rtc_init_obj, rtc_init);

static mp_obj_t new_int(mp_uint_t value)
{
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)value);
}

/* now(): (year, month, day, hour, minute, second, microsecond, None) */
static mp_obj_t rtc_now(mp_obj_t self)
{
    uint64_t us = hal_rtc_us();
    timeutils_struct_time_t tm;
    timeutils_seconds_since_epoch_to_struct_time((mp_uint_t)(us / 1000000), &tm);
    mp_obj_t tuple[] = {new_int(tm.tm_year),
                        new_int(tm.tm_mon),
                        new_int(tm.tm_mday),
                        new_int(tm.tm_hour),
                        new_int(tm.tm_min),
                        new_int(tm.tm_sec),
                        new_int((mp_uint_t)(us % 1000000)),
                        mp_const_none};
    return mp_obj_new_tuple(MP_ARRAY_SIZE(tuple), tuple);
}
static MP_DEFINE_CONST_FUN_OBJ_1(rtc_now_obj, rtc_now);

/* datetime([(year, month, day, weekday, hour, minute, second, microsecond)]); Monday is 1 for
 * datetime(), and is not looked at when it is set. */
static mp_obj_t rtc_datetime(size_t n_args, const mp_obj_t *args)
{
    if (n_args == 2) {
        mp_obj_t *items;
        mp_obj_get_array_fixed_n(args[1], 8, &items);
        set(items, 8, 4);
        return mp_const_none;
    }
    uint64_t us = hal_rtc_us();
    timeutils_struct_time_t tm;
    timeutils_seconds_since_epoch_to_struct_time((mp_uint_t)(us / 1000000), &tm);
    mp_obj_t tuple[] = {new_int(tm.tm_year), new_int(tm.tm_mon),
                        new_int(tm.tm_mday), new_int(tm.tm_wday + 1u),
                        new_int(tm.tm_hour), new_int(tm.tm_min),
                        new_int(tm.tm_sec),  new_int((mp_uint_t)(us % 1000000))};
    return mp_obj_new_tuple(MP_ARRAY_SIZE(tuple), tuple);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rtc_datetime_obj, 1, 2, rtc_datetime);

static const mp_rom_map_elem_t rtc_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&rtc_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_now), MP_ROM_PTR(&rtc_now_obj)},
    {MP_ROM_QSTR(MP_QSTR_datetime), MP_ROM_PTR(&rtc_datetime_obj)},
};
static MP_DEFINE_CONST_DICT(rtc_locals, rtc_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(python_rtc_type, MP_QSTR_RTC, MP_TYPE_FLAG_NONE, make_new, rtc_make_new,
                         locals_dict, &rtc_locals);

/* The WiPy's part of module time; included by MicroPython's extmod/modtime.c. Times are UTC, the
 * epoch is 1970. */
#include "shared/timeutils/timeutils.h"

static mp_obj_t mp_time_localtime_get(void)
{
    timeutils_struct_time_t tm;
    timeutils_seconds_since_epoch_to_struct_time(hal_rtc_us() / 1000000, &tm);
    mp_obj_t tuple[8] = {
        mp_obj_new_int(tm.tm_year), mp_obj_new_int(tm.tm_mon),  mp_obj_new_int(tm.tm_mday),
        mp_obj_new_int(tm.tm_hour), mp_obj_new_int(tm.tm_min),  mp_obj_new_int(tm.tm_sec),
        mp_obj_new_int(tm.tm_wday), mp_obj_new_int(tm.tm_yday),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(tuple), tuple);
}

static mp_obj_t mp_time_time_get(void)
{
    return mp_obj_new_int_from_ull(hal_rtc_us() / 1000000);
}

/* sleep(seconds): a fraction is good to a microsecond. */
static void mp_time_sleep(mp_obj_t seconds)
{
    mp_float_t us = mp_obj_get_float(seconds) * 1e6;
    if (!(us >= 0)) { /* not a number is refused, too */
        mp_raise_ValueError(MP_ERROR_TEXT("sleep length must be non-negative"));
    }
    python_sleep_us(us < 1e18 ? (uint64_t)us : UINT64_MAX);
}

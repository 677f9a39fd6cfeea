#include "net/ftp/ftp_time.h"

#define DAY_S     86400u
#define YEAR_LAST 2106u

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t days_of_year(unsigned year)
{
    return is_leap(year) ? 366 : 365;
}

static uint32_t days_of_month(unsigned year, unsigned month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

struct ftp_date ftp_date(uint32_t seconds)
{
    struct ftp_date date = {.year = 1970, .month = 1};
    uint32_t days = seconds / DAY_S;
    uint32_t rest = seconds % DAY_S;

    while (days >= days_of_year(date.year)) {
        days -= days_of_year(date.year++);
    }
    while (days >= days_of_month(date.year, date.month)) {
        days -= days_of_month(date.year, date.month++);
    }
    date.day = (uint8_t)(days + 1);
    date.hour = (uint8_t)(rest / 3600);
    date.minute = (uint8_t)(rest / 60 % 60);
    date.second = (uint8_t)(rest % 60);
    return date;
}

void ftp_time_put(struct text *out, uint32_t seconds)
{
    struct ftp_date date = ftp_date(seconds);
    text_number(out, date.year, 4, '0');
    text_number(out, date.month, 2, '0');
    text_number(out, date.day, 2, '0');
    text_number(out, date.hour, 2, '0');
    text_number(out, date.minute, 2, '0');
    text_number(out, date.second, 2, '0');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number of the `count` digits at `text`. */
static unsigned number(const char *text, size_t count)
{
    unsigned value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    return value;
}

/* False when there is no such time, or it does not fit. */
static bool seconds_of(const char *digits, bool has_seconds, uint32_t *seconds)
{
    unsigned year = number(digits, 4);
    unsigned month = number(digits + 4, 2);
    unsigned day = number(digits + 6, 2);
    unsigned hour = number(digits + 8, 2);
    unsigned minute = number(digits + 10, 2);
    unsigned second = has_seconds ? number(digits + 12, 2) : 0;
    if (year < 1970 || year > YEAR_LAST || month < 1 || month > 12 || day < 1 ||
        day > days_of_month(year, month) || hour > 23 || minute > 59 ||
        second > 60) { /* 60: a leap second */
        return false;
    }

    uint64_t days = day - 1;
    for (unsigned y = 1970; y < year; y++) {
        days += days_of_year(y);
    }
    for (unsigned m = 1; m < month; m++) {
        days += days_of_month(year, m);
    }
    uint64_t sum = days * DAY_S + hour * 3600u + minute * 60u + second;
    *seconds = (uint32_t)sum;
    return sum <= UINT32_MAX;
}

size_t ftp_time_read(const char *text, uint32_t *seconds)
{
    size_t digits = 0;
    while (is_digit(text[digits])) {
        digits++;
    }
    if ((digits != 12 && digits != 14) || !seconds_of(text, digits == 14, seconds)) {
        return 0;
    }
    size_t size = digits;
    if (text[size] == '.' && is_digit(text[size + 1])) {
        do {
            size++;
        } while (is_digit(text[size]));
    }
    return size;
}

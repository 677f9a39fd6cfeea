#include "net/ftp/ftp_list.h"

#include "lib/text.h"

#define DAY_S    86400u
#define RECENT_S (182u * DAY_S)

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

struct ftp_date ftp_date(uint32_t seconds)
{
    static const uint8_t month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct ftp_date date = {.year = 1970, .month = 1};
    uint32_t days = seconds / DAY_S;
    uint32_t rest = seconds % DAY_S;

    while (days >= (is_leap(date.year) ? 366u : 365u)) {
        days -= is_leap(date.year) ? 366u : 365u;
        date.year++;
    }
    for (;;) {
        uint32_t length = month_days[date.month - 1] + (date.month == 2 && is_leap(date.year));
        if (days < length) {
            break;
        }
        days -= length;
        date.month++;
    }
    date.day = (uint8_t)(days + 1);
    date.hour = (uint8_t)(rest / 3600);
    date.minute = (uint8_t)(rest / 60 % 60);
    date.second = (uint8_t)(rest % 60);
    return date;
}

static void put_name(struct text *text, const char *prefix, const char *name)
{
    text_string(text, prefix);
    text_string(text, name);
    text_string(text, "\r\n");
}

size_t ftp_list_line(char line[FTP_LIST_LINE_MAX], const char *prefix, const char *name,
                     const struct storage_stat *stat, uint32_t now)
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct text text = {.data = line, .size = FTP_LIST_LINE_MAX};
    struct ftp_date date = ftp_date(stat->mtime);

    text_string(&text, stat->is_dir ? "drwxr-xr-x 2" : "-rw-r--r-- 1");
    text_string(&text, " wipy wipy ");
    text_number(&text, stat->size, 10, ' ');
    text_char(&text, ' ');
    text_string(&text, months[date.month - 1]);
    text_char(&text, ' ');
    text_number(&text, date.day, 2, ' ');
    text_char(&text, ' ');
    /* Clients take a time of day for the last such date in the past: so what lies in the future
     * shows its year, too. */
    if (stat->mtime <= now && now - stat->mtime <= RECENT_S) {
        text_number(&text, date.hour, 2, '0');
        text_char(&text, ':');
        text_number(&text, date.minute, 2, '0');
    } else {
        text_number(&text, date.year, 5, ' ');
    }
    text_char(&text, ' ');
    put_name(&text, prefix, name);
    return text.length;
}

size_t ftp_list_name(char line[FTP_LIST_LINE_MAX], const char *prefix, const char *name)
{
    struct text text = {.data = line, .size = FTP_LIST_LINE_MAX};
    put_name(&text, prefix, name);
    return text.length;
}

const char *ftp_list_skip_options(const char *argument)
{
    while (*argument == '-') {
        while (*argument != '\0' && *argument != ' ') {
            argument++;
        }
        while (*argument == ' ') {
            argument++;
        }
    }
    return argument;
}

bool ftp_list_match(const char *pattern, const char *name)
{
    if (name[0] == '.' && pattern[0] != '.') {
        return false;
    }
    /* Only the last '*' has to be tried again, further on: what came before it already matches the
     * earliest place. */
    const char *star = NULL;
    const char *again = NULL;
    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            again = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

bool ftp_list_is_pattern(const char *name)
{
    for (; *name; name++) {
        if (*name == '*' || *name == '?') {
            return true;
        }
    }
    return false;
}

#include "net/ftp/ftp_list.h"

#include "net/ftp/ftp_time.h"

#define RECENT_S (182u * 86400u)

void ftp_list_name(struct text *out, const char *prefix, const char *name)
{
    text_string(out, prefix);
    text_string(out, name);
    text_string(out, "\r\n");
}

void ftp_list_line(struct text *out, const char *name, const struct storage_stat *stat,
                   uint32_t now)
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct ftp_date date = ftp_date(stat->mtime);

    text_string(out, stat->is_dir      ? "drwxr-xr-x 2"
                     : stat->read_only ? "-r--r--r-- 1"
                                       : "-rw-r--r-- 1");
    text_string(out, " wipy wipy ");
    text_number(out, stat->size, 10, ' ');
    text_char(out, ' ');
    text_string(out, months[date.month - 1]);
    text_char(out, ' ');
    text_number(out, date.day, 2, ' ');
    text_char(out, ' ');
    /* Clients take a time of day for the last such date in the past: so what lies in the future
     * shows its year, too. */
    if (stat->mtime <= now && now - stat->mtime <= RECENT_S) {
        text_number(out, date.hour, 2, '0');
        text_char(out, ':');
        text_number(out, date.minute, 2, '0');
    } else {
        text_number(out, date.year, 5, ' ');
    }
    text_char(out, ' ');
    ftp_list_name(out, "", name);
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

#include "net/ftp/ftp_facts.h"

#include <string.h>

#include "net/ftp/ftp_reserved.h"
#include "net/ftp/ftp_time.h"
#include "net/ftp/ftp_words.h"

static const struct {
    const char *name;
    unsigned fact;
} facts_known[] = {
    {"type", FTP_FACT_TYPE}, {"size", FTP_FACT_SIZE},      {"modify", FTP_FACT_MODIFY},
    {"perm", FTP_FACT_PERM}, {"UNIX.mode", FTP_FACT_MODE},
};
#define FACTS (sizeof facts_known / sizeof facts_known[0])

unsigned ftp_facts_read(const char *list)
{
    unsigned facts = 0;
    while (*list) {
        size_t length = strcspn(list, ";");
        for (size_t i = 0; i < FACTS; i++) {
            if (ftp_words_equal(list, length, facts_known[i].name)) {
                facts |= facts_known[i].fact;
            }
        }
        list += length;
        list += *list == ';' ? 1 : 0;
    }
    return facts;
}

void ftp_facts_put_names(struct text *out, unsigned facts)
{
    for (size_t i = 0; i < FACTS; i++) {
        if (facts & facts_known[i].fact) {
            text_string(out, facts_known[i].name);
            text_char(out, ';');
        }
    }
}

void ftp_facts_put_feature(struct text *out, unsigned facts)
{
    for (size_t i = 0; i < FACTS; i++) {
        text_string(out, facts_known[i].name);
        text_string(out, facts & facts_known[i].fact ? "*;" : ";");
    }
}

enum ftp_place ftp_place(const char *path)
{
    if (path[1] == '\0') {
        return FTP_PLACE_ROOT;
    }
    if (strcmp(path, FTP_RESERVED_FOLDER) == 0) {
        return FTP_PLACE_FIXED;
    }
    return strchr(path + 1, '/') ? FTP_PLACE_INSIDE : FTP_PLACE_VOLUME;
}

const char *ftp_place_fixed_in(const char *folder)
{
    static const char fixed[] = FTP_RESERVED_FOLDER;
    const char *name = strrchr(fixed, '/') + 1;
    size_t length = (size_t)(name - 1 - fixed);
    return strlen(folder) == length && strncmp(folder, fixed, length) == 0 ? name : NULL;
}

/* RFC 3659 section 7.5.5. */
static const char *permissions(enum ftp_place place, const struct storage_stat *stat)
{
    if (!stat->is_dir) {
        return stat->read_only ? "r" : "adfrw";
    }
    switch (place) {
    case FTP_PLACE_ROOT:
        return "el";
    case FTP_PLACE_VOLUME:
        return "celmp";
    case FTP_PLACE_FIXED:
        return "celp"; /* what can be made in it is a firmware */
    default:
        return "cdeflmp";
    }
}

void ftp_facts_put(struct text *out, unsigned facts, const char *type, enum ftp_place place,
                   const struct storage_stat *stat)
{
    if (facts & FTP_FACT_TYPE) {
        text_string(out, "type=");
        text_string(out, type);
        text_char(out, ';');
    }
    if (facts & FTP_FACT_SIZE && !stat->is_dir) {
        text_string(out, "size=");
        text_number(out, stat->size, 0, ' ');
        text_char(out, ';');
    }
    if (facts & FTP_FACT_MODIFY && stat->mtime != 0) {
        text_string(out, "modify=");
        ftp_time_put(out, stat->mtime);
        text_char(out, ';');
    }
    if (facts & FTP_FACT_PERM) {
        text_string(out, "perm=");
        text_string(out, permissions(place, stat));
        text_char(out, ';');
    }
    if (facts & FTP_FACT_MODE) {
        text_string(out, "UNIX.mode=");
        text_string(out, stat->is_dir ? "0755" : stat->read_only ? "0444" : "0644");
        text_char(out, ';');
    }
    text_char(out, ' ');
}

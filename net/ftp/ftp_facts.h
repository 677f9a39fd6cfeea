/* What the machine-readable listings say of a file (RFC 3659 section 7): MLST, MLSD, OPTS MLST.
 *
 * UNIX.mode is there because clients that show modes make some up otherwise. There is no "unique":
 * littlefs has no number of a file that survives a rename, and on FAT all empty files have the same
 * (no) first cluster. */
#ifndef NET_FTP_FTP_FACTS_H
#define NET_FTP_FTP_FACTS_H

#include <stdbool.h>

#include "lib/text.h"
#include "storage/storage.h"

/* Sets of facts. */
enum ftp_fact {
    FTP_FACT_TYPE = 1,
    FTP_FACT_SIZE = 2,   /* of files */
    FTP_FACT_MODIFY = 4, /* where it is known */
    FTP_FACT_PERM = 8,
    FTP_FACT_MODE = 16,
};
#define FTP_FACTS_ALL 31u

/* The set that a list like "type;modify;" names; what is not known is left out. */
unsigned ftp_facts_read(const char *list);

/* The names of a set: "type;modify;". */
void ftp_facts_put_names(struct text *out, unsigned facts);
/* The line of FEAT: every fact, those of the set with a star. */
void ftp_facts_put_feature(struct text *out, unsigned facts);

/* What one can do with a name depends on where it is. */
enum ftp_place {
    FTP_PLACE_ROOT,   /* "/" */
    FTP_PLACE_VOLUME, /* "/flash" */
    FTP_PLACE_INSIDE,
    FTP_PLACE_FIXED, /* the folder for firmware, which stays */
};
enum ftp_place ftp_place(const char *path);
/* The name in a folder whose place is FTP_PLACE_FIXED; NULL: there is none. */
const char *ftp_place_fixed_in(const char *folder);

/* The facts and the space behind them. `type`: "file", "dir", "cdir", "pdir". */
void ftp_facts_put(struct text *out, unsigned facts, const char *type, enum ftp_place place,
                   const struct storage_stat *stat);

#endif

/* A model of an FTP session, from the client's side: which replies are to come, and what a transfer
 * carries. It is written from docs/spec.md ("FTP") over file_tree.h, and knows nothing of net/ftp.
 *
 * The client tells it what it does, in the functions below; afterwards `expected` has the replies
 * that the server owes for that, in their order. */
#ifndef TESTS_MODEL_FTP_MODEL_H
#define TESTS_MODEL_FTP_MODEL_H

#include "tests/model/file_tree.h"

#define MODEL_LINE     700
#define MODEL_LINES    64
#define MODEL_EXPECTED 128
#define MODEL_UPLOAD   32768u
#define MODEL_PIECE    4096u /* what is written, and kept, comes in such pieces */
#define MODEL_AHEAD    512u  /* within so many bytes behind a waiting line ABOR is found */
#define MODEL_HIDDEN   3

/* What a listing must have, in any order. */
struct listing {
    enum listing_kind { LISTING_LONG, LISTING_NAMES, LISTING_FACTS } kind;
    unsigned facts; /* of LISTING_FACTS: see MODEL_FACT_... */
    unsigned count;
    struct listed {
        char name[2 * STORAGE_PATH_MAX + STORAGE_NAME_MAX];
        const char *type, *perm;
        bool dated;
        uint32_t size, mtime;
        bool seen;
    } entries[TREE_NODES];
};

enum {
    MODEL_FACT_TYPE = 1,
    MODEL_FACT_SIZE = 2,
    MODEL_FACT_MODIFY = 4,
    MODEL_FACT_PERM = 8,
    MODEL_FACT_MODE = 16,
    MODEL_FACTS = 5
};

struct expected {
    unsigned code;
    char text[3][MODEL_LINE]; /* each is in the reply */
    struct listing *listing;  /* what the lines of the reply list, or NULL */
};

enum model_transfer { MODEL_IDLE, MODEL_RETRIEVES, MODEL_LISTS, MODEL_STORES };
enum model_data { MODEL_NONE, MODEL_ACTIVE, MODEL_AWAITED, MODEL_OPEN };

struct model {
    struct tree tree;
    uint32_t hidden[MODEL_HIDDEN]; /* bytes of the hidden files */
    uint32_t now;                  /* UTC seconds */

    enum { MODEL_USER, MODEL_PASSWORD, MODEL_REFUSING, MODEL_READY, MODEL_CLOSED } state;
    bool ended; /* the client has closed its side */
    unsigned tries;
    char user[MODEL_LINE], directory[MODEL_LINE], rename_from[MODEL_LINE];
    uint64_t restart;
    unsigned facts;
    bool epsv_only;
    bool connect_fails; /* the next active data connection cannot be tried */
    enum model_data data;

    enum model_transfer transfer;
    bool data_ended;       /* MODEL_STORES: the server asks whether the client lives */
    char path[MODEL_LINE]; /* of the file that is on its way */
    uint32_t offset;       /* where it begins */
    bool aside, is_new;
    bool unique; /* STOU */
    uint8_t upload[MODEL_UPLOAD];
    uint32_t uploaded;
    struct listing *listing; /* MODEL_LISTS; the model's */

    char stored[MODEL_LINE]; /* the file of the last upload */
    bool stored_is_known;
    uint32_t stored_size, stored_mtime;

    struct model_line {
        char text[MODEL_LINE];
        size_t size;
        bool too_long;
    } lines[MODEL_LINES]; /* that wait */
    unsigned line_count;
    bool aborted; /* by an ABOR that still waits */
    struct expected expected[MODEL_EXPECTED];
    unsigned expected_count;
};

/* A new connection to the same files. */
void model_connect(struct model *model);
/* The client has sent a line, `size` bytes with its end and what telnet has put into it. */
void model_line(struct model *model, const char *text, size_t size, bool too_long);
/* Replies were compared. */
void model_forget_expected(struct model *model);

bool model_is_busy(const struct model *model);

/* Events of the data connection. */
void model_data_connected(struct model *model);
void model_data_lost(struct model *model);
void model_data_came(struct model *model, const void *data, uint32_t size);
void model_data_ended(struct model *model); /* of an upload */
void model_alive(struct model *model);      /* ... and the client lives: it is committed */
void model_data_sent(struct model *model);  /* of a download: all has arrived */

/* Half a minute goes by. */
void model_time_out(struct model *model);
/* A wrong password is answered. */
void model_refusal_due(struct model *model);
void model_control_ended(struct model *model); /* the client closes its side */
void model_control_lost(struct model *model);

/* ---- between the files of the model */
struct model_stat {
    bool is_dir, dated;
    uint32_t size, mtime;
};

struct expected *model_expect(struct model *model, unsigned code);
/* What `name` stands for, absolute; UNNAMEABLE when it stands for nothing. */
enum verdict model_resolve(const struct model *model, const char *name, char path[MODEL_LINE]);
enum verdict model_stat(struct model *model, const char *name, char path[MODEL_LINE],
                        struct model_stat *stat);
/* Index of a hidden file, MODEL_HIDDEN for the firmware, -1: an ordinary name. */
int model_stream(const char *path);
bool model_word_is(const char *text, size_t length, const char *word);
/* The transfer is over, and its data connection. */
void model_finish(struct model *model);
/* ... before its end. */
void model_give_up(struct model *model);
/* The first `size` bytes of the upload are in the file. */
void model_keep(struct model *model, uint32_t size);
/* Carries out a command that transfers; false: it is none. */
bool model_transfer_run(struct model *model, const char *verb, const char *argument);
void model_log_out(struct model *model);
/* Carries out a command that is none of transfers; false: there is none. */
bool model_names_run(struct model *model, const char *verb, const char *argument);
/* The listing that a name asks for; NULL: 550, or of MLSD and when `*is_file` 501. The caller's. */
struct listing *model_list(struct model *model, const char *argument, enum listing_kind kind,
                           bool *is_file);
/* Whether a name can only be a folder's. */
bool model_is_folders_name(const char *name);
/* "YYYYMMDDhhmmss". */
void model_stamp(char text[16], uint32_t seconds);
void model_facts(const struct model *model, char text[3][MODEL_LINE], const char *path,
                 const struct model_stat *stat);

#endif

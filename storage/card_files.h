/* An open file and an open directory of /sd. */
#ifndef STORAGE_CARD_FILES_H
#define STORAGE_CARD_FILES_H

#include <ff.h>

#include <stdbool.h>
#include <stdint.h>

struct card_file {
    bool aside; /* its clusters belong to no name yet */
    bool writes;
    uint64_t position;  /* may lie behind the end */
    uint64_t committed; /* size when it was last synced */
    FIL fil;
};

struct card_dir {
    FF_DIR fat;
};

#endif

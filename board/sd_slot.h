/* The SD slot of the board, and the card in it: a plain file of the host, of whole blocks of 512
 * bytes, that is exactly what a PC would find on a card (dd, mtools, a loop device).
 *
 * The file is locked (flock) while it is in a slot, so that no two boards have the same card. It is
 * read and written, never mapped: a full disk, or a file that somebody has cut short, is an error
 * of that operation. What is written stands in the file when the operation is over. */
#ifndef BOARD_SD_SLOT_H
#define BOARD_SD_SLOT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SD_SLOT_BLOCK 512u /* bytes */

/* Why the card is write-protected. */
enum sd_slot_lock {
    SD_SLOT_WRITABLE,
    SD_SLOT_LOCKED_BY_SWITCH, /* it was asked for */
    SD_SLOT_LOCKED_BY_FILE,   /* the file cannot be written */
};

struct sd_slot {
    int fd;              /* the card's file; meaningless when insertion is 0 */
    uint32_t insertion;  /* 0: the slot is empty; else the number of this insertion */
    uint32_t insertions; /* so many there have been since the start of the board */
    uint32_t blocks;
    enum sd_slot_lock lock;
    char path[PATH_MAX];              /* to be shown (text.h) */
    uint64_t reads, writes, failures; /* operations on this card; those that the host has failed */
    /* Called for the first failure of each insertion, with one line that says what failed; NULL:
     * nobody wants to know. */
    void (*report)(void *context, const char *line);
    void *context;
};

/* Room for `path` and the words around it. */
#define SD_SLOT_ERROR_MAX (PATH_MAX + 160)

/* A slot of zeros is empty. Put the card in file `path` into it. 0, or -1 with one clear line,
 * without newline, in `error` (SD_SLOT_ERROR_MAX): there is a card already, or the file is none. */
int sd_slot_insert(struct sd_slot *slot, const char *path, bool read_only, char *error);

/* Take the card out, at any time. False: there was none. */
bool sd_slot_eject(struct sd_slot *slot);

/* Read or write `size` bytes, whole blocks, from `block` on, of the card of that insertion. The
 * results are enum hal_result values, as hal/sdcard.h has them. Every argument but `data` may come
 * from outside. */
int sd_slot_read(struct sd_slot *slot, uint32_t insertion, uint32_t block, void *data,
                 uint32_t size);
int sd_slot_write(struct sd_slot *slot, uint32_t insertion, uint32_t block, const void *data,
                  uint32_t size);

#endif

/* hal/sdcard.h over a card in memory, for tests. Blocks that were never written read as zeros and
 * take no memory, so that a card may have any size. */
#ifndef TESTS_RAM_CARD_H
#define TESTS_RAM_CARD_H

#include "hal/sdcard.h"

struct ram_card {
    uint64_t reads, writes; /* calls of the HAL since the last ram_card_insert() */
    uint64_t largest_burst; /* most calls between two times that the test set `burst` to 0 */
    uint64_t burst;
    /* The card is pulled out before call number `gone_at` (reads and writes together, from 1 on);
     * 0: never. */
    uint64_t gone_at;
    bool fails; /* every call fails */
    bool bad;   /* reading block `bad_block` fails */
    uint32_t bad_block;
};

extern struct ram_card ram_card;

/* An empty slot, and an empty card. */
void ram_card_reset(uint32_t blocks);
/* Put the card in (again): a new insertion. Its contents stay. */
void ram_card_insert(bool read_only);
void ram_card_eject(void);

/* The 512 bytes of a block, for looking and for changing. */
uint8_t *ram_card_block(uint32_t block);
/* The same, or NULL when it is one of many around it that were never written. */
uint8_t *ram_card_peek(uint32_t block);
/* How many blocks hold something but zeros. */
uint32_t ram_card_used(void);

/* Keep the contents, and get it back. */
void ram_card_keep(void);
void ram_card_restore(void);

#endif

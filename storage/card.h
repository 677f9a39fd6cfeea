/* The card in its slot, as the rest of storage/ sees it. */
#ifndef STORAGE_CARD_H
#define STORAGE_CARD_H

#include "storage/storage.h"

/* struct volume's. */
int card_state(void);
int card_changeable(void);

/* After reset. */
void card_init(void);

/* Make a file system on the card of card_disk_use(); not within the guard. What
 * storage_card_format() says. */
int card_format(enum storage_fat type, void (*between)(void));

#endif

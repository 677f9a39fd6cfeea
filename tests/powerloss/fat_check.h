/* Looks through the file system on the ram_card, as fsck does, without FatFs. */
#ifndef TESTS_FAT_CHECK_H
#define TESTS_FAT_CHECK_H

#include <stdbool.h>

struct fat_check {
    unsigned files, folders;
    /* What every FAT may have after a power cut, and costs nothing but room: */
    unsigned lost;      /* clusters in use that belong to nothing */
    unsigned longer;    /* chains with clusters behind the end of their file */
    bool tables_differ; /* the second allocation table from the first */
    bool free_differs;  /* the number of free clusters that FAT32 notes down */
    /* Damage: */
    unsigned shared;  /* clusters that belong to two */
    unsigned broken;  /* chains that lead nowhere or end before their file does */
    unsigned entries; /* entries that are not what they should be */
};

/* False: there is no file system. */
bool fat_check(struct fat_check *found);

#endif

/* A place of the air in a folder of its own, for the tests of one file. */
#ifndef TESTS_UNIT_TEST_PLACE_H
#define TESTS_UNIT_TEST_PLACE_H

#include "board/air/place.h"

extern struct air_place place;
extern char place_path[];

/* For cmocka's group: make it, and remove it with all that is in it. */
int make_place(void **state);
int remove_place(void **state);

/* How many files are in it; `first` gets the name of one. */
int files_in_place(char first[64]);

#endif

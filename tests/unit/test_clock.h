/* Clocks that can be set, for what is tested and for libev. */
#ifndef TESTS_UNIT_TEST_CLOCK_H
#define TESTS_UNIT_TEST_CLOCK_H

#include <time.h>

extern time_t time_of_day, monotonic; /* seconds ahead of the machine's */

#endif

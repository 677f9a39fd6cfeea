/* What each harness of this folder is: a function that one input drives. libFuzzer calls it, or
 * replay.c. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* 0. Whatever the input is, it returns; what must not be aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif

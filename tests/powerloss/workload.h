/* Storage calls that run on a chip in memory, while a model keeps what a power cut at each moment
 * must leave. */
#ifndef TESTS_WORKLOAD_H
#define TESTS_WORKLOAD_H

#include "tests/powerloss/tree.h"

#include <stddef.h>
#include <stdint.h>

/* One storage call: a power cut in it leaves `trees[i]` or `trees[i + 1]`. */
struct workload_command {
    unsigned step;
    bool erase;
    uint32_t address, size;
    uint8_t *data;
};

struct workload {
    struct tree *trees; /* [steps + 1] */
    uint32_t *used;     /* [steps + 1]: blocks in use then */
    bool *formats;      /* [steps]: this call is storage_format_flash() */
    unsigned steps;
    struct workload_command *commands; /* in their order */
    unsigned command_count;
};

/* Run on the chip as it is, recording. The first one runs every kind of call in turn, the second
 * one `calls` of them as `seed` has it. */
void workload_run_script(struct workload *workload);
void workload_run_random(struct workload *workload, uint32_t seed, unsigned calls);
void workload_free(struct workload *workload);

#endif

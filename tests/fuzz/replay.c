/* Drives a harness without libFuzzer: replay EXECUTIONS FOLDER runs every file of the folder, then
 * mutations of them up to that number, the same ones each time. What fails is left in the file
 * `failing-input`. */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define SEEDS     256
#define INPUT_MAX 4096u
#define HANG_S    20 /* for one input: far more than any needs */

static struct seed {
    size_t size;
    uint8_t data[INPUT_MAX];
} seeds[SEEDS], input;
static unsigned seed_count;

static uint32_t random_state = 2463534242u;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

static bool finished;

static void keep_input(void)
{
    FILE *file = finished ? NULL : fopen("failing-input", "wb");
    if (file) {
        fwrite(input.data, 1, input.size, file);
        fclose(file);
        fprintf(stderr, "the input is in the file failing-input\n");
    }
}

static void on_signal(int number)
{
    fprintf(stderr, "%s\n", number == SIGALRM ? "it hangs" : "it aborts");
    keep_input();
    _exit(1);
}

/* The sanitizers end with SIGABRT then. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "abort_on_error=1";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
    return "abort_on_error=1";
}

static void read_seeds(const char *folder)
{
    char path[4096];
    struct dirent *entry;
    DIR *dir = opendir(folder);
    while (dir && (entry = readdir(dir)) && seed_count < SEEDS) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (file) {
            struct seed *seed = &seeds[seed_count++];
            seed->size = fread(seed->data, 1, INPUT_MAX, file);
            fclose(file);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

/* Another byte, bytes inserted or taken away, the end of another seed. */
static void mutate(void)
{
    uint32_t at = random_below((uint32_t)input.size + 1);
    const struct seed *other = &seeds[random_below(seed_count)];
    uint32_t from = random_below((uint32_t)other->size + 1);
    switch (random_below(4)) {
    case 0:
        input.data[at % INPUT_MAX] = (uint8_t)random_below(256);
        break;
    case 1:
        if (input.size < INPUT_MAX) {
            memmove(input.data + at + 1, input.data + at, input.size - at);
            input.data[at] = (uint8_t)random_below(256);
            input.size++;
        }
        break;
    case 2:
        if (at < input.size) {
            memmove(input.data + at, input.data + at + 1, input.size - at - 1);
            input.size--;
        }
        break;
    default: {
        size_t part = other->size - from;
        part = part < INPUT_MAX - at ? part : INPUT_MAX - at;
        memcpy(input.data + at, other->data + from, part);
        input.size = at + part;
        break;
    }
    }
}

int main(int argc, char **argv)
{
    unsigned executions = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (argc > 2) {
        read_seeds(argv[2]);
    }
    if (executions == 0 || seed_count == 0) {
        fprintf(stderr, "usage: %s EXECUTIONS FOLDER_OF_INPUTS\n", argv[0]);
        return 2;
    }
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
    atexit(keep_input);
    for (unsigned i = 0; i < executions; i++) {
        input = seeds[i < seed_count ? i : random_below(seed_count)];
        for (unsigned n = i < seed_count ? 0 : 1 + random_below(16); n > 0; n--) {
            mutate();
        }
        alarm(HANG_S);
        LLVMFuzzerTestOneInput(input.data, input.size);
    }
    alarm(0);
    finished = true;
    printf("%u executions of %u inputs\n", executions, seed_count);
    return 0;
}

/* FTP's command stream: the lines are the same however it is split, and are C strings within the
 * line. The first byte of the input says where to split it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "net/ftp/ftp_command.h"
#include "net/ftp/ftp_path.h"
#include "net/ftp/ftp_time.h"
#include "tests/fuzz/fuzz.h"

/* What is made of a line has its own bounds. */
static void use(const struct ftp_command *command)
{
    char path[STORAGE_PATH_MAX];
    uint32_t seconds;
    size_t length = strlen(command->argument);
    assert(strlen(command->verb) < FTP_VERB_MAX && length <= FTP_COMMAND_MAX);
    if (ftp_path_resolve(path, "/flash/some/folder", command->argument) == STORAGE_OK) {
        assert(path[0] == '/' && strlen(path) < STORAGE_PATH_MAX);
        assert(strlen(path) == 1 || path[strlen(path) - 1] != '/');
        assert(!strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./"));
    }
    assert(ftp_time_read(command->argument, &seconds) <= length);
}

/* A checksum of all events, of segments of `step` bytes. */
static uint32_t lines_of(const uint8_t *data, size_t size, size_t step)
{
    struct ftp_command command;
    uint32_t sum = 0;
    ftp_command_init(&command);
    for (size_t at = 0; at < size;) {
        enum ftp_command_event event;
        size_t part = size - at < step ? size - at : step;
        uint8_t *exact = malloc(part);
        memcpy(exact, data + at, part);
        size_t taken = ftp_command_feed(&command, exact, part, &event);
        free(exact);
        assert(taken > 0 && taken <= part);
        at += taken;
        sum = event == FTP_COMMAND_NONE ? sum : sum * 31 + (uint32_t)event;
        if (event == FTP_COMMAND_LINE) {
            use(&command);
            for (const char *c = command.argument; *c; c++) {
                sum = sum * 31 + (uint8_t)*c;
            }
        }
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0) {
        assert(lines_of(data + 1, size - 1, size) == lines_of(data + 1, size - 1, 1u + data[0]));
    }
    return 0;
}

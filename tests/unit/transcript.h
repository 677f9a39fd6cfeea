/* Transcripts (tests/replay): text files of one event a line, in which \xNN stands for a byte.
 * Included by one test program each. */
#ifndef TESTS_UNIT_TRANSCRIPT_H
#define TESTS_UNIT_TRANSCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define TRANSCRIPT_LINE_SIZE 4096u

/* Turn the text of a line into bytes; returns how many. */
static inline size_t transcript_bytes(const char *text, char bytes[TRANSCRIPT_LINE_SIZE])
{
    size_t size = 0;
    for (; *text; text++) {
        unsigned byte = (unsigned char)*text;
        if (*text == '\\') {
            assert_int_equal(sscanf(text, "\\x%2x", &byte), 1);
            text += 3;
        }
        bytes[size++] = (char)byte;
    }
    return size;
}

/* Call `event` for each line of each transcript in a folder, with the line's place for messages,
 * between `begin` and `end`. Returns the number of transcripts. */
static inline unsigned transcripts_replay(const char *folder, void (*begin)(void),
                                          void (*event)(const char *line, const char *place),
                                          void (*end)(void))
{
    unsigned count = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    struct dirent *entry;
    while ((entry = readdir(entries))) {
        if (!strstr(entry->d_name, ".txt")) {
            continue;
        }
        char path[512], place[512], line[TRANSCRIPT_LINE_SIZE];
        print_message("%s\n", entry->d_name); /* for what fails without a place */
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        begin();
        for (unsigned number = 1; fgets(line, sizeof line, file); number++) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(place, sizeof place, "%s:%u", entry->d_name, number);
            event(line, place);
        }
        end();
        fclose(file);
        count++;
    }
    closedir(entries);
    return count;
}

#endif

#include "tests/unit/test_place.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct air_place place;
char place_path[] = "/tmp/test_air.XXXXXX";

int make_place(void **state)
{
    char error[200];
    return mkdtemp(place_path) == NULL || air_place_open(&place, place_path, error, sizeof error);
}

/* Calls `visit` for each file; returns how many there are. */
static int for_each(void (*visit)(const char *name, void *context), void *context)
{
    DIR *folder = opendir(place_path);
    struct dirent *entry;
    int count = 0;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            visit(entry->d_name, context);
            count++;
        }
    }
    closedir(folder);
    return count;
}

static void remove_file(const char *name, void *context)
{
    unlinkat(place.dir_fd, name, 0);
}

static void keep_name(const char *name, void *context)
{
    snprintf(context, 64, "%.60s", name);
}

int remove_place(void **state)
{
    for_each(remove_file, NULL);
    air_place_close(&place);
    return rmdir(place_path);
}

int files_in_place(char first[64])
{
    first[0] = '\0';
    return for_each(keep_name, first);
}

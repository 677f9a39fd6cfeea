#include "board/router/slirp.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libslirp.so.0"

static bool find(void *loaded, const char *name, void *function)
{
    void *symbol = dlsym(loaded, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

bool slirp_load(struct slirp_library *library, char *error, size_t error_size)
{
    void *loaded = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (loaded != NULL && find(loaded, "slirp_new", &library->make) &&
        find(loaded, "slirp_input", &library->input) &&
        find(loaded, "slirp_pollfds_fill", &library->fill) &&
        find(loaded, "slirp_pollfds_poll", &library->poll)) {
        return true;
    }
    snprintf(error, error_size, "%s (it is in the Debian package libslirp0)", dlerror());
    return false;
}

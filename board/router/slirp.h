/* The functions of libslirp that the network behind the router needs. They are loaded in its
 * process only: a program that is linked with them would start 2 ms later, whatever it is asked to
 * do. */
#ifndef BOARD_ROUTER_SLIRP_H
#define BOARD_ROUTER_SLIRP_H

#include <slirp/libslirp.h>
#include <stdbool.h>
#include <stddef.h>

struct slirp_library {
    __typeof__(slirp_new) *make;
    __typeof__(slirp_input) *input;
    __typeof__(slirp_pollfds_fill) *fill;
    __typeof__(slirp_pollfds_poll) *poll;
};

/* False, with one clear line in `error`: this machine has no such library. */
bool slirp_load(struct slirp_library *library, char *error, size_t error_size);

#endif

/* The network behind the router: its own address there, DHCP, DNS, and the way out to the network
 * of the host (libslirp). In a process of its own, because it handles what stations send, and
 * because libslirp has its own loop. */
#ifndef BOARD_ROUTER_NAT_H
#define BOARD_ROUTER_NAT_H

#include <stdbool.h>
#include <stdint.h>

struct nat_config {
    int fd; /* SOCK_SEQPACKET, non-blocking: frames from and to the stations; its end ends the
               process */
    bool internet;  /* else the router leads nowhere */
    uint8_t dns[4]; /* of the host's DNS server; all 0: there is none */
};

/* Be the network; `config` is not used any more when the sandbox is closed. Never returns. */
_Noreturn void nat_run(const struct nat_config *config);

#endif

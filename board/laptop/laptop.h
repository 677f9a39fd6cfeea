/* The laptop: a process of its own that is a station of the WiPy's network. It takes a DHCP lease
 * there and forwards host ports to the WiPy: telnet as it is, FTP through a small application
 * gateway (ftp_gateway.h). It never outlives the board. */
#ifndef BOARD_LAPTOP_LAPTOP_H
#define BOARD_LAPTOP_LAPTOP_H

#include <stdint.h>
#include <sys/types.h>

/* Where to listen on the host. `address`: an IPv4 address in text, e.g. "127.0.0.1". */
struct laptop_listen {
    int enabled; /* 0: off */
    char address[16];
    uint16_t port; /* 0: the system picks one; after laptop_start() the one that was picked */
};

/* What passes on board_fd, one byte a packet. The laptop starts with the link down; with LAPTOP_JOINED
 * comes a descriptor, SOCK_SEQPACKET and non-blocking: its association, which carries Ethernet frames
 * of 14 to 1514 bytes both ways. The laptop asks for a lease at once. At the association's end it
 * resets every forwarded connection, closes the descriptor, and says LAPTOP_ENDED. End of file of
 * board_fd ends the process. */
enum laptop_word { LAPTOP_JOINED = 1, LAPTOP_ENDED = 2 };

struct laptop_config {
    struct laptop_listen telnet; /* to port 23 of the WiPy */
    struct laptop_listen ftp;    /* to port 21 */
    int board_fd;                /* SOCK_SEQPACKET, non-blocking, to the board: see above */
    uint8_t mac[6];              /* the laptop's own hardware address */
};

/* Bind the ports, then fork the process. On success returns its pid and fills in the picked ports;
 * the caller closes its copy of board_fd. On failure returns -1 and writes one clear line, without
 * newline, into `error` (at least 200 bytes), e.g. "telnet: port 127.0.0.1:2323 is in use; choose
 * another with --telnet PORT, or --telnet 0". Call it before the board makes anything that a child
 * must not inherit. */
pid_t laptop_start(struct laptop_config *config, char *error, int error_size);

#endif

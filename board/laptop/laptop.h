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

/* What passes on radio_fd, one a packet: Ethernet frames of 14 to 1514 bytes both ways, and from
 * the board one byte, enum laptop_link, when the access point appears or goes (started, stopped,
 * restarted, MCU reset or off). The laptop starts with the link down and sends nothing before the
 * first LAPTOP_LINK_UP; at DOWN it resets every forwarded connection, at UP it asks for a lease at
 * once. Two of the same kind in a row do no harm; DOWN then UP means that the access point was
 * restarted. End of file ends the process. The board should not drop frames while it can hold them
 * back: leave them in the socket. */
enum laptop_link { LAPTOP_LINK_DOWN = 0, LAPTOP_LINK_UP = 1 };

struct laptop_config {
    struct laptop_listen telnet; /* to port 23 of the WiPy */
    struct laptop_listen ftp;    /* to port 21 */
    int radio_fd;                /* SOCK_SEQPACKET to the board, see below */
    uint8_t mac[6];              /* the laptop's own hardware address */
};

/* Bind the ports, then fork the process. On success returns its pid and fills in the picked ports;
 * the caller closes its copy of radio_fd. On failure returns -1 and writes one clear line, without
 * newline, into `error` (at least 200 bytes), e.g. "telnet: port 127.0.0.1:2323 is in use; choose
 * another with --telnet PORT, or --telnet 0". Call it before the board makes anything that a child
 * must not inherit. */
pid_t laptop_start(struct laptop_config *config, char *error, int error_size);

#endif

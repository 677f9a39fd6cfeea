/* The laptop: a process of its own that is a station of the WiPy's network. It takes a DHCP lease
 * there and forwards host ports to the WiPy: telnet as it is, FTP through a small application
 * gateway (ftp_gateway.h). When the WiPy is a station of the home router's network, it is there
 * too. It never outlives the board. */
#ifndef BOARD_LAPTOP_LAPTOP_H
#define BOARD_LAPTOP_LAPTOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "board/air/place.h"

/* Where to listen on the host. `address`: an IPv4 address in text, e.g. "127.0.0.1". */
struct laptop_listen {
    int enabled; /* 0: off */
    char address[16];
    uint16_t port; /* 0: the system picks one; after laptop_start() the one that was picked */
};

/* What passes on board_fd. The board searches the air, because the laptop, which parses what comes
 * from the firmware, has no business with its user's files and sockets: it sends an invitation, and
 * with it a descriptor that is connected to the access point. The laptop leaves where it was,
 * proves the key, asks for a lease, and forwards. When it has been refused, or its association has
 * ended by itself, it resets every forwarded connection and closes the descriptor. It says in a
 * struct laptop_news what has become of an invitation.
 *
 * A struct laptop_wipy, without a descriptor, tells where the WiPy is from now on; when that is
 * elsewhere, every forwarded connection is reset. A struct laptop_prospect tells whether
 * connections that come while the WiPy cannot be reached wait for it. End of file of board_fd ends
 * the process. */
struct laptop_wipy {
    bool is_gateway;    /* it is who gives the lease, because the network is its own */
    uint8_t address[4]; /* else it is there, or, all 0, nowhere yet */
};
struct laptop_invitation {
    uint32_t number; /* for the news about it */
    struct air_network network;
    uint8_t pmk[32]; /* not looked at for an open network */
    struct laptop_wipy wipy;
};
struct laptop_prospect {
    bool is_lost; /* it is not to be expected soon: they are reset at once */
};
enum laptop_word {
    LAPTOP_REFUSED = 1,
    LAPTOP_ENDED = 2,
    LAPTOP_REACHES = 3, /* the WiPy: there is a lease, and connections are forwarded */
    LAPTOP_REACHES_NO_MORE = 4,
};
struct laptop_news {
    uint32_t invitation; /* the number of the one that this is about */
    uint8_t word;
    uint8_t refusal; /* LAPTOP_REFUSED: enum handshake_refusal */
};

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

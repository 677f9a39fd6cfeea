/* What an FTP application gateway does to one control connection, without sockets: bytes in, bytes
 * out, and two questions to the owner. The client believes to talk to the laptop, the WiPy believes
 * to talk to the laptop too, so that the addresses in replies 227 and 229 (RFC 959, RFC 2428) and
 * in the commands PORT and EPRT must be changed on the way. Everything else passes byte for byte
 * and without delay, telnet sequences, lines of any length and half lines included; only a line
 * that may still become one of the four waits for its end. After reply 234 (RFC 4217) the bytes are
 * TLS and nothing is changed any more. */
#ifndef BOARD_LAPTOP_FTP_GATEWAY_H
#define BOARD_LAPTOP_FTP_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FTP_GATEWAY_LINE                                                                           \
    512 /* bytes; a longer line is no command or reply that concerns us, and passes */

/* The most that comes out for `size` bytes that go in: a 425 for the shortest 229. */
#define FTP_GATEWAY_ROOM(size) (5u * ((size) + FTP_GATEWAY_LINE))

struct ftp_endpoint {
    uint8_t address[4]; /* IPv4, as written */
    uint16_t port;
};

struct ftp_gateway_owner {
    void *context;
    /* The WiPy expects one data connection at its port `wipy_port`. Listen for the client in its
     * place and say where. False when that is not possible: the client gets a 425. */
    bool (*passive)(void *context, uint16_t wipy_port, struct ftp_endpoint *listening);
    /* The client expects one data connection at `client`. Listen for the WiPy in its place and say
     * where; for a port that the WiPy does not connect to anyway, say that port of ours. False when
     * it is not possible or not allowed: the WiPy gets the address 0.0.0.0. It refuses either in
     * its own words. */
    bool (*active)(void *context, const struct ftp_endpoint *client,
                   struct ftp_endpoint *listening);
};

/* One direction of the connection. Private. */
struct ftp_gateway_line {
    uint8_t text[FTP_GATEWAY_LINE];
    uint16_t size;
    uint8_t telnet; /* where in a telnet sequence */
    bool passing;   /* the rest of the line concerns nobody */
};

/* Private; the caller owns it. */
struct ftp_gateway {
    struct ftp_gateway_owner owner;
    struct ftp_gateway_line command;
    struct ftp_gateway_line reply;
    char multiline[3]; /* code of the reply of several lines that we are in; [0] is 0 outside one */
    bool encrypted;
};

void ftp_gateway_init(struct ftp_gateway *gateway, const struct ftp_gateway_owner *owner);

/* Take `size` bytes from the client (or from the WiPy) and write what goes on to the other side
 * into `out`, which has room for FTP_GATEWAY_ROOM(size) bytes. `end`: nothing follows, so that a
 * half line is let go. Returns the bytes written. */
size_t ftp_gateway_command(struct ftp_gateway *gateway, const uint8_t *in, size_t size, bool end,
                           uint8_t *out);
size_t ftp_gateway_reply(struct ftp_gateway *gateway, const uint8_t *in, size_t size, bool end,
                         uint8_t *out);

#endif

/* The FTP port of the laptop: control connections that pass through the gateway (ftp_gateway.h),
 * and the listening sockets for data connections that it asks for. Of each kind there is one per
 * control connection at a time; it takes one connection, from the client itself or from the WiPy,
 * and is closed then, with the control connection, or after FTP_FORWARD_WAIT. */
#ifndef BOARD_LAPTOP_FTP_FORWARD_H
#define BOARD_LAPTOP_FTP_FORWARD_H

#include "board/laptop/forward.h"

#define FTP_FORWARD_WAIT 60. /* seconds */

/* A control connection of the host, from `peer`, to `wipy_port` of the WiPy. Takes over `fd`. */
void ftp_forward_host(struct forward *forward, int fd, const struct sockaddr_in *peer,
                      uint16_t wipy_port);

#endif

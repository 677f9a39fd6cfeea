/* The names by which others find the board: its host name, in DHCP requests and by mDNS as
 * NAME.local (RFC 6762), with the services _telnet._tcp and _ftp._tcp (RFC 6763). */
#ifndef NET_NAMES_H
#define NET_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define NAMES_HOST_MAX 32 /* bytes, without NUL */

/* Call once, after stack_init(), with the first name. */
void names_init(const char *host);

/* The host name, NUL-terminated. */
const char *names_host(void);
/* Another one, until the next hard reset: 1 to NAMES_HOST_MAX letters, digits and hyphens, no
 * hyphen at its ends. 0, or HAL_ERROR_RANGE. */
int names_set_host(const char *host, size_t size);

/* Whether this is the board's own name by mDNS: NAME.local, in any case, with or without a dot
 * behind it. Nobody else answers that question. */
bool names_is_own(const char *host);

/* The board has an address, or another one: tell the network. */
void names_announce(void);

#endif

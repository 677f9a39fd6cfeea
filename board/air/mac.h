/* Hardware addresses as text: "d4:f5:13:5e:00:01". */
#ifndef BOARD_AIR_MAC_H
#define BOARD_AIR_MAC_H

#include <stdbool.h>
#include <stdint.h>

#define MAC_TEXT_MAX 18 /* with its NUL */

void mac_text(const uint8_t mac[6], char text[MAC_TEXT_MAX]);

/* False: it is no address of one radio (a broadcast or multicast address is none). NULL is allowed. */
bool mac_parse(const char *text, uint8_t mac[6]);

#endif

#include "board/air/mac.h"

#include <stdio.h>
#include <string.h>

void mac_text(const uint8_t mac[6], char text[MAC_TEXT_MAX])
{
    snprintf(text, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
}

bool mac_parse(const char *text, uint8_t mac[6])
{
    int end = 0;
    return text != NULL && strspn(text, "0123456789abcdefABCDEF:") == strlen(text) &&
           sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3],
                  &mac[4], &mac[5], &end) == 6 &&
           text[end] == '\0' && (mac[0] & 1) == 0;
}

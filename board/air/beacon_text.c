#include "board/air/beacon_text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "hal/radio.h"

static const char *const securities[] = {[HAL_RADIO_OPEN] = "open",
                                         [HAL_RADIO_WEP] = "wep",
                                         [HAL_RADIO_WPA] = "wpa",
                                         [HAL_RADIO_WPA2] = "wpa2"};
#define SECURITIES (sizeof securities / sizeof securities[0])

/* The ssid is written in hex, because any byte may be in it. */
static bool parse_ssid(const char *hex, char ssid[AIR_SSID_MAX + 1])
{
    size_t length = hex != NULL ? strlen(hex) : 0;
    if (length < 2 || length % 2 != 0 || length > 2 * AIR_SSID_MAX ||
        strspn(hex, "0123456789abcdef") != length) {
        return false;
    }
    for (size_t i = 0; i < length / 2; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1 || byte == 0) {
            return false;
        }
        ssid[i] = (char)byte;
    }
    ssid[length / 2] = '\0';
    return true;
}

bool beacon_parse(const char *text, struct air_network *network)
{
    cJSON *beacon = cJSON_Parse(text);
    const cJSON *channel = cJSON_GetObjectItemCaseSensitive(beacon, "channel");
    const char *security =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(beacon, "security"));
    bool good = parse_ssid(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(beacon, "ssid")),
                           network->ssid) &&
                cJSON_IsNumber(channel) && channel->valuedouble >= 1 &&
                channel->valuedouble <= 13 && security != NULL;
    size_t i = 0;
    while (good && i < SECURITIES && strcmp(security, securities[i]) != 0) {
        i++;
    }
    good = good && i < SECURITIES;
    if (good) {
        network->channel = (uint8_t)channel->valuedouble;
        network->security = (uint8_t)i;
    }
    cJSON_Delete(beacon);
    return good;
}

void beacon_write(char text[BEACON_MAX], const struct air_network *network)
{
    char hex[2 * AIR_SSID_MAX + 1] = "";
    for (size_t i = 0; i < AIR_SSID_MAX && network->ssid[i] != '\0'; i++) {
        snprintf(hex + 2 * i, 3, "%02x", (uint8_t)network->ssid[i]);
    }
    snprintf(text, BEACON_MAX, "{\"ssid\": \"%s\", \"channel\": %u, \"security\": \"%s\"}\n", hex,
             network->channel, securities[network->security]);
}

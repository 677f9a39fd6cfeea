#include "board/join/range.h"

#include <stdio.h>
#include <string.h>

#include "board/air/mac.h"

static struct air_network networks[AIR_NETWORKS];

/* Anybody can give a network that name: with a key, it is one that proves to know it, as well as it
 * can; without, an open one. */
static bool is_better(const struct join_config *config, uint8_t one, uint8_t other)
{
    return config->key != NULL ? one > other : one < other;
}

bool range_find(const struct join_config *config, struct air_network *found)
{
    int count = air_place_scan(config->place, networks, AIR_NETWORKS);
    const struct air_network *best = NULL;
    for (int i = 0; i < count; i++) {
        const struct air_network *one = &networks[i];
        if (strcmp(one->ssid, config->ssid) == 0 &&
            (config->bssid == NULL || memcmp(one->bssid, config->bssid, 6) == 0) &&
            (best == NULL || is_better(config, one->security, best->security))) {
            best = one;
        }
    }
    if (best != NULL) {
        *found = *best;
    }
    return best != NULL;
}

/* The bssids of all access points with that name, as many as there is room for. */
static void list(const struct join_config *config, char *text, size_t size)
{
    int count = air_place_scan(config->place, networks, AIR_NETWORKS);
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < count && used + MAC_TEXT_MAX + 2 < size; i++) {
        char bssid[MAC_TEXT_MAX];
        mac_text(networks[i].bssid, bssid);
        if (strcmp(networks[i].ssid, config->ssid) == 0) {
            used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", bssid);
        }
    }
}

void range_explain(const struct join_config *config, char *text, size_t size)
{
    char others[400], wanted[MAC_TEXT_MAX];
    list(config, others, sizeof others);
    if (config->bssid != NULL && others[0] != '\0') {
        mac_text(config->bssid, wanted);
        snprintf(text, size, "the network %s is in range, but without %s: it has %s", config->ssid,
                 wanted, others);
    } else {
        snprintf(text, size, "there is no network %s in range; `wipy air %s` lists those that are",
                 config->ssid, config->place->path);
    }
}

#include "board/companion_loss.h"

#include <stdio.h>
#include <string.h>

#include "board/router/packet.h"
#include "board/text.h"

#define CLEAN_NAME_MAX (4 * AIR_SSID_MAX)

/* What keeps the laptop out of the board's own network besides its name; NULL: nothing. */
static const char *lock(const struct companion *companion)
{
    if (companion->security == HAL_RADIO_OPEN) {
        return "is open now";
    }
    if (companion->security != HAL_RADIO_WPA2) {
        return "has another security than WPA2 now";
    }
    return companion->has_factory_key ? NULL : "wants another key than the factory's";
}

static double explain_network(const struct companion *companion, const char *name, char *text,
                              size_t size)
{
    if (companion->refusal != HANDSHAKE_OK) {
        snprintf(text, size, "%s refuses: %s", name, handshake_refusal_text(companion->refusal));
        return COMPANION_PATIENCE;
    }
    if (ev_is_active(&companion->look)) {
        snprintf(text, size, "%s is off the air", name);
        return COMPANION_PATIENCE;
    }
    snprintf(text, size, "%s gives no address", name);
    return COMPANION_LEASE_PATIENCE;
}

static double explain_ap(const struct companion *companion, char *text, size_t size)
{
    char factory[AIR_SSID_MAX + 1], name[CLEAN_NAME_MAX];
    const char *why = lock(companion);
    companion_factory_ssid(factory, companion->board_mac);
    text_clean(name, sizeof name, companion->ssid, AIR_SSID_MAX);
    if (strcmp(companion->ssid, factory) != 0) {
        snprintf(text, size, "its name is %s now, and not %s%s%s", name, factory,
                 why != NULL ? "; it " : "", why != NULL ? why : "");
        return COMPANION_PATIENCE;
    }
    if (why != NULL) {
        snprintf(text, size, "%s %s", name, why);
        return 0.;
    }
    return explain_network(companion, name, text, size);
}

static double explain_station(const struct companion *companion, char *text, size_t size)
{
    static const uint8_t nowhere[4];
    const uint8_t *address = companion->wipy.address;
    char name[CLEAN_NAME_MAX];
    text_clean(name, sizeof name, companion->router.ssid, AIR_SSID_MAX);
    if (companion->router.ssid[0] == '\0') {
        snprintf(text, size, "it is a station now");
    } else if (!companion->is_at_router) {
        snprintf(text, size, "it is a station, and not in the network %s", name);
    } else if (memcmp(address, nowhere, sizeof nowhere) == 0) {
        snprintf(text, size, "it is in the network %s, but has no address there", name);
    } else if (memcmp(address, packet_router, 3) != 0) { /* a /24 */
        snprintf(text, size, "its address %u.%u.%u.%u does not fit the network %s, %u.%u.%u.x",
                 address[0], address[1], address[2], address[3], name, packet_router[0],
                 packet_router[1], packet_router[2]);
    } else if (memcmp(address, packet_router, 4) == 0) {
        snprintf(text, size, "its address %u.%u.%u.%u is that of the router of %s", address[0],
                 address[1], address[2], address[3], name);
    } else {
        return explain_network(companion, name, text, size);
    }
    return COMPANION_PATIENCE;
}

double companion_explain(const struct companion *companion, char *text, size_t size)
{
    return companion->board == COMPANION_BOARD_AP ? explain_ap(companion, text, size)
                                                  : explain_station(companion, text, size);
}

#include "net/stations.h"

#include <string.h>

#include "hal/clock.h"
#include "hal/radio.h"
#include "net/stack/interface.h"

struct present {
    int count;
    uint8_t macs[HAL_RADIO_STATIONS][6];
};

struct departed {
    uint8_t mac[6];
    uint64_t due_us; /* when its grace ends; HAL_CLOCK_NEVER: the place is free */
};

static struct present present; /* as of the last look */
static struct departed departed[HAL_RADIO_STATIONS];

void stations_forget(void)
{
    memset(&present, 0, sizeof present);
    for (int i = 0; i < HAL_RADIO_STATIONS; i++) {
        departed[i].due_us = HAL_CLOCK_NEVER;
    }
}

static bool is_present(const struct present *list, const uint8_t mac[6])
{
    for (int i = 0; i < list->count; i++) {
        if (memcmp(list->macs[i], mac, 6) == 0) {
            return true;
        }
    }
    return false;
}

static void end(struct departed *station)
{
    if (station->due_us != HAL_CLOCK_NEVER) {
        station->due_us = HAL_CLOCK_NEVER;
        interface_drop_neighbour(station->mac);
    }
}

/* When more come and go within the grace than there are places, the first of them gets less. */
static void begin_grace(const uint8_t mac[6])
{
    struct departed *place = &departed[0];
    for (int i = 0; i < HAL_RADIO_STATIONS; i++) {
        if (departed[i].due_us == HAL_CLOCK_NEVER) {
            place = &departed[i];
            break;
        }
        if (departed[i].due_us < place->due_us) {
            place = &departed[i];
        }
    }
    end(place);
    memcpy(place->mac, mac, 6);
    place->due_us = hal_clock_link_us() + STATIONS_GRACE_US;
}

bool stations_watch(void)
{
    struct present now = {0};
    now.count = hal_radio_ap_stations(now.macs, HAL_RADIO_STATIONS);
    bool changed = memcmp(&now, &present, sizeof now) != 0;
    for (int i = 0; i < HAL_RADIO_STATIONS; i++) {
        if (is_present(&now, departed[i].mac)) {
            departed[i].due_us = HAL_CLOCK_NEVER;
        } else if (hal_clock_link_us() >= departed[i].due_us) {
            end(&departed[i]);
        }
    }
    for (int i = 0; changed && i < present.count; i++) {
        if (!is_present(&now, present.macs[i])) {
            begin_grace(present.macs[i]);
        }
    }
    present = now;
    return changed;
}

uint64_t stations_due_us(void)
{
    uint64_t due_us = HAL_CLOCK_NEVER;
    for (int i = 0; i < HAL_RADIO_STATIONS; i++) {
        if (departed[i].due_us < due_us) {
            due_us = departed[i].due_us;
        }
    }
    return due_us;
}

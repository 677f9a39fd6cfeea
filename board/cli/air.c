/* `wipy air`: what is in the air of a place, and how bad it is. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "board/air/conditions.h"
#include "board/air/mac.h"
#include "board/cli/verbs.h"
#include "hal/radio.h"

#define LAPTOP_MAC 0x02 /* its first byte; the others are those of its board */

static const char *security_name(uint8_t security)
{
    static const char *const names[] = {[HAL_RADIO_OPEN] = "open",
                                        [HAL_RADIO_WEP] = "WEP",
                                        [HAL_RADIO_WPA] = "WPA",
                                        [HAL_RADIO_WPA2] = "WPA2"};
    return security <= HAL_RADIO_WPA2 ? names[security] : "?";
}

/* A name can have any bytes: those that would disturb the line stand as \xNN. */
static void print_ssid(const char *ssid)
{
    for (; *ssid != '\0'; ssid++) {
        unsigned char byte = (unsigned char)*ssid;
        if (byte < ' ' || byte == 0x7f || byte == '\\') {
            printf("\\x%02x", byte);
        } else {
            putchar(byte);
        }
    }
    putchar('\n');
}

static int list(const struct air_place *place)
{
    static struct air_network networks[AIR_NETWORKS];
    int count = air_place_scan(place, networks, AIR_NETWORKS);
    for (int i = 0; i < count; i++) {
        char bssid[MAC_TEXT_MAX];
        mac_text(networks[i].bssid, bssid);
        printf("%s %3u  %-4s  ", bssid, networks[i].channel, security_name(networks[i].security));
        print_ssid(networks[i].ssid);
    }
    if (count == 0) {
        fprintf(stderr, "no networks in %s\n", place->path);
    }
    struct air_conditions conditions;
    char error[1024];
    if (air_conditions_read(&conditions, place, error, sizeof error) < 0) {
        fprintf(stderr, "wipy air: %s; it counts as none\n", error);
    }
    return VERB_DONE;
}

/* In the words that set it. */
static void print_conditions(const struct air_conditions *conditions)
{
    printf("loss=%g%% delay=%ums jitter=%ums rate=%ukbps", conditions->loss * 100,
           conditions->delay_ms, conditions->jitter_ms, conditions->rate_kbps);
    for (unsigned i = 0; i < conditions->cut_count; i++) {
        char mac[MAC_TEXT_MAX];
        mac_text(conditions->cut[i], mac);
        printf(" cut=%s", mac);
    }
    putchar('\n');
}

/* A radio in range has this address: an access point, or the laptop of its board. The addresses of
 * other stations are known to their access points only. */
static bool is_known(const struct air_network *networks, int count, const uint8_t mac[6])
{
    for (int i = 0; i < count; i++) {
        const uint8_t *bssid = networks[i].bssid;
        if (memcmp(bssid + 1, mac + 1, 5) == 0 && (mac[0] == bssid[0] || mac[0] == LAPTOP_MAC)) {
            return true;
        }
    }
    return false;
}

/* Of what has been cut just now: it may be a slip of the pen. */
static void note_unknown(const struct air_place *place, const struct air_conditions *conditions,
                         const struct air_conditions *before)
{
    static struct air_network networks[AIR_NETWORKS];
    int count = air_place_scan(place, networks, AIR_NETWORKS);
    for (unsigned i = 0; i < conditions->cut_count; i++) {
        const uint8_t *mac = conditions->cut[i];
        if (!air_conditions_is_cut(before, mac) && !is_known(networks, count, mac)) {
            char text[MAC_TEXT_MAX];
            mac_text(mac, text);
            fprintf(stderr,
                    "wipy air: no access point in %s has the address %s now; it is cut for a "
                    "station that has it\n",
                    place->path, text);
        }
    }
}

static int change(const struct air_place *place, char **settings)
{
    char error[1024];
    struct air_conditions conditions;
    air_conditions_read(&conditions, place, error, sizeof error); /* nonsense there is replaced */
    struct air_conditions before = conditions;
    for (; *settings != NULL; settings++) {
        if (air_conditions_parse(&conditions, *settings, error, sizeof error) < 0) {
            return verb_usage(&verb_air, "%s", error);
        }
    }
    int result = air_conditions_write(&conditions, place);
    if (result < 0) {
        return verb_fail(&verb_air, "%s/" CONDITIONS_FILE ": %s", place->path, strerror(-result));
    }
    note_unknown(place, &conditions, &before);
    return VERB_DONE;
}

static int show(const struct air_place *place)
{
    char error[1024];
    struct air_conditions conditions;
    if (air_conditions_read(&conditions, place, error, sizeof error) < 0) {
        return verb_fail(&verb_air, "%s", error);
    }
    print_conditions(&conditions);
    return VERB_DONE;
}

static int set(const struct air_place *place, char **settings)
{
    if (*settings == NULL) {
        return show(place);
    }
    int lock = air_place_lock(place, CONDITIONS_FILE);
    if (lock < 0) {
        return verb_fail(&verb_air, "%s/" CONDITIONS_FILE ": %s", place->path, strerror(-lock));
    }
    int status = change(place, settings);
    air_place_unlock(place, CONDITIONS_FILE, lock);
    return status;
}

static int air(int argc, char **argv)
{
    enum { OPTION_HELP = 256 };
    static const struct option options[] = {{"help", no_argument, NULL, OPTION_HELP}, {0}};
    char error[1024];
    struct air_place place;
    int option;
    while ((option = verb_option(&verb_air, argc, argv, options)) != -1) {
        if (option != OPTION_HELP) {
            return VERB_USAGE;
        }
        fputs(verb_air.help, stdout);
        return VERB_DONE;
    }
    const char *directory = NULL;
    if (optind < argc && strcmp(argv[optind], "set") != 0) {
        directory = argv[optind++];
    }
    bool is_set = optind < argc && strcmp(argv[optind], "set") == 0;
    if (optind < argc && !is_set) {
        return verb_usage(&verb_air, "what is meant by %s?", argv[optind]);
    }
    if (!is_set && directory != NULL && access(directory, F_OK) < 0 && errno == ENOENT) {
        return verb_fail(&verb_air, "no such folder: %s", directory);
    }
    if (air_place_open(&place, directory, error, sizeof error) < 0) {
        return verb_fail(&verb_air, "%s", error);
    }
    int status = is_set ? set(&place, argv + optind + 1) : list(&place);
    air_place_close(&place);
    return status;
}

const struct verb verb_air = {
    .name = "air",
    .summary = "list the networks in range, make the air bad",
    .run = air,
    .help = "wipy air [DIR]                 list the networks in the air DIR (the one of all your "
            "boards):\n"
            "                               a line `BSSID CHANNEL SECURITY SSID` for each\n"
            "wipy air [DIR] set             say how bad the air is\n"
            "wipy air [DIR] set SETTING...  make it so, for each frame on its way from or to a "
            "station, at once:\n"
            "\n"
            "  loss=1%        so many are lost\n"
            "  delay=20ms     they take so long\n"
            "  jitter=5ms     give or take so much, at most the delay; their order is kept. Both: "
            "`wipy air set\n"
            "                 delay=20ms jitter=5ms`\n"
            "  rate=1000kbps  no faster than this; 0: as fast as it goes\n"
            "  cut=MAC        the station or access point with this address loses its link; "
            "restore=MAC "
            "gives it\n"
            "                 back\n"
            "  clear          nothing of all that\n",
};

/* `wipy join`: runs a program as if on a computer that has joined a network of the air. */
#include "board/join/join.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board/air/mac.h"
#include "board/cli/verbs.h"
#include "hal/radio.h"

enum { OPTION_KEY = 256, OPTION_BSSID, OPTION_AIR, OPTION_NO_DHCP, OPTION_HELP };

static const struct option options[] = {
    {"key", required_argument, NULL, OPTION_KEY}, {"bssid", required_argument, NULL, OPTION_BSSID},
    {"air", required_argument, NULL, OPTION_AIR}, {"no-dhcp", no_argument, NULL, OPTION_NO_DHCP},
    {"help", no_argument, NULL, OPTION_HELP},     {0},
};

struct wish {
    struct join_config join;
    const char *air; /* NULL: that of all boards of the user */
    uint8_t bssid[6];
};

static int wrong_key(void)
{
    return verb_usage(&verb_join, "--key: a WPA2 key has %d to %d characters (WEP: 5 to 26)",
                      AIR_KEY_MIN, AIR_KEY_MAX);
}

/* A key that is too short for anything else may be that of a network with WEP. */
static bool is_wep(const struct air_place *place, const char *ssid)
{
    static struct air_network networks[AIR_NETWORKS];
    int count = air_place_scan(place, networks, AIR_NETWORKS);
    bool found = false;
    for (int i = 0; i < count; i++) {
        found =
            found || (networks[i].security == HAL_RADIO_WEP && strcmp(networks[i].ssid, ssid) == 0);
    }
    return found;
}

static int take_option(int option, struct wish *wish)
{
    switch (option) {
    case OPTION_KEY:
        if (strlen(optarg) > AIR_KEY_MAX) {
            return wrong_key();
        }
        wish->join.key = optarg;
        return VERB_DONE;
    case OPTION_BSSID:
        if (!mac_parse(optarg, wish->bssid)) {
            return verb_usage(&verb_join,
                              "--bssid %s: must be a hardware address, as in d4:f5:13:5e:00:01",
                              optarg);
        }
        wish->join.bssid = wish->bssid;
        return VERB_DONE;
    case OPTION_AIR:
        wish->air = optarg;
        return VERB_DONE;
    case OPTION_NO_DHCP:
        wish->join.no_dhcp = true;
        return VERB_DONE;
    default:
        return VERB_USAGE;
    }
}

/* Up to where the arguments are ours: what stands behind -- is COMMAND's, options and all. */
static int ours(int argc, char **argv)
{
    int count = 1;
    while (count < argc && strcmp(argv[count], "--") != 0) {
        count++;
    }
    return count;
}

static int join(int argc, char **argv)
{
    char error[1024];
    char *shell[] = {getenv("SHELL"), NULL};
    struct air_place place;
    struct wish wish = {0};
    int count = ours(argc, argv);
    int option;
    while ((option = verb_option(&verb_join, count, argv, options)) != -1) {
        if (option == OPTION_HELP) {
            fputs(verb_join.help, stdout);
            return VERB_DONE;
        }
        int status = take_option(option, &wish);
        if (status != VERB_DONE) {
            return status;
        }
    }
    if (optind == count) {
        return verb_usage(&verb_join, "say which network");
    }
    wish.join.ssid = argv[optind];
    size_t length = strlen(wish.join.ssid);
    if (length < 1 || length > AIR_SSID_MAX) {
        return verb_usage(&verb_join, "the name of a network has 1 to %d bytes", AIR_SSID_MAX);
    }
    if (optind + 1 < count) {
        return verb_usage(&verb_join, "%s: a COMMAND must stand after --", argv[optind + 1]);
    }
    if (shell[0] == NULL || shell[0][0] == '\0') {
        shell[0] = (char[]){"/bin/sh"};
    }
    wish.join.command = count + 1 < argc ? argv + count + 1 : shell;
    if (air_place_open(&place, wish.air, error, sizeof error) < 0) {
        return verb_fail(&verb_join, "%s", error);
    }
    wish.join.place = &place;
    if (wish.join.key != NULL && strlen(wish.join.key) < AIR_KEY_MIN &&
        !is_wep(&place, wish.join.ssid)) {
        return wrong_key();
    }
    int status = join_run(&wish.join, error, sizeof error);
    status = status < 0 ? verb_fail(&verb_join, "%s", error) : status;
    fflush(NULL);
    _exit(status); /* what sanitizers do at the end is more than the sandbox allows */
}

const struct verb verb_join = {
    .name = "join",
    .summary = "run a program in a network that is in range",
    .run = join,
    .help =
        "wipy join SSID [OPTIONS] [-- COMMAND ...]\n"
        "\n"
        "Run COMMAND (your shell) as if on a computer of its own that has joined the network SSID: "
        "its\n"
        "only interfaces are wlan0, associated with that access point and with an address by "
        "DHCP, and\n"
        "loopback. In the network of a WiPy, that is at 192.168.1.1, ports 23 and 21. Returns "
        "COMMAND's\n"
        "exit status; what it leaves running ends with it.\n"
        "\n"
        "  --key KEY     the network's key, 8 to 63 characters; without it, the network must be "
        "open\n"
        "  --bssid MAC   this access point, when several have that name\n"
        "  --air DIR     the air to search (the one of all your boards)\n"
        "  --no-dhcp     no address for wlan0: COMMAND takes care of that\n"
        "\n"
        "COMMAND is run as yourself, with the right to administer its network (ip, ping, tcpdump, "
        "DHCP\n"
        "clients). No root is needed where user namespaces are allowed. When the network goes "
        "away, wlan0\n"
        "loses its carrier until it is back.\n",
};

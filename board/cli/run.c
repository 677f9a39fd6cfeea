/* `wipy run`: a board, from power-on until it is interrupted. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "board/board.h"
#include "board/cli/image_file.h"
#include "board/cli/verbs.h"

extern const uint8_t embedded_bootloader[], embedded_bootloader_end[];
extern const uint8_t embedded_factory[], embedded_factory_end[];

enum {
    OPTION_TELNET = 256,
    OPTION_FTP,
    OPTION_AIR,
    OPTION_NO_LAPTOP,
    OPTION_ROUTER,
    OPTION_INTERNET,
    OPTION_SPEED,
    OPTION_PIN,
    OPTION_SD,
    OPTION_FIRMWARE,
    OPTION_QUIET,
    OPTION_HELP
};

static const struct option options[] = {
    {"telnet", required_argument, NULL, OPTION_TELNET},
    {"ftp", required_argument, NULL, OPTION_FTP},
    {"air", required_argument, NULL, OPTION_AIR},
    {"no-laptop", no_argument, NULL, OPTION_NO_LAPTOP},
    {"router", required_argument, NULL, OPTION_ROUTER},
    {"internet", no_argument, NULL, OPTION_INTERNET},
    {"speed", required_argument, NULL, OPTION_SPEED},
    {"pin", required_argument, NULL, OPTION_PIN},
    {"sd", required_argument, NULL, OPTION_SD},
    {"firmware", required_argument, NULL, OPTION_FIRMWARE},
    {"quiet", no_argument, NULL, OPTION_QUIET},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

/* A whole number from `min` to `max`; false: it is none. */
static bool parse_number(const char *text, unsigned long min, unsigned long max,
                         unsigned long *number)
{
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    char *end;
    errno = 0;
    *number = strtoul(text, &end, 10);
    return errno == 0 && *end == '\0' && *number >= min && *number <= max;
}

static bool parse_address(const char *text, size_t size, char address[16])
{
    unsigned a, b, c, d;
    int end = 0;
    if (size >= 16) {
        return false;
    }
    memcpy(address, text, size);
    address[size] = '\0';
    return strspn(address, "0123456789.") == size &&
           sscanf(address, "%3u.%3u.%3u.%3u%n", &a, &b, &c, &d, &end) == 4 &&
           address[end] == '\0' && a < 256 && b < 256 && c < 256 && d < 256;
}

/* [ADDRESS:]PORT or "off". */
static bool parse_listen(const char *text, struct laptop_listen *listen)
{
    if (strcmp(text, "off") == 0) {
        listen->enabled = 0;
        return true;
    }
    const char *colon = strrchr(text, ':');
    unsigned long port;
    if (colon != NULL && !parse_address(text, (size_t)(colon - text), listen->address)) {
        return false;
    }
    if (!parse_number(colon != NULL ? colon + 1 : text, 0, 65535, &port)) {
        return false;
    }
    listen->enabled = 1;
    listen->port = (uint16_t)port;
    return true;
}

/* GPn=0 or GPn=1. */
static bool parse_pin(const char *text, struct pins *pins)
{
    char name[8];
    const char *equals = strchr(text, '=');
    if (equals == NULL || (size_t)(equals - text) >= sizeof name) {
        return false;
    }
    memcpy(name, text, (size_t)(equals - text));
    name[equals - text] = '\0';
    int pin = pins_number(name);
    bool high = strcmp(equals + 1, "1") == 0;
    if (pin < 0 || (!high && strcmp(equals + 1, "0") != 0)) {
        return false;
    }
    pins_drive(pins, (unsigned)pin, high);
    return true;
}

/* SSID, or SSID:KEY; of an open network without KEY. */
static int take_router(const char *text, struct router_config *router)
{
    size_t ssid = strcspn(text, ":");
    const char *key = text[ssid] == ':' ? text + ssid + 1 : "";
    size_t key_size = strlen(key);
    if (ssid < 1 || ssid > AIR_SSID_MAX) {
        return verb_usage(&verb_run,
                          "--router %s: the name of its network, before the colon, must "
                          "be 1 to %d bytes long",
                          text, AIR_SSID_MAX);
    }
    if (text[ssid] == ':' && (key_size < AIR_KEY_MIN || key_size > AIR_KEY_MAX)) {
        return verb_usage(
            &verb_run,
            "--router %s: the key, after the colon, must be %d to %d characters long; "
            "--router SSID, without a colon, is open",
            text, AIR_KEY_MIN, AIR_KEY_MAX);
    }
    memset(router->ssid, 0, sizeof router->ssid);
    memcpy(router->ssid, text, ssid);
    memcpy(router->key, key, key_size + 1);
    router->enabled = true;
    return VERB_DONE;
}

/* Take the factory image from a file: one that the boot loader would refuse is refused here. */
static int load_firmware(const char *path, struct board_config *config)
{
    struct image_file file;
    struct image_header header;
    if (image_file_open(&file, path) < 0) {
        return verb_fail(&verb_run, "--firmware %s: %s", path, strerror(errno));
    }
    int result = image_file_check(&file, IMAGE_TARGET_VIRTUAL, &header);
    void *data = MAP_FAILED;
    if (result == IMAGE_OK) {
        data = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, file.fd, 0);
    }
    const char *why = result == IMAGE_OK ? strerror(errno) : image_error_text(result);
    image_file_close(&file);
    if (data == MAP_FAILED) {
        return verb_fail(&verb_run, "--firmware %s: %s", path, why);
    }
    config->factory = (struct board_image){data, file.size};
    config->replace_factory = true;
    return VERB_DONE;
}

static int take_option(int option, const char *value, struct board_config *config)
{
    unsigned long speed;
    switch (option) {
    case OPTION_TELNET:
    case OPTION_FTP:
        if (!parse_listen(value, option == OPTION_FTP ? &config->ftp : &config->telnet)) {
            return verb_usage(&verb_run,
                              "--%s %s: must be [ADDRESS:]PORT, with a port of 0 to 65535, or off",
                              option == OPTION_FTP ? "ftp" : "telnet", value);
        }
        return VERB_DONE;
    case OPTION_AIR:
        config->air = value;
        return VERB_DONE;
    case OPTION_NO_LAPTOP:
        config->no_laptop = true;
        return VERB_DONE;
    case OPTION_ROUTER:
        return take_router(value, &config->router);
    case OPTION_INTERNET:
        config->router.internet = true;
        return VERB_DONE;
    case OPTION_SPEED:
        if (!parse_number(value, 1, CLOCK_SPEED_MAX, &speed)) {
            return verb_usage(&verb_run, "--speed %s: must be a whole number of 1 to %u", value,
                              CLOCK_SPEED_MAX);
        }
        config->speed = (uint32_t)speed;
        return VERB_DONE;
    case OPTION_PIN:
        if (!parse_pin(value, &config->pins)) {
            return verb_usage(&verb_run,
                              "--pin %s: must be GP0 to GP31 with =0 or =1, as in GP28=1", value);
        }
        return VERB_DONE;
    case OPTION_SD:
        config->sd = value;
        return VERB_DONE;
    case OPTION_FIRMWARE:
        return load_firmware(value, config);
    default:
        config->quiet = true;
        return VERB_DONE;
    }
}

static int run(int argc, char **argv)
{
    char error[8192]; /* may name a path */
    struct board_config config = {
        .directory = "my-wipy",
        .telnet = {.enabled = 1, .address = "127.0.0.1", .port = 2323},
        .ftp = {.enabled = 1, .address = "127.0.0.1", .port = 2121},
        .speed = 1,
        .bootloader = {embedded_bootloader,
                       (size_t)(embedded_bootloader_end - embedded_bootloader)},
        .factory = {embedded_factory, (size_t)(embedded_factory_end - embedded_factory)},
    };
    const char *wants_laptop = NULL;
    int option;
    while ((option = verb_option(&verb_run, argc, argv, options)) != -1) {
        if (option == OPTION_HELP) {
            fputs(verb_run.help, stdout);
            return VERB_DONE;
        }
        int status = option == '?' ? VERB_USAGE : take_option(option, optarg, &config);
        if (status != VERB_DONE) {
            return status;
        }
        if ((option == OPTION_TELNET || option == OPTION_FTP) && strcmp(optarg, "off") != 0) {
            wants_laptop = option == OPTION_FTP ? "ftp" : "telnet";
        }
    }
    if (argc - optind > 1) {
        return verb_usage(&verb_run, "one board at a time, not also %s", argv[optind + 1]);
    }
    if (config.router.internet && !config.router.enabled) {
        return verb_usage(&verb_run, "--internet is for the router: give it a --router SSID:KEY");
    }
    if (config.no_laptop && wants_laptop != NULL) {
        return verb_usage(&verb_run,
                          "--%s needs the laptop, which --no-laptop leaves out: give one of them",
                          wants_laptop);
    }
    if (optind < argc) {
        config.directory = argv[optind];
    }
    char *card = config.sd != NULL ? verb_absolute(config.sd) : NULL;
    if (config.sd != NULL && card == NULL) {
        return verb_fail(&verb_run, "--sd %s: %s", config.sd, strerror(errno));
    }
    config.sd = card;
    int result = board_run(&config, error, sizeof error);
    free(card);
    return result < 0 ? verb_fail(&verb_run, "%s", error) : VERB_DONE;
}

const struct verb verb_run = {
    .name = "run",
    .summary = "start a board and keep it running",
    .run = run,
    .help =
        "wipy run [DIR] [OPTIONS]\n"
        "\n"
        "Start the board whose flash and identity are in the folder DIR (my-wipy), which is "
        "made when it\n"
        "is missing, and run it until Ctrl-C. Prints where it can be reached, and `ready` once "
        "its\n"
        "services are up.\n"
        "\n"
        "  --telnet [ADDRESS:]PORT   where its telnet port is to be found on this machine "
        "(127.0.0.1:2323);\n"
        "                            port 0 picks a free one, `off` leaves it out\n"
        "  --ftp [ADDRESS:]PORT      the same for FTP (127.0.0.1:2121)\n"
        "  --air DIR                 the air that the board is in: it hears what is in the same "
        "air. Without it\n"
        "                            all boards of a user are in one\n"
        "  --no-laptop               leave out the laptop that joins the board's network for "
        "--telnet and --ftp\n"
        "  --router SSID:KEY         a home router: an access point for the board in station mode, "
        "with a key of\n"
        "                            8 to 63 characters, or open without one. The board's ports "
        "at --telnet and\n"
        "                            --ftp follow the board there. It leads nowhere else\n"
        "  --internet                let the router lead to where this machine can connect to, "
        "but not to its\n"
        "                            loopback\n"
        "  --speed N                 let the board's clock run N times faster, 1 to 1000 (1)\n"
        "  --pin GPn=LEVEL           drive a pin from the start, as in GP28=1; can be given "
        "several times\n"
        "  --sd FILE                 start with this SD card in the slot; `wipy sd create` makes "
        "one\n"
        "  --firmware FILE           put this image into the board as its factory image\n"
        "  --quiet                   print only `ready` and what goes wrong\n"
        "\n"
        "Other folders for other boards: each needs ports of its own.\n"
        "It goes on when what it prints is read no more, as in `wipy run | head`.\n"
        "`wipy ctl DIR status` says how it is; the file DIR/uart0 is its serial console.\n",
};

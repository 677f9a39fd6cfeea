#include "board/board.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/air/mac.h"
#include "board/board_dir.h"
#include "board/requests.h"
#include "lib/flash_map.h"

/* ---- what is printed */

static void print(struct board *board, FILE *out, const char *format, va_list arguments)
{
    if (board->lines < BOARD_LINES_MAX) {
        vfprintf(out, format, arguments);
        fputc('\n', out);
        board->lines++;
    } else if (board->lines == BOARD_LINES_MAX) {
        fputs("(that is a lot; from here on only `wipy ctl DIR status` says more)\n", out);
        board->lines++;
    }
    fflush(out);
}

void board_say(struct board *board, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!board->quiet) {
        print(board, stdout, format, arguments);
    }
    va_end(arguments);
}

void board_warn(struct board *board, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(board, stderr, format, arguments);
    va_end(arguments);
}

static void say_addresses(struct board *board, const char *directory)
{
    board_say(board, "board    %s", directory);
    const struct companion *companion = &board->companion;
    board_say(board, "telnet   %s", companion->telnet[0] ? companion->telnet : "off");
    board_say(board, "ftp      %s", companion->ftp[0] ? companion->ftp : "off");
    board_say(board, "uart     %s", board->uart.path);
    if (board->sd.insertion != 0) {
        board_say(board, "sd       %s", board->sd.path);
    }
    if (board->router.pid != 0) {
        board_say(board, "router   %s", board->router.network.ssid);
    }
}

void board_ready(struct board *board)
{
    if (board->was_ready) {
        return;
    }
    board->was_ready = true;
    const char *ssid = board->reports.items[HAL_REPORT_WLAN_SSID];
    board_say(board, "network  %s", ssid[0] ? ssid : "none");
    puts("ready");
    fflush(stdout);
}

/* ---- what the parts tell each other */

static void part_failed(void *context, const char *line)
{
    board_warn(context, "%s", line);
}

static void led_changed(void *context, uint64_t board_ms, bool on)
{
    struct board *board = context;
    control_led_changed(&board->control, board_ms, on);
}

static void uart_event(void *context, enum link_event_code code, const void *data, uint32_t size)
{
    power_event(context, code, data, size);
}

/* The laptop follows the board between its own network and that of the home router. An address that
 * makes no sense counts as none. */
void board_moved(struct board *board)
{
    const struct radio *radio = &board->radio;
    uint8_t address[4] = {0};
    if (radio->station.state == AIR_STATION_IDLE) {
        return;
    }
    bool is_at_router = radio->station.state == AIR_STATION_JOINED &&
                        memcmp(radio_bssid(radio), board->router.network.bssid, 6) == 0;
    if (is_at_router) {
        inet_pton(AF_INET, board->reports.items[HAL_REPORT_WLAN_IP], address);
    }
    companion_board_is_station(&board->companion, is_at_router, address);
}

static void radio_changed(void *context)
{
    board_moved(context);
    power_event(context, LINK_EVENT_RADIO, NULL, 0);
}

static void radio_on_air(void *context)
{
    struct board *board = context;
    companion_board_is_ap(&board->companion, &board->radio.ap.network, board->radio.ap.key);
}

static void air_complained(void *context)
{
    struct board *board = context;
    board_warn(board, "notice: %s; it counts as none", board->radio.ap.complaint);
}

static void radio_unheard(void *context)
{
    struct board *board = context;
    int reason = board->radio.ap.silence;
    if (reason == -EADDRINUSE) {
        board_warn(board,
                   "another board with the same hardware address is in this air; this one is not "
                   "heard until that has gone");
    } else {
        board_warn(board, "notice: the board is not heard in the air %s as long as that is so: %s",
                   board->place.path, strerror(-reason));
    }
}

static void laptop_noticed(void *context, const char *line)
{
    board_warn(context, "notice: %s", line);
}

static void laptop_ended(void *context)
{
    struct board *board = context;
    if (board->ending) {
        return; /* whoever ends the board may end all its processes at once */
    }
    board_warn(
        board,
        "the laptop has ended unexpectedly: the board is no longer reachable by telnet and FTP; "
        "end and start `wipy run` to get them back");
}

static void router_ended(void *context)
{
    struct board *board = context;
    if (!board->ending) {
        board_warn(board, "the router has ended unexpectedly: its network has gone; end and start "
                          "`wipy run` to get it back");
    }
}

/* ---- the factory */

/* Drop the pages of the program that hold an image: they are needed but at the start. */
static void forget(const struct board_image *image)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = ((uintptr_t)image->data + page - 1) & ~(page - 1);
    uintptr_t to = ((uintptr_t)image->data + image->size) & ~(page - 1);
    if (to > from) {
        madvise((void *)from, to - from, MADV_DONTNEED);
    }
}

/* Put the images into the flash: the boot loader always, as far as it differs; the factory image
 * when the board is new or gets another one. */
static int produce(struct board *board, const struct board_config *config, bool is_new)
{
    struct flash_chip *chip = &board->chip;
    int result = flash_chip_produce(chip, FLASH_BOOTLOADER_ADDRESS, config->bootloader.data,
                                    (uint32_t)config->bootloader.size);
    forget(&config->bootloader);
    if (result == FLASH_CHIP_OK && (is_new || config->replace_factory)) {
        result = flash_chip_produce(chip, FLASH_FACTORY_ADDRESS, config->factory.data,
                                    (uint32_t)config->factory.size);
        forget(&config->factory);
    }
    chip->protected_size = FLASH_PROTECTED_SIZE;
    chip->report = part_failed;
    chip->context = board;
    return result;
}

/* ---- the whole */

static void interrupted(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct board *board = watcher->data;
    board->ending = true;
    ev_break(loop, EVBREAK_ALL);
}

/* Signals that end the board come as events. Returns their descriptor or -1. */
static int take_signals(void)
{
    struct sigaction hangup;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
        sigaddset(&signals, SIGHUP);
    }
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void watch(struct board *board, struct ev_io *watcher, int fd,
                  void (*callback)(struct ev_loop *, struct ev_io *, int))
{
    ev_io_init(watcher, callback, fd, EV_READ);
    ev_set_priority(watcher, watcher == &board->interrupted ? EV_MAXPRI : 0);
    watcher->data = board;
    ev_io_start(board->loop, watcher);
}

/* Make the parts and wire them up. 0 or -errno. */
static int open_parts(struct board *board, const struct board_config *config)
{
    board->loop = ev_loop_new(EVFLAG_AUTO);
    if (board->loop == NULL) {
        return -ENOMEM;
    }
    int signals = take_signals();
    if (signals < 0) {
        return -errno;
    }
    watch(board, &board->interrupted, signals, interrupted);
    clock_start(&board->clock, config->speed);
    board->pins = config->pins;
    board->led.changed = led_changed;
    board->led.context = board;
    bus_init(board);
    int result = power_open(board, (uint32_t)config->bootloader.size);
    if (result < 0) {
        return result;
    }
    board->radio.changed = radio_changed;
    board->radio.on_air = radio_on_air;
    board->radio.unheard = radio_unheard;
    board->radio.complained = air_complained;
    board->radio.context = board;
    radio_init(&board->radio, board->loop, &board->place, board->mac, board->power.registers);
    board->uart.event = uart_event;
    board->uart.context = board;
    board->uart.taken = &board->power.registers->uart_taken;
    result = uart_open(&board->uart, board->loop);
    if (result < 0) {
        return result;
    }
    board->control.answer = requests_answer;
    board->control.context = board;
    return control_open(&board->control, board->loop);
}

static void close_parts(struct board *board)
{
    control_close(&board->control);
    companion_stop(&board->companion);
    router_stop(&board->router);
    power_off(board);
    sd_slot_eject(&board->sd);
    uart_close(&board->uart);
    flash_chip_close(&board->chip);
}

/* Make the board of the folder, whose laptop runs already. */
static int make_board(struct board *board, const struct board_config *config,
                      const struct board_dir *dir, char *error, size_t error_size)
{
    if (board_dir_open_flash(dir, &board->chip, error, error_size) < 0) {
        return -1;
    }
    if (produce(board, config, dir->is_new) != FLASH_CHIP_OK) {
        snprintf(error, error_size, "cannot write %s/" BOARD_DIR_FLASH ": %s", dir->path,
                 strerror(errno));
        return -1;
    }
    if (dir->is_new && board_dir_complete(dir, error, error_size) < 0) {
        return -1;
    }
    int result = open_parts(board, config);
    if (result < 0) {
        snprintf(error, error_size, "cannot start the board in %s: %s", dir->path,
                 strerror(-result));
        return -1;
    }
    return 0;
}

static void run(struct board *board, const struct board_config *config)
{
    board->companion.ended = laptop_ended;
    board->companion.noticed = laptop_noticed;
    board->companion.context = board;
    companion_search(&board->companion, board->loop, &board->place);
    if (config->router.enabled) {
        companion_has_router(&board->companion, &board->router.network, config->router.key);
    }
    board->router.ended = router_ended;
    board->router.context = board;
    router_watch(&board->router, board->loop);
    say_addresses(board, config->directory);
    power_on(board);
    companion_prepare(&board->companion);
    ev_run(board->loop, 0);
}

/* A folder that has been copied makes a second board with the same address: that would not be
 * heard. */
static int check_air(const struct board *board, char *error, size_t error_size)
{
    struct air_network other;
    char mac[MAC_TEXT_MAX];
    if (!air_place_find(&board->place, board->mac, &other)) {
        return 0;
    }
    mac_text(board->mac, mac);
    snprintf(error, error_size,
             "another board with the hardware address %s runs already in the air %s (a copied "
             "folder?); give this one an air of its own with --air DIR",
             mac, board->place.path);
    return -1;
}

static int insert_card(struct board *board, const char *path, char *error, size_t error_size)
{
    char why[SD_SLOT_ERROR_MAX];
    board->sd.report = part_failed;
    board->sd.context = board;
    if (path == NULL || sd_slot_insert(&board->sd, path, false, why) == 0) {
        return 0;
    }
    snprintf(error, error_size, "--sd: %s", why);
    return -1;
}

int board_run(const struct board_config *config, char *error, size_t error_size)
{
    static struct board
        board; /* static: most of it is never touched, and costs no memory until it is */
    struct board_dir dir;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is an error of the write */
    board.quiet = config->quiet;
    if (air_place_open(&board.place, config->air, error, error_size) < 0 ||
        board_dir_enter(&dir, config->directory, error, error_size) < 0) {
        return -1;
    }
    memcpy(board.mac, dir.mac, sizeof board.mac);
    bool was_killed = access(CONTROL_SOCKET, F_OK) == 0;
    if (check_air(&board, error, error_size) < 0 ||
        insert_card(&board, config->sd, error, error_size) < 0 ||
        (!config->no_laptop && companion_start(&board.companion, &config->telnet, &config->ftp,
                                               board.mac, was_killed, error, error_size) < 0)) {
        return -1;
    }
    int result =
        router_start(&board.router, &config->router, &board.place, board.mac, error, error_size);
    if (result == 0) {
        result = make_board(&board, config, &dir, error, error_size);
    }
    if (result == 0) {
        run(&board, config);
        close_parts(&board);
    }
    companion_stop(&board.companion);
    router_stop(&board.router);
    return result;
}

#include "board/bus.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "board/board.h"
#include "hal/result.h"
#include "hal/watchdog.h"
#include "lib/flash_map.h"

#define BATCH     32   /* commands handled before others have their turn */
#define DRAIN_MAX 4096 /* more than any socket buffer holds */

struct packet {
    struct link_command command;
    uint8_t data[LINK_DATA_MAX];
    uint8_t excess; /* what is longer than the longest command ends here */
};

static void violation(struct board *board, const char *reason, uint32_t number)
{
    char text[120];
    snprintf(text, sizeof text, "%s (%u)", reason, number);
    power_fault(board, "bus protocol", text);
}

/* LINK_FLASH_*, LINK_RADIO_*, LINK_SD_*: the MCU waits for the result, and its data. */
static void answer_with(struct board *board, int result, void *data, size_t size)
{
    struct link_answer answer = {.result = result};
    struct iovec parts[] = {{&answer, sizeof answer}, {data, size}};
    struct msghdr packet = {.msg_iov = parts, .msg_iovlen = size > 0 ? 2 : 1};
    ssize_t n = sendmsg(board->bus.commands.fd, &packet, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) {
        violation(board, "the MCU does not read its answers", 0);
    }
}

static void answer(struct board *board, int result)
{
    answer_with(board, result, NULL, 0);
}

/* Does the executable lie within the place that belongs to the slot? */
static bool in_slot(uint32_t slot, uint32_t address, uint32_t size)
{
    static const struct {
        uint32_t address, size;
    } slots[] = {
        [HAL_BOOT_FACTORY] = {FLASH_FACTORY_ADDRESS, FLASH_FACTORY_SIZE},
        [HAL_BOOT_SLOT_A] = {FLASH_SLOT_A_ADDRESS, FLASH_SLOT_SIZE},
        [HAL_BOOT_SLOT_B] = {FLASH_SLOT_B_ADDRESS, FLASH_SLOT_SIZE},
        [HAL_BOOT_SLOT_C] = {FLASH_SLOT_C_ADDRESS, FLASH_SLOT_SIZE},
    };
    if (slot >= sizeof slots / sizeof slots[0] || address < slots[slot].address) {
        return false;
    }
    uint32_t offset = address - slots[slot].address;
    return offset <= slots[slot].size && size > 0 && size <= slots[slot].size - offset;
}

static void handle_boot(struct board *board, const struct link_command *command)
{
    bool on_trial = command->code == LINK_BOOT_TRIAL;
    if (board->power.slot >= 0) {
        violation(board, "only the boot loader boots; now runs the image in slot",
                  (uint32_t)board->power.slot);
    } else if (!in_slot(command->value, command->address, command->size)) {
        violation(board, "boot of what does not lie in its slot", command->value);
    } else if (on_trial && command->value == HAL_BOOT_FACTORY) {
        violation(board, "trial of the factory image", command->value);
    } else {
        power_boot(board, (enum hal_boot_slot)command->value, command->address, command->size,
                   on_trial);
    }
}

static void handle_watchdog(struct board *board, uint32_t timeout_ms)
{
    if (timeout_ms < HAL_WATCHDOG_MIN_MS || timeout_ms > HAL_WATCHDOG_MAX_MS) {
        violation(board, "watchdog with an impossible time-out", timeout_ms);
    } else {
        supervisor_feed(&board->supervisor, timeout_ms, board->clock.speed);
    }
}

static void handle_led(struct board *board, const struct link_command *command)
{
    if (command->value > 1) {
        violation(board, "LED neither on nor off", command->value);
        return;
    }
    /* The MCU says when, so that the history is right to the microsecond; but it cannot know the
     * future. */
    uint64_t now = clock_us(&board->clock);
    uint64_t reset = clock_us_at(&board->clock, board->power.reset_ns);
    uint64_t when = command->time_us < now - reset ? reset + command->time_us : now;
    led_set(&board->led, command->value == 1, when);
}

static void handle_rtc_set(struct board *board, uint64_t utc_us)
{
    clock_rtc_set(&board->clock, utc_us);
    board->power.registers->rtc_start_us = clock_rtc_us_at(&board->clock, board->power.reset_ns);
}

static void handle_report(struct board *board, uint32_t item, const char *text, uint32_t size)
{
    if (item >= HAL_REPORT_ITEMS) {
        violation(board, "report of an unknown item", item);
        return;
    }
    reports_set(&board->reports, (enum hal_report_item)item, text, size);
    if (item == HAL_REPORT_NOTICE) {
        board_say(board, "notice: %s", board->reports.items[item]);
    } else if (item == HAL_REPORT_STATE && strcmp(board->reports.items[item], "running") == 0) {
        power_running(board);
    } else if (item == HAL_REPORT_WLAN_IP) {
        board_moved(board);
    }
}

static void handle_ap_start(struct board *board, const uint8_t *data)
{
    struct link_radio_ap ap;
    memcpy(&ap, data, sizeof ap);
    answer(board, radio_ap_start(&board->radio, &ap));
}

static void handle_join(struct board *board, const uint8_t *data)
{
    struct link_radio_network network;
    memcpy(&network, data, sizeof network);
    answer(board, radio_join(&board->radio, &network));
}

static void handle_sd_read(struct board *board, const struct link_command *command)
{
    uint8_t data[LINK_DATA_MAX];
    int result = sd_slot_read(&board->sd, command->value, command->address, data, command->size);
    answer_with(board, result, data, result == HAL_OK ? command->size : 0);
}

/* The smallest and the largest size that a command's data may have. */
static bool right_size(const struct link_command *command)
{
    switch (command->code) {
    case LINK_FLASH_PROGRAM:
    case LINK_UART_SEND:
        return command->size >= 1 && command->size <= LINK_DATA_MAX;
    case LINK_SD_READ:
    case LINK_SD_WRITE:
        return command->size >= SD_SLOT_BLOCK && command->size <= LINK_DATA_MAX &&
               command->size % SD_SLOT_BLOCK == 0;
    case LINK_REPORT:
        return command->size <= HAL_REPORT_TEXT_MAX;
    case LINK_RADIO_AP_START:
        return command->size == sizeof(struct link_radio_ap);
    case LINK_RADIO_JOIN:
        return command->size == sizeof(struct link_radio_network);
    default:
        return true; /* they have no data */
    }
}

static bool has_data(uint32_t code)
{
    return code == LINK_FLASH_PROGRAM || code == LINK_UART_SEND || code == LINK_REPORT ||
           code == LINK_RADIO_AP_START || code == LINK_RADIO_JOIN || code == LINK_SD_WRITE;
}

static void handle(struct board *board, const struct packet *packet, size_t size)
{
    const struct link_command *command = &packet->command;
    if (size < sizeof *command || !right_size(command) ||
        size != sizeof *command + (has_data(command->code) ? command->size : 0)) {
        violation(board, "a packet of the wrong size", (uint32_t)size);
        return;
    }
    switch (command->code) {
    case LINK_FLASH_PROGRAM:
        answer(board,
               flash_chip_program(&board->chip, command->address, packet->data, command->size));
        break;
    case LINK_FLASH_ERASE:
        answer(board, flash_chip_erase_sector(&board->chip, command->address));
        break;
    case LINK_UART_SEND:
        uart_send(&board->uart, packet->data, command->size);
        break;
    case LINK_UART_TAKEN:
        uart_taken(&board->uart);
        break;
    case LINK_LED:
        handle_led(board, command);
        break;
    case LINK_RADIO_AP_START:
        handle_ap_start(board, packet->data);
        break;
    case LINK_RADIO_AP_STOP:
        radio_ap_stop(&board->radio);
        answer(board, HAL_OK);
        break;
    case LINK_RADIO_SCAN:
        answer(board, radio_scan(&board->radio));
        break;
    case LINK_RADIO_JOIN:
        handle_join(board, packet->data);
        break;
    case LINK_RADIO_LEAVE:
        radio_leave(&board->radio);
        answer(board, HAL_OK);
        break;
    case LINK_SD_READ:
        handle_sd_read(board, command);
        break;
    case LINK_SD_WRITE:
        answer(board, sd_slot_write(&board->sd, command->value, command->address, packet->data,
                                    command->size));
        break;
    case LINK_BOOT:
    case LINK_BOOT_TRIAL:
        handle_boot(board, command);
        break;
    case LINK_BOOT_CONFIRM:
        supervisor_end_trial(&board->supervisor);
        break;
    case LINK_WATCHDOG:
        handle_watchdog(board, command->value);
        break;
    case LINK_RESET:
        power_reset_by_mcu(board);
        break;
    case LINK_RTC_SET:
        handle_rtc_set(board, command->time_us);
        break;
    case LINK_REPORT:
        handle_report(board, command->value, (const char *)packet->data, command->size);
        break;
    default:
        violation(board, "an unknown command", command->code);
    }
}

static bool is_answered(uint32_t code)
{
    return code == LINK_FLASH_PROGRAM || code == LINK_FLASH_ERASE || code == LINK_RADIO_AP_START ||
           code == LINK_RADIO_AP_STOP || code == LINK_RADIO_SCAN || code == LINK_RADIO_JOIN ||
           code == LINK_RADIO_LEAVE || code == LINK_SD_READ || code == LINK_SD_WRITE;
}

static bool has_hung_up(int fd)
{
    struct pollfd end = {.fd = fd, .events = POLLRDHUP};
    return poll(&end, 1, 0) == 1 && (end.revents & (POLLRDHUP | POLLHUP)) != 0;
}

/* Handle up to `max` commands of the MCU that runs now; not those of another one that a command has
 * started. */
static void handle_some(struct board *board, int max)
{
    static struct packet packet;
    uint32_t run = board->power.runs;
    for (int i = 0; i < max; i++) {
        if (board->power.runs != run || !ev_is_active(&board->bus.commands)) {
            return;
        }
        ssize_t n = recv(board->bus.commands.fd, &packet, sizeof packet, MSG_DONTWAIT);
        if (n < 0) {
            return;
        }
        if (n == 0 && has_hung_up(board->bus.commands.fd)) {
            ev_io_stop(board->loop, &board->bus.commands); /* it is about to end */
            return;
        }
        handle(board, &packet, (size_t)n);
        if (is_answered(packet.command.code)) {
            return; /* the MCU does nothing more before it has read the answer */
        }
    }
}

static void readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    handle_some(watcher->data, BATCH);
}

void bus_init(struct board *board)
{
    ev_io_init(&board->bus.commands, readable, -1, EV_READ);
    board->bus.commands.data = board;
}

void bus_start(struct board *board, int fd)
{
    ev_io_set(&board->bus.commands, fd, EV_READ);
    ev_io_start(board->loop, &board->bus.commands);
}

void bus_stop(struct board *board)
{
    ev_io_stop(board->loop, &board->bus.commands);
}

void bus_drain(struct board *board)
{
    handle_some(board, DRAIN_MAX);
}

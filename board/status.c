#include "board/status.h"

#include <stdio.h>

#include "board/air/mac.h"
#include "board/board.h"
#include "lib/flash_map.h"

static void add_text(cJSON *object, const char *name, const char *text)
{
    if (text[0] != '\0') {
        cJSON_AddStringToObject(object, name, text);
    } else {
        cJSON_AddNullToObject(object, name);
    }
}

static void add_report(cJSON *object, const char *name, const struct board *board,
                       enum hal_report_item item)
{
    add_text(object, name, board->reports.items[item]);
}

static void add_hex(cJSON *object, const char *name, bool known, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "0x%08llx", (unsigned long long)value);
    add_text(object, name, known ? text : "");
}

static const char *state_name(enum power_state state)
{
    static const char *const names[] = {
        [POWER_OFF] = "off",
        [POWER_BOOTLOADER] = "bootloader",
        [POWER_RUNNING] = "running",
        [POWER_FAULT] = "fault",
    };
    return names[state];
}

static const char *reset_cause_name(enum hal_reset_cause cause)
{
    static const char *const names[] = {
        [HAL_RESET_POWER_ON] = "power_on",   [HAL_RESET_HARD] = "hard", [HAL_RESET_WDT] = "wdt",
        [HAL_RESET_HIBERNATE] = "hibernate", [HAL_RESET_SOFT] = "soft",
    };
    return names[cause];
}

static void add_fault(cJSON *status, const char *name, bool happened, const struct fault *fault)
{
    if (!happened) {
        cJSON_AddNullToObject(status, name);
        return;
    }
    cJSON *members = cJSON_AddObjectToObject(status, name);
    cJSON_AddStringToObject(members, "cause", fault->cause);
    add_hex(members, "address", fault->has_address, fault->address);
    add_hex(members, "pc", fault->has_pc, fault->pc);
    cJSON_AddStringToObject(members, "reason", fault->reason);
    cJSON_AddNumberToObject(members, "board_ms", (double)fault->board_ms);
}

static void add_boot(cJSON *status, const struct board *board)
{
    static const char *const slots[] = {"factory", "A", "B", "C"};
    const struct power *power = &board->power;
    cJSON *boot = cJSON_AddObjectToObject(status, "boot");
    add_report(boot, "mode", board, HAL_REPORT_BOOT_MODE);
    add_report(boot, "image", board, HAL_REPORT_BOOT_IMAGE);
    add_text(boot, "slot", power->slot >= 0 ? slots[power->slot] : "");
    add_report(boot, "version", board, HAL_REPORT_BOOT_VERSION);
    cJSON_AddStringToObject(boot, "reset_cause", reset_cause_name(power->reset_cause));
}

static void add_led(cJSON *status, const struct board *board)
{
    cJSON *led = cJSON_AddObjectToObject(status, "led");
    cJSON_AddBoolToObject(led, "on", board->led.on);
    if (board->power.state == POWER_FAULT) {
        add_text(led, "pattern", "on"); /* the firmware, which said otherwise, is gone */
    } else {
        add_report(led, "pattern", board, HAL_REPORT_LED_PATTERN);
    }
}

static void add_pins(cJSON *status, const struct pins *pins)
{
    cJSON *all = cJSON_AddObjectToObject(status, "pins");
    for (unsigned n = 0; n < PINS_COUNT; n++) {
        char name[8];
        snprintf(name, sizeof name, "GP%u", n);
        cJSON *pin = cJSON_AddObjectToObject(all, name);
        cJSON_AddNumberToObject(pin, "level", pins->levels >> n & 1);
        cJSON_AddStringToObject(pin, "driver", pins_driver(pins, n));
    }
}

static void add_addresses(cJSON *status, const struct board *board)
{
    cJSON *addresses = cJSON_AddObjectToObject(status, "addresses");
    add_text(addresses, "telnet", board->companion.telnet);
    add_text(addresses, "ftp", board->companion.ftp);
    add_text(addresses, "uart0", board->uart.path);
}

static void add_wlan(cJSON *status, const struct board *board)
{
    char text[MAC_TEXT_MAX];
    mac_text(board->mac, text);
    cJSON *wlan = cJSON_AddObjectToObject(status, "wlan");
    add_report(wlan, "mode", board, HAL_REPORT_WLAN_MODE);
    add_report(wlan, "ssid", board, HAL_REPORT_WLAN_SSID);
    cJSON_AddStringToObject(wlan, "mac", text);
    add_report(wlan, "ip", board, HAL_REPORT_WLAN_IP);
}

void status_add_sd(cJSON *object, const struct sd_slot *slot)
{
    static const char *const locks[] = {
        [SD_SLOT_WRITABLE] = "",
        [SD_SLOT_LOCKED_BY_SWITCH] = "switch",
        [SD_SLOT_LOCKED_BY_FILE] = "file",
    };
    if (slot->insertion == 0) {
        cJSON_AddNullToObject(object, "sd");
        return;
    }
    cJSON *sd = cJSON_AddObjectToObject(object, "sd");
    cJSON_AddStringToObject(sd, "file", slot->path);
    cJSON_AddNumberToObject(sd, "size", (double)slot->blocks * SD_SLOT_BLOCK);
    cJSON_AddBoolToObject(sd, "read_only", slot->lock != SD_SLOT_WRITABLE);
    add_text(sd, "read_only_by", locks[slot->lock]);
    cJSON_AddNumberToObject(sd, "insertion", slot->insertion);
    cJSON_AddNumberToObject(sd, "reads", (double)slot->reads);
    cJSON_AddNumberToObject(sd, "writes", (double)slot->writes);
    cJSON_AddNumberToObject(sd, "failures", (double)slot->failures);
}

static void add_flash(cJSON *status, const struct flash_chip *chip)
{
    uint32_t most = 0;
    for (uint32_t at = 0; at < FLASH_SIZE; at += FLASH_SECTOR_SIZE) {
        uint32_t wear = flash_chip_wear(chip, at);
        most = wear > most ? wear : most;
    }
    cJSON *flash = cJSON_AddObjectToObject(status, "flash");
    cJSON_AddNumberToObject(flash, "misuses", (double)chip->misuses);
    cJSON_AddNumberToObject(flash, "programs", (double)chip->programs);
    cJSON_AddNumberToObject(flash, "erases", (double)chip->erases);
    cJSON_AddNumberToObject(flash, "max_wear", most);
}

static void add_notice(cJSON *notices, const char *notice)
{
    if (notice[0] != '\0') {
        cJSON_AddItemToArray(notices, cJSON_CreateString(notice));
    }
}

static void add_notices(cJSON *status, const struct board *board)
{
    cJSON *notices = cJSON_AddArrayToObject(status, "notices");
    const char *notice;
    for (uint32_t i = 0; (notice = reports_notice(&board->reports, i)) != NULL; i++) {
        add_notice(notices, notice);
    }
    add_notice(notices, board->companion.loss);
    add_notice(notices, board->radio.ap.complaint);
}

cJSON *status_make(const struct board *board)
{
    cJSON *status = cJSON_CreateObject();
    cJSON_AddStringToObject(status, "state", state_name(board->power.state));
    cJSON_AddNumberToObject(status, "uptime_ms", (double)(power_uptime_us(board) / 1000));
    cJSON_AddNumberToObject(status, "board_ms", (double)(clock_us(&board->clock) / 1000));
    cJSON_AddNumberToObject(status, "speed", board->clock.speed);
    const struct power *power = &board->power;
    add_fault(status, "fault", power->state == POWER_FAULT, &power->fault);
    add_fault(status, "last_fault", power->last_fault.cause[0] != '\0', &power->last_fault);
    add_boot(status, board);
    add_led(status, board);
    add_pins(status, &board->pins);
    add_addresses(status, board);
    add_wlan(status, board);
    status_add_sd(status, &board->sd);
    add_flash(status, &board->chip);
    add_notices(status, board);
    return status;
}

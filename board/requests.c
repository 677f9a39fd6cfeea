#include "board/requests.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/board.h"
#include "board/status.h"

/* Put the error into the answer. */
__attribute__((format(printf, 2, 3))) static void fail(cJSON *answer, const char *format, ...)
{
    char words[SD_SLOT_ERROR_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    cJSON_AddStringToObject(answer, "error", words);
}

/* The text of a member; "" when there is none, or when it is no text. */
static const char *text_of(const cJSON *request, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(request, name);
    return cJSON_IsString(member) ? member->valuestring : "";
}

static void do_status(struct board *board, const cJSON *request, cJSON *answer, bool *follow)
{
    cJSON_AddItemToObject(answer, "status", status_make(board));
}

/* A fresh MCU that could not be made is no success of the request. */
static void check_start(struct board *board, cJSON *answer)
{
    if (board->power.state == POWER_FAULT) {
        fail(answer, "%s", board->power.fault.reason);
    }
}

static void do_reset(struct board *board, const cJSON *request, cJSON *answer, bool *follow)
{
    if (board->power.state == POWER_OFF) {
        fail(answer, "the power is off; switch it on instead");
        return;
    }
    power_reset(board);
    check_start(board, answer);
}

static void do_power(struct board *board, const cJSON *request, cJSON *answer, bool *follow)
{
    const char *value = text_of(request, "value");
    if (strcmp(value, "off") == 0) {
        power_off(board);
    } else if (strcmp(value, "on") != 0) {
        fail(answer, "\"value\" of \"power\" must be \"on\" or \"off\"");
    } else if (board->power.state == POWER_OFF) {
        power_on(board);
        check_start(board, answer);
    }
}

/* Drive or release the pin as `value` says. False: it says nothing that makes sense. */
static bool change_pin(struct pins *pins, unsigned pin, const cJSON *value, bool *changed)
{
    if (value == NULL) {
        *changed = false;
    } else if (cJSON_IsString(value) && strcmp(value->valuestring, "release") == 0) {
        *changed = pins_release(pins, pin);
    } else if (cJSON_IsNumber(value) && (value->valuedouble == 0 || value->valuedouble == 1)) {
        *changed = pins_drive(pins, pin, value->valuedouble == 1);
    } else {
        return false;
    }
    return true;
}

static void do_pin(struct board *board, const cJSON *request, cJSON *answer, bool *follow)
{
    int pin = pins_number(text_of(request, "pin"));
    bool changed;
    if (pin < 0) {
        fail(answer, "\"pin\" must be one of GP0 to GP31");
        return;
    }
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(request, "value");
    if (!change_pin(&board->pins, (unsigned)pin, value, &changed)) {
        fail(answer, "\"value\" of a pin must be 0, 1 or \"release\"");
        return;
    }
    if (changed) {
        power_pins_changed(board);
    }
    cJSON_AddStringToObject(answer, "pin", text_of(request, "pin"));
    cJSON_AddNumberToObject(answer, "level", board->pins.levels >> pin & 1);
    cJSON_AddStringToObject(answer, "driver", pins_driver(&board->pins, (unsigned)pin));
}

static void do_led(struct board *board, const cJSON *request, cJSON *answer, bool *follow)
{
    enum { CHANGE_MAX = sizeof ",[18446744073709551615,1]" };
    const struct led *led = &board->led;
    char *text = malloc(led->count * CHANGE_MAX + sizeof "[]");
    if (text == NULL) {
        fail(answer, "out of memory");
        return;
    }
    char *end = text;
    *end++ = '[';
    for (uint32_t i = 0; i < led->count; i++) {
        bool on;
        unsigned long long board_ms = led_change(led, i, &on);
        end += sprintf(end, "%s[%llu,%d]", i > 0 ? "," : "", board_ms, on);
    }
    strcpy(end, "]");
    cJSON_AddRawToObject(answer, "changes", text);
    free(text);
    *follow = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(request, "follow"));
}

static void insert_card(struct board *board, const cJSON *request, cJSON *answer)
{
    const char *file = text_of(request, "file");
    const cJSON *read_only = cJSON_GetObjectItemCaseSensitive(request, "read_only");
    char error[SD_SLOT_ERROR_MAX];
    if (file[0] != '/') {
        fail(answer, "\"file\" must be the path of a card, from / on");
    } else if (read_only != NULL && !cJSON_IsBool(read_only)) {
        fail(answer, "\"read_only\" must be true or false");
    } else if (sd_slot_insert(&board->sd, file, cJSON_IsTrue(read_only), error) < 0) {
        fail(answer, "%s", error);
    } else {
        power_sd_changed(board);
    }
}

static void do_sd(struct board *board, const cJSON *request, cJSON *answer, bool *follow)
{
    const char *value = text_of(request, "value");
    if (strcmp(value, "insert") == 0) {
        insert_card(board, request, answer);
    } else if (strcmp(value, "eject") == 0) {
        if (sd_slot_eject(&board->sd)) {
            power_sd_changed(board);
        } else {
            fail(answer, "there is no card in the slot");
        }
    } else if (cJSON_HasObjectItem(request, "value")) {
        fail(answer, "\"value\" of \"sd\" must be \"insert\" or \"eject\"");
    }
    if (!cJSON_HasObjectItem(answer, "error")) {
        status_add_sd(answer, &board->sd);
    }
}

static void carry_out(struct board *board, const cJSON *request, cJSON *answer, bool *follow)
{
    static const struct {
        const char *verb;
        void (*carry_out)(struct board *board, const cJSON *request, cJSON *answer, bool *follow);
    } verbs[] = {
        {"status", do_status}, {"reset", do_reset}, {"power", do_power},
        {"pin", do_pin},       {"led", do_led},     {"sd", do_sd},
    };
    if (!cJSON_IsObject(request)) {
        fail(answer, "the line is not a JSON object");
        return;
    }
    const char *verb = text_of(request, "verb");
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verb, verbs[i].verb) == 0) {
            verbs[i].carry_out(board, request, answer, follow);
            return;
        }
    }
    fail(answer, "\"verb\" must be one of status, reset, power, pin, led, sd");
}

char *requests_answer(void *context, const char *line, bool *follow)
{
    cJSON *answer = cJSON_CreateObject();
    cJSON *request = cJSON_ParseWithOpts(line, NULL, true);
    carry_out(context, request, answer, follow);
    cJSON_AddBoolToObject(answer, "ok", !cJSON_HasObjectItem(answer, "error"));
    char *text = cJSON_PrintUnformatted(answer);
    cJSON_Delete(request);
    cJSON_Delete(answer);
    return text;
}

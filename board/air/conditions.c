#include "board/air/conditions.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board/air/mac.h"
#include "board/text.h"

#define FILE_MAX  8192
#define DELAY_MAX 10000     /* ms */
#define RATE_MAX  100000000 /* kbit/s */

bool air_conditions_is_cut(const struct air_conditions *conditions, const uint8_t mac[6])
{
    for (unsigned i = 0; i < conditions->cut_count; i++) {
        if (memcmp(conditions->cut[i], mac, 6) == 0) {
            return true;
        }
    }
    return false;
}

/* False: there is no room. */
static bool cut(struct air_conditions *conditions, const uint8_t mac[6])
{
    if (air_conditions_is_cut(conditions, mac)) {
        return true;
    }
    if (conditions->cut_count == CONDITIONS_CUT_MAX) {
        return false;
    }
    memcpy(conditions->cut[conditions->cut_count++], mac, 6);
    return true;
}

static void restore(struct air_conditions *conditions, const uint8_t mac[6])
{
    for (unsigned i = 0; i < conditions->cut_count; i++) {
        if (memcmp(conditions->cut[i], mac, 6) == 0) {
            memcpy(conditions->cut[i], conditions->cut[--conditions->cut_count], 6);
            return;
        }
    }
}

/* ---- the file */

/* A number of the file from 0 to `max`; 0 when there is none. */
static bool get_number(const cJSON *file, const char *name, double max, double *number)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(file, name);
    *number = member != NULL ? member->valuedouble : 0;
    return member == NULL || (cJSON_IsNumber(member) && *number >= 0 && *number <= max);
}

static bool get_cut(const cJSON *file, struct air_conditions *conditions)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(file, "cut"), *item;
    if (list != NULL && !cJSON_IsArray(list)) {
        return false;
    }
    cJSON_ArrayForEach(item, list)
    {
        uint8_t mac[6];
        if (!mac_parse(cJSON_GetStringValue(item), mac) || !cut(conditions, mac)) {
            return false;
        }
    }
    return true;
}

static bool parse_file(const char *text, struct air_conditions *conditions)
{
    cJSON *file = cJSON_ParseWithOpts(text, NULL, true);
    double delay, jitter, rate;
    bool good = cJSON_IsObject(file) && get_number(file, "loss", 1, &conditions->loss) &&
                get_number(file, "delay_ms", DELAY_MAX, &delay) &&
                get_number(file, "jitter_ms", delay, &jitter) &&
                get_number(file, "rate_kbps", RATE_MAX, &rate) && get_cut(file, conditions);
    if (good) {
        conditions->delay_ms = (uint32_t)delay;
        conditions->jitter_ms = (uint32_t)jitter;
        conditions->rate_kbps = (uint32_t)rate;
    }
    cJSON_Delete(file);
    return good;
}

/* A folder, a FIFO, a socket, a link. */
static bool is_no_file(int reason)
{
    return reason == EISDIR || reason == ENXIO || reason == ELOOP;
}

int air_conditions_read(struct air_conditions *conditions, const struct air_place *place,
                        char *error, size_t error_size)
{
    char text[FILE_MAX];
    memset(conditions, 0, sizeof *conditions);
    int size = air_place_read(place, CONDITIONS_FILE, text, sizeof text);
    if (size == -ENOENT) {
        return 0;
    }
    if (size < 0) {
        return text_fail(error, error_size, "%s/" CONDITIONS_FILE " %s%s", place->path,
                         is_no_file(-size) ? "" : "cannot be read: ",
                         is_no_file(-size) ? "is not a regular file" : strerror(-size));
    }
    if (!parse_file(text, conditions)) {
        memset(conditions, 0, sizeof *conditions);
        return text_fail(error, error_size, "%s/" CONDITIONS_FILE " makes no sense", place->path);
    }
    return 0;
}

/* An access point looks at the conditions whenever somebody knocks. */
static void knock_everywhere(const struct air_place *place)
{
    static struct air_network networks[AIR_NETWORKS];
    int count = air_place_scan(place, networks, AIR_NETWORKS);
    for (int i = 0; i < count; i++) {
        int fd = air_connect(place, networks[i].bssid);
        if (fd >= 0) {
            close(fd);
        }
    }
}

int air_conditions_write(const struct air_conditions *conditions, const struct air_place *place)
{
    cJSON *file = cJSON_CreateObject();
    cJSON_AddNumberToObject(file, "loss", conditions->loss);
    cJSON_AddNumberToObject(file, "delay_ms", conditions->delay_ms);
    cJSON_AddNumberToObject(file, "jitter_ms", conditions->jitter_ms);
    cJSON_AddNumberToObject(file, "rate_kbps", conditions->rate_kbps);
    cJSON *list = cJSON_AddArrayToObject(file, "cut");
    for (unsigned i = 0; i < conditions->cut_count; i++) {
        char text[MAC_TEXT_MAX];
        mac_text(conditions->cut[i], text);
        cJSON_AddItemToArray(list, cJSON_CreateString(text));
    }
    char *text = cJSON_Print(file);
    int result = text != NULL ? air_place_write(place, CONDITIONS_FILE, text) : -ENOMEM;
    cJSON_free(text);
    cJSON_Delete(file);
    if (result == 0) {
        knock_everywhere(place);
    }
    return result;
}

/* ---- settings */

/* NUMBER UNIT; the unit may be missing where the number is 0. */
static bool parse_amount(const char *text, const char *unit, double max, double *amount)
{
    char *end;
    size_t digits = strspn(text, "0123456789.");
    *amount = strtod(text, &end);
    return digits > 0 && end == text + digits && *amount <= max &&
           (strcmp(end, unit) == 0 || (*amount == 0 && *end == '\0'));
}

static int set_loss(struct air_conditions *conditions, const char *value, char *error, size_t size)
{
    double percent;
    if (!parse_amount(value, "%", 100, &percent)) {
        return text_fail(error, size, "loss=%s: must be 0%% to 100%%", value);
    }
    conditions->loss = percent / 100;
    return 0;
}

static int set_delay(struct air_conditions *conditions, const char *value, char *error, size_t size)
{
    double ms;
    if (!parse_amount(value, "ms", DELAY_MAX, &ms)) {
        return text_fail(error, size, "delay=%s: must be 0ms to %dms", value, DELAY_MAX);
    }
    conditions->delay_ms = (uint32_t)ms;
    if (conditions->jitter_ms > conditions->delay_ms) {
        conditions->jitter_ms = conditions->delay_ms;
    }
    return 0;
}

static int set_jitter(struct air_conditions *conditions, const char *value, char *error,
                      size_t size)
{
    double ms;
    if (!parse_amount(value, "ms", conditions->delay_ms, &ms)) {
        return text_fail(error, size, "jitter=%s: must be 0ms to the delay, which is %ums", value,
                         conditions->delay_ms);
    }
    conditions->jitter_ms = (uint32_t)ms;
    return 0;
}

static int set_rate(struct air_conditions *conditions, const char *value, char *error, size_t size)
{
    double kbps;
    if (!parse_amount(value, "kbps", RATE_MAX, &kbps)) {
        return text_fail(error, size,
                         "rate=%s: must be 1kbps to %dkbps, or 0 for as fast as it goes", value,
                         RATE_MAX);
    }
    conditions->rate_kbps = (uint32_t)kbps;
    return 0;
}

static int set_cut(struct air_conditions *conditions, const char *value, char *error, size_t size)
{
    uint8_t mac[6];
    if (!mac_parse(value, mac)) {
        return text_fail(error, size,
                         "cut=%s: must be a hardware address, as in cut=d4:f5:13:5e:00:01", value);
    }
    return cut(conditions, mac) ? 0
                                : text_fail(error, size, "cut=%s: more than %d links cannot be cut",
                                            value, CONDITIONS_CUT_MAX);
}

static int set_restore(struct air_conditions *conditions, const char *value, char *error,
                       size_t size)
{
    uint8_t mac[6];
    if (!mac_parse(value, mac)) {
        return text_fail(error, size,
                         "restore=%s: must be a hardware address, as in restore=d4:f5:13:5e:00:01",
                         value);
    }
    restore(conditions, mac);
    return 0;
}

int air_conditions_parse(struct air_conditions *conditions, const char *setting, char *error,
                         size_t error_size)
{
    static const struct {
        const char *name;
        int (*set)(struct air_conditions *conditions, const char *value, char *error, size_t size);
    } settings[] = {{"loss", set_loss}, {"delay", set_delay}, {"jitter", set_jitter},
                    {"rate", set_rate}, {"cut", set_cut},     {"restore", set_restore}};
    if (strcmp(setting, "clear") == 0) {
        memset(conditions, 0, sizeof *conditions);
        return 0;
    }
    size_t length = strcspn(setting, "=");
    for (size_t i = 0; setting[length] == '=' && i < sizeof settings / sizeof settings[0]; i++) {
        if (strlen(settings[i].name) == length && strncmp(setting, settings[i].name, length) == 0) {
            return settings[i].set(conditions, setting + length + 1, error, error_size);
        }
    }
    return text_fail(error, error_size,
                     "%s: must be loss=1%%, delay=20ms, jitter=5ms, rate=1000kbps, cut=MAC, "
                     "restore=MAC or clear",
                     setting);
}

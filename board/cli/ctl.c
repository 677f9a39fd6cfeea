/* `wipy ctl`: acts on a running board through its control socket (board/control.h). */
#include <cjson/cJSON.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "board/cli/verbs.h"
#include "board/control.h"
#include "board/pins.h"

#define PATIENCE_S 10 /* a board that has not answered by then hangs */

/* The connection to the board; NULL, after having said why, when there is none. */
static FILE *connect_to(const char *directory)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    /* From inside the folder: its path may be longer than a socket's address can be. */
    if (chdir(directory) < 0) {
        verb_fail(&verb_ctl, "%s: %s", directory, strerror(errno));
        return NULL;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        verb_fail(&verb_ctl, "no board is running in %s (%s)", directory, strerror(errno));
        return NULL;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fdopen(fd, "r");
}

/* Read one line and parse it. */
static cJSON *read_line(FILE *board)
{
    char *line = NULL;
    size_t room = 0;
    cJSON *answer = getline(&line, &room, board) > 0 ? cJSON_Parse(line) : NULL;
    free(line);
    return answer;
}

/* Send the request, which is freed, and return the answer, or NULL after having said what went
 * wrong. */
static cJSON *ask(FILE *board, cJSON *request)
{
    char *text = cJSON_PrintUnformatted(request);
    cJSON_Delete(request);
    size_t size = strlen(text);
    text[size++] = '\n'; /* in place of the NUL */
    ssize_t sent = send(fileno(board), text, size, MSG_NOSIGNAL);
    free(text);
    cJSON *answer = sent == (ssize_t)size ? read_line(board) : NULL;
    if (answer == NULL) {
        verb_fail(&verb_ctl, "the board does not answer");
        return NULL;
    }
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok"))) {
        const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "error"));
        verb_fail(&verb_ctl, "%s", error != NULL ? error : "the board refuses");
        cJSON_Delete(answer);
        return NULL;
    }
    return answer;
}

static cJSON *request(const char *verb)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "verb", verb);
    return object;
}

/* One member a line: to be read by people and programs. */
static void print_status(const cJSON *status)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, status)
    {
        char *value = cJSON_PrintUnformatted(member);
        printf("%s\"%s\": %s", member == status->child ? "{" : ",\n ", member->string, value);
        free(value);
    }
    puts("}");
}

static int do_status(FILE *board)
{
    cJSON *answer = ask(board, request("status"));
    if (answer == NULL) {
        return VERB_FAILED;
    }
    print_status(cJSON_GetObjectItemCaseSensitive(answer, "status"));
    cJSON_Delete(answer);
    return VERB_DONE;
}

static int do_simple(FILE *board, cJSON *what)
{
    cJSON *answer = ask(board, what);
    if (answer == NULL) {
        return VERB_FAILED;
    }
    cJSON_Delete(answer);
    return VERB_DONE;
}

static int do_pin(FILE *board, const char *pin, const char *value)
{
    cJSON *what = request("pin");
    cJSON_AddStringToObject(what, "pin", pin);
    if (value != NULL && strcmp(value, "release") == 0) {
        cJSON_AddStringToObject(what, "value", value);
    } else if (value != NULL) {
        cJSON_AddNumberToObject(what, "value", value[0] - '0');
    }
    cJSON *answer = ask(board, what);
    if (answer == NULL) {
        return VERB_FAILED;
    }
    printf("%s %d %s\n", pin, cJSON_GetObjectItemCaseSensitive(answer, "level")->valueint,
           cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "driver")));
    cJSON_Delete(answer);
    return VERB_DONE;
}

static void print_change(const cJSON *change)
{
    const cJSON *ms = cJSON_GetArrayItem(change, 0);
    const cJSON *on = cJSON_GetArrayItem(change, 1);
    if (cJSON_IsNumber(ms) && cJSON_IsNumber(on)) {
        printf("%.0f %s\n", ms->valuedouble, on->valuedouble != 0 ? "on" : "off");
        fflush(stdout);
    }
}

static int do_led(FILE *board, bool follow)
{
    cJSON *what = request("led");
    cJSON_AddBoolToObject(what, "follow", follow);
    cJSON *answer = ask(board, what);
    if (answer == NULL) {
        return VERB_FAILED;
    }
    const cJSON *change;
    cJSON_ArrayForEach(change, cJSON_GetObjectItemCaseSensitive(answer, "changes"))
    {
        print_change(change);
    }
    cJSON_Delete(answer);
    if (!follow) {
        return VERB_DONE;
    }
    struct timeval forever = {0};
    setsockopt(fileno(board), SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
    cJSON *line;
    while (!ferror(stdout) && (line = read_line(board)) != NULL) {
        print_change(cJSON_GetObjectItemCaseSensitive(line, "led"));
        cJSON_Delete(line);
    }
    return VERB_DONE; /* the board has ended */
}

/* "64 MiB": exactly so many bytes. */
static void print_size(double bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
    uint64_t size = (uint64_t)bytes;
    unsigned unit = 0;
    while (unit < 3 && size >= 1024 && size % 1024 == 0) {
        size /= 1024;
        unit++;
    }
    printf("%llu %s", (unsigned long long)size, units[unit]);
}

static void print_card(const cJSON *card)
{
    if (!cJSON_IsObject(card)) {
        puts("empty");
        return;
    }
    const char *by = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(card, "read_only_by"));
    printf("%s, ", cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(card, "file")));
    print_size(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(card, "size")));
    if (by != NULL) {
        printf(", read-only%s", strcmp(by, "file") == 0 ? ": the file cannot be written" : "");
    }
    putchar('\n');
}

/* `path`: of the card to insert, absolute. */
static int do_sd(FILE *board, const char *value, const char *path, bool read_only)
{
    cJSON *what = request("sd");
    if (value != NULL) {
        cJSON_AddStringToObject(what, "value", value);
    }
    if (path != NULL) {
        cJSON_AddStringToObject(what, "file", path);
        cJSON_AddBoolToObject(what, "read_only", read_only);
    }
    cJSON *answer = ask(board, what);
    if (answer == NULL) {
        return VERB_FAILED;
    }
    if (value == NULL || path != NULL) {
        print_card(cJSON_GetObjectItemCaseSensitive(answer, "sd"));
    }
    cJSON_Delete(answer);
    return VERB_DONE;
}

/* Is `word` one of the words in `list`, which NULL ends? */
static bool is_one_of(const char *word, const char *const *list)
{
    while (*list != NULL && strcmp(word, *list) != 0) {
        list++;
    }
    return *list != NULL;
}

static int check_sd(int arguments, char **argument)
{
    static const char *const values[] = {"insert", "eject", NULL};
    if (arguments > 0 && !is_one_of(argument[0], values)) {
        return verb_usage(&verb_ctl, "sd can be followed by insert FILE or by eject, not by %s",
                          argument[0]);
    }
    bool inserts = arguments > 0 && strcmp(argument[0], "insert") == 0;
    if (inserts && (arguments < 2 || argument[1][0] == '\0')) {
        return verb_usage(&verb_ctl, "sd insert: say which FILE is the card");
    }
    int most = inserts ? 2 : 1;
    if (arguments > most) {
        return verb_usage(&verb_ctl, "sd %s: what is meant by %s?", argument[0], argument[most]);
    }
    return VERB_DONE;
}

/* Check what is asked for before a board is looked for. */
static int check(const char *verb, int arguments, char **argument)
{
    static const char *const verbs[] = {"status", "reset", "power", "pin", "led", "sd", NULL};
    static const char *const powers[] = {"on", "off", NULL};
    static const char *const levels[] = {"0", "1", "release", NULL};
    if (!is_one_of(verb, verbs)) {
        return verb_usage(&verb_ctl, "%s is none of status, reset, power, pin, led, sd", verb);
    }
    if (strcmp(verb, "sd") == 0) {
        return check_sd(arguments, argument);
    }
    int least = strcmp(verb, "pin") == 0 || strcmp(verb, "power") == 0;
    int most = strcmp(verb, "pin") == 0 ? 2 : least;
    if (arguments > most) {
        return verb_usage(&verb_ctl, "%s: what is meant by %s?", verb, argument[most]);
    }
    if (strcmp(verb, "power") == 0 && (arguments < 1 || !is_one_of(argument[0], powers))) {
        return verb_usage(&verb_ctl, "power must be followed by on or off");
    }
    if (strcmp(verb, "pin") == 0 && (arguments < 1 || pins_number(argument[0]) < 0)) {
        return verb_usage(&verb_ctl, "pin must be followed by one of GP0 to GP31");
    }
    if (arguments == 2 && !is_one_of(argument[1], levels)) {
        return verb_usage(&verb_ctl, "a pin can be set to 0, to 1, or to release, not to %s",
                          argument[1]);
    }
    return VERB_DONE;
}

struct flags {
    bool history, read_only;
};

/* `card`: the absolute path of the one to insert, or NULL. */
static int carry_out(FILE *board, const char *verb, int arguments, char **argument,
                     const char *card, struct flags flags)
{
    if (strcmp(verb, "status") == 0) {
        return do_status(board);
    }
    if (strcmp(verb, "led") == 0) {
        return do_led(board, !flags.history);
    }
    if (strcmp(verb, "pin") == 0) {
        return do_pin(board, argument[0], arguments > 1 ? argument[1] : NULL);
    }
    if (strcmp(verb, "sd") == 0) {
        return do_sd(board, arguments > 0 ? argument[0] : NULL, card, flags.read_only);
    }
    cJSON *what = request(verb);
    if (arguments > 0) {
        cJSON_AddStringToObject(what, "value", argument[0]);
    }
    return do_simple(board, what);
}

static int ctl(int argc, char **argv)
{
    enum { OPTION_HISTORY = 256, OPTION_READ_ONLY, OPTION_HELP };
    static const struct option options[] = {
        {"history", no_argument, NULL, OPTION_HISTORY},
        {"read-only", no_argument, NULL, OPTION_READ_ONLY},
        {"help", no_argument, NULL, OPTION_HELP},
        {0},
    };
    struct flags flags = {false, false};
    int option;
    while ((option = verb_option(&verb_ctl, argc, argv, options)) != -1) {
        switch (option) {
        case OPTION_HISTORY:
            flags.history = true;
            break;
        case OPTION_READ_ONLY:
            flags.read_only = true;
            break;
        case OPTION_HELP:
            fputs(verb_ctl.help, stdout);
            return VERB_DONE;
        default:
            return VERB_USAGE;
        }
    }
    if (argc - optind < 2) {
        return verb_usage(&verb_ctl, "say which board, and what to do with it");
    }
    const char *directory = argv[optind];
    const char *verb = argv[optind + 1];
    int arguments = argc - optind - 2;
    char **argument = argv + optind + 2;
    int status = check(verb, arguments, argument);
    if (status == VERB_DONE && flags.history && strcmp(verb, "led") != 0) {
        status = verb_usage(&verb_ctl, "--history belongs to led");
    }
    bool inserts = strcmp(verb, "sd") == 0 && arguments > 1;
    if (status == VERB_DONE && flags.read_only && !inserts) {
        status = verb_usage(&verb_ctl, "--read-only belongs to sd insert");
    }
    if (status != VERB_DONE) {
        return status;
    }
    char *card = inserts ? verb_absolute(argument[1]) : NULL;
    if (inserts && card == NULL) {
        return verb_fail(&verb_ctl, "%s: %s", argument[1], strerror(errno));
    }
    FILE *board = connect_to(directory);
    if (board != NULL) {
        status = carry_out(board, verb, arguments, argument, card, flags);
        fclose(board);
    }
    free(card);
    return board != NULL ? status : VERB_FAILED;
}

const struct verb verb_ctl = {
    .name = "ctl",
    .summary = "act on a running board: status, reset, power, pins, LED, SD card",
    .run = ctl,
    .help = "wipy ctl DIR status           say how the board in the folder DIR is, as JSON\n"
            "wipy ctl DIR reset            press its reset switch\n"
            "wipy ctl DIR power off|on     switch its power\n"
            "wipy ctl DIR pin GPn          say the level of a pin, and who drives it\n"
            "wipy ctl DIR pin GPn 0|1      drive a pin\n"
            "wipy ctl DIR pin GPn release  drive it no longer; then its pull-down makes it 0\n"
            "wipy ctl DIR led              follow its LED: a line `MS on` or `MS off` for each "
            "change, the past\n"
            "                              ones first; MS is the board's clock in milliseconds\n"
            "wipy ctl DIR led --history    only the past changes\n"
            "wipy ctl DIR sd               say which card is in its SD slot\n"
            "wipy ctl DIR sd insert FILE   put the card in the file FILE (`wipy help sd`) into it; "
            "with --read-only\n"
            "                              its write-protect switch is set\n"
            "wipy ctl DIR sd eject         take the card out\n"
            "\n"
            "reset and power return when the new run has begun. Programs can do the same through "
            "the socket\n"
            "DIR/control.sock (docs/spec.md, \"Control socket\").\n",
};

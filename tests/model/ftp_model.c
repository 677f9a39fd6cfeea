/* The session: login, data connection, what happens to it. */
#include "tests/model/ftp_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- replies */

struct expected *model_expect(struct model *model, unsigned code)
{
    if (model->expected_count == MODEL_EXPECTED) {
        abort();
    }
    struct expected *expected = &model->expected[model->expected_count++];
    *expected = (struct expected){.code = code};
    return expected;
}

void model_forget_expected(struct model *model)
{
    for (unsigned i = 0; i < model->expected_count; i++) {
        free(model->expected[i].listing);
    }
    model->expected_count = 0;
}

/* ---- life */

bool model_is_busy(const struct model *model)
{
    return model->transfer != MODEL_IDLE;
}

void model_log_out(struct model *model)
{
    model->state = MODEL_USER;
    model->data = MODEL_NONE;
    model->restart = 0;
    model->aborted = false;
    model->epsv_only = false;
    model->facts = (1u << MODEL_FACTS) - 1;
}

void model_connect(struct model *model)
{
    model_forget_expected(model);
    model_log_out(model);
    model->ended = false;
    model->tries = 0;
    model->line_count = 0;
    model->rename_from[0] = '\0';
    model->stored_is_known = false;
    model->connect_fails = false;
    strcpy(model->directory, "/");
    model_expect(model, 220);
}

static void close_all(struct model *model)
{
    model->state = MODEL_CLOSED;
    model->data = MODEL_NONE;
    model->line_count = 0;
}

/* ---- commands */

static bool is_urgent(const char *verb, const char *argument)
{
    return *argument == '\0' && (strcmp(verb, "ABOR") == 0 || strcmp(verb, "STAT") == 0);
}

/* "" when it is no word of up to 7 letters. */
static const char *split(const char *line, char verb[8])
{
    size_t length = strcspn(line, " ");
    verb[0] = '\0';
    if (length < 8) {
        for (size_t i = 0; i < length; i++) {
            verb[i] = (char)(line[i] & ~0x20);
            if (verb[i] < 'A' || verb[i] > 'Z' || !(line[i] & 0x40)) {
                verb[0] = '\0';
                break;
            }
            verb[i + 1] = '\0';
        }
    }
    return line + length + (line[length] == ' ');
}

static void abort_transfer(struct model *model)
{
    model_give_up(model);
    model_expect(model, 426);
    model->aborted = true;
}

static void abor(struct model *model)
{
    if (model_is_busy(model)) {
        abort_transfer(model);
    }
    model->data = MODEL_NONE;
    strcpy(model_expect(model, 226)->text[0],
           model->aborted ? "Transfer aborted" : "No transfer to abort");
    model->aborted = false;
}

/* Behind the first line, which waits. */
static bool abort_is_ahead(const struct model *model)
{
    size_t size = 0;
    for (unsigned i = 1; i < model->line_count; i++) {
        char verb[8];
        const char *argument = split(model->lines[i].text, verb);
        size += model->lines[i].size;
        if (size > MODEL_AHEAD) {
            return false;
        }
        if (strcmp(verb, "ABOR") == 0 && *argument == '\0') {
            return true;
        }
    }
    return false;
}

static bool run_data(struct model *model, const char *verb, const char *argument)
{
    bool extended = verb[0] == 'E';
    if (strcmp(verb, "PASV") == 0 || strcmp(verb, "EPSV") == 0) {
        if (extended && strcasecmp(argument, "ALL") == 0) {
            model->epsv_only = true;
            model_expect(model, 200);
        } else if (!extended && model->epsv_only) {
            model_expect(model, 503);
        } else if (extended && *argument && strcmp(argument, "1") != 0) {
            model_expect(model, 522);
        } else {
            model->data = MODEL_AWAITED;
            strcpy(model_expect(model, extended ? 229 : 227)->text[0],
                   extended ? "(|||2024|)" : "(192,168,1,1,7,232)");
        }
        return true;
    }
    if (strcmp(verb, "PORT") == 0 || strcmp(verb, "EPRT") == 0) {
        unsigned h[4], p[2], port = 0, end = 0;
        bool good =
            extended
                ? sscanf(argument, "|1|%u.%u.%u.%u|%u|%n", h, h + 1, h + 2, h + 3, &port, &end) == 5
                : sscanf(argument, "%u,%u,%u,%u,%u,%u%n", h, h + 1, h + 2, h + 3, p, p + 1, &end) ==
                      6;
        if (good && !extended) {
            port = p[0] * 256 + p[1];
        }
        if (model->epsv_only) {
            model_expect(model, 503);
        } else if (extended && strncmp(argument, "|2|", 3) == 0) {
            model_expect(model, 522);
        } else if (!good || end == 0 || argument[end]) {
            model_expect(model, 501);
        } else if (h[0] != 192 || h[1] != 168 || h[2] != 1 || h[3] != 2) {
            strcpy(model_expect(model, 504)->text[0], "address");
        } else if (port < 1024) {
            strcpy(model_expect(model, port == 0 ? 501 : 504)->text[0], "port");
        } else {
            model->data = MODEL_ACTIVE;
            model_expect(model, 200);
        }
        return true;
    }
    if (strcmp(verb, "REST") == 0) {
        size_t digits = strspn(argument, "0123456789");
        if (digits == 0 || argument[digits] || digits > 18) { /* the client sends no number of 19 */
            model_expect(model, 501);
        } else {
            model->restart = strtoull(argument, NULL, 10);
            model_expect(model, 350);
        }
        return true;
    }
    return false;
}

static void pass(struct model *model, const char *argument)
{
    if (model->state != MODEL_PASSWORD) {
        model_expect(model, 503);
    } else if (strcmp(model->user, "micro") == 0 && strcmp(argument, "python") == 0) {
        model->state = MODEL_READY;
        model->tries = 0;
        strcpy(model->directory, "/");
        model_expect(model, 230);
    } else {
        model->state = MODEL_REFUSING;
    }
}

/* What also works before the login. */
static bool run_anytime(struct model *model, const char *verb, const char *argument)
{
    static const struct {
        const char *verb;
        unsigned code;
    } plain[] = {{"ACCT", 202}, {"AUTH", 502}, {"ADAT", 503}, {"PBSZ", 503}, {"PROT", 503},
                 {"CCC", 503},  {"MIC", 503},  {"CONF", 503}, {"ENC", 503},  {"SYST", 215},
                 {"CLNT", 200}, {"NOOP", 200}, {"FEAT", 211}};
    for (unsigned i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (strcmp(plain[i].verb, verb) == 0) {
            model_expect(model, plain[i].code);
            return true;
        }
    }
    if (strcmp(verb, "USER") == 0) {
        model_log_out(model);
        strcpy(model->user, argument);
        model->state = MODEL_PASSWORD;
        model_expect(model, 331);
    } else if (strcmp(verb, "PASS") == 0) {
        pass(model, argument);
    } else if (strcmp(verb, "QUIT") == 0) {
        model_expect(model, 221);
        close_all(model);
    } else if (strcmp(verb, "REIN") == 0) {
        model_log_out(model);
        model_expect(model, 220);
    } else if (strcmp(verb, "HOST") == 0) {
        model_expect(model, model->state == MODEL_USER ? 220 : 503);
    } else if (strcmp(verb, "LANG") == 0) {
        model_expect(
            model, !*argument || model_word_is(argument, strcspn(argument, "-"), "EN") ? 200 : 504);
    } else if (strcmp(verb, "HELP") == 0) {
        bool known = !*argument || strcmp(argument, "RETR") == 0 || strcmp(argument, "SITE") == 0;
        model_expect(model, known ? 214 : 502);
    } else if (strcmp(verb, "OPTS") == 0 &&
               model_word_is(argument, strcspn(argument, " "), "MLST")) {
        static const char *const facts[] = {"type;", "size;", "modify;", "perm;", "UNIX.mode;"};
        model->facts = 0;
        for (unsigned i = 0; i < MODEL_FACTS; i++) {
            model->facts |= strstr(argument, facts[i]) ? 1u << i : 0;
        }
        model_expect(model, 200);
    } else if (strcmp(verb, "OPTS") == 0) {
        model_expect(model, strcasecmp(argument, "UTF8 ON") == 0    ? 200
                            : strcasecmp(argument, "UTF8 OFF") == 0 ? 504
                                                                    : 501);
    } else {
        return false;
    }
    return true;
}

static void run(struct model *model, const struct model_line *line)
{
    char verb[8];
    const char *argument = split(line->text, verb);
    if (line->too_long) {
        model->restart = 0;
        model_expect(model, 500);
    } else if (!verb[0]) {
        model_expect(model, 500);
    } else if (run_anytime(model, verb, argument)) {
    } else if (strcmp(verb, "XYZZY") == 0) {
        model_expect(model, 502);
    } else if (model->state != MODEL_READY) {
        model_expect(model, 530);
    } else if (strcmp(verb, "STAT") == 0 && !*argument) {
        model_expect(model, 211);
    } else if (strcmp(verb, "ABOR") == 0) {
        abor(model);
    } else if (!*argument &&
               strstr("SITE TYPE MODE STRU ALLO REST PORT EPRT RETR STOR APPE CWD XCWD MKD "
                      "XMKD RMD XRMD DELE RNFR RNTO SIZE MDTM MFMT ",
                      strcat(verb, " "))) {
        model_expect(model, 501);
    } else {
        verb[strcspn(verb, " ")] = '\0';
        if (!run_data(model, verb, argument) && !model_transfer_run(model, verb, argument) &&
            !model_names_run(model, verb, argument)) {
            abort(); /* the test sends what the model does not know */
        }
    }
    if (strncmp(verb, "RNFR", 4) != 0 || line->too_long) {
        model->rename_from[0] = '\0';
    }
}

/* All that can be done with what was sent. */
static void run_all(struct model *model)
{
    while (model->line_count > 0 && model->state != MODEL_REFUSING) {
        struct model_line line = model->lines[0];
        char verb[8];
        const char *argument = split(line.text, verb);
        if (model_is_busy(model) && (line.too_long || !is_urgent(verb, argument))) {
            if (!abort_is_ahead(model)) {
                return;
            }
            abort_transfer(model);
        }
        model->line_count--;
        memmove(model->lines, model->lines + 1, model->line_count * sizeof model->lines[0]);
        run(model, &line);
    }
    if (model->ended && model->line_count == 0 && model->state != MODEL_REFUSING &&
        !model_is_busy(model)) {
        close_all(model);
    }
}

void model_line(struct model *model, const char *text, size_t size, bool too_long)
{
    if (model->state == MODEL_CLOSED) {
        return;
    }
    if (model->line_count == MODEL_LINES) {
        abort();
    }
    struct model_line *line = &model->lines[model->line_count++];
    strcpy(line->text, text);
    line->size = size;
    line->too_long = too_long;
    run_all(model);
}

/* ---- what happens */

void model_alive(struct model *model)
{
    model_keep(model, model->uploaded);
    model->stored_is_known = true;
    model->stored_size = model->uploaded;
    model->stored_mtime = model->now;
    model_finish(model);
    model_expect(model, 226);
    run_all(model);
}

void model_data_sent(struct model *model)
{
    model_finish(model);
    model_expect(model, 226);
    run_all(model);
}

void model_data_lost(struct model *model)
{
    if (model_is_busy(model)) {
        model_expect(model, model->data == MODEL_OPEN ? 426 : 425);
    }
    model_give_up(model);
    run_all(model);
}

void model_time_out(struct model *model)
{
    if (model_is_busy(model)) {
        model_expect(model, model->data == MODEL_OPEN ? 426 : 425);
        model_give_up(model);
        run_all(model);
    }
}

void model_refusal_due(struct model *model)
{
    model->state = MODEL_USER;
    model->tries++;
    model_expect(model, 530);
    if (model->tries == 3) {
        close_all(model);
    }
    run_all(model);
}

void model_control_ended(struct model *model)
{
    model->ended = true;
    if (model->transfer == MODEL_STORES) {
        model_give_up(model);
    }
    run_all(model);
}

void model_control_lost(struct model *model)
{
    if (model_is_busy(model)) {
        model_give_up(model);
    }
    close_all(model);
}

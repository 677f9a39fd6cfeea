/* `wipy VERB ...`: finds the verb. */
#include "board/cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/version.h"

static const struct verb *const verbs[] = {&verb_run,   &verb_ctl,   &verb_join, &verb_air,
                                           &verb_flash, &verb_image, &verb_sd};

#define VERBS (sizeof verbs / sizeof verbs[0])

static int complain(const struct verb *verb, const char *format, va_list arguments)
{
    fprintf(stderr, "wipy %s: ", verb->name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    return VERB_FAILED;
}

int verb_usage(const struct verb *verb, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(verb, format, arguments);
    va_end(arguments);
    fprintf(stderr, "`wipy help %s` says what can be given.\n", verb->name);
    return VERB_USAGE;
}

int verb_fail(const struct verb *verb, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int status = complain(verb, format, arguments);
    va_end(arguments);
    return status;
}

int verb_option(const struct verb *verb, int argc, char **argv, const struct option *options)
{
    opterr = 0;
    int option = getopt_long(argc, argv, ":", options, NULL);
    if (option == ':') {
        verb_usage(verb, "%s needs a value", argv[optind - 1]);
        return '?';
    }
    if (option == '?' && optopt > UCHAR_MAX) {
        verb_usage(verb, "%s: this option takes no value", argv[optind - 1]);
    } else if (option == '?' && optopt != 0) {
        verb_usage(verb, "there is no option -%c", optopt);
    } else if (option == '?') {
        verb_usage(verb, "there is no option %s", argv[optind - 1]);
    }
    return option;
}

char *verb_absolute(const char *file)
{
    char *path = realpath(file, NULL);
    if (path != NULL || errno != ENOENT) {
        return path;
    }
    if (file[0] == '/') {
        return strdup(file);
    }
    char *directory = getcwd(NULL, 0);
    if (directory != NULL && asprintf(&path, "%s/%s", directory, file) < 0) {
        path = NULL;
    }
    free(directory);
    return path;
}

static const struct verb *find(const char *name)
{
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i]->name, name) == 0) {
            return verbs[i];
        }
    }
    fprintf(stderr, "wipy: there is no verb \"%s\"; `wipy help` lists them\n", name);
    return NULL;
}

static void overview(FILE *out)
{
    fprintf(out, "wipy %s: a WiPy board on this machine.\n\n", WIPY_VERSION);
    for (size_t i = 0; i < VERBS; i++) {
        fprintf(out, "  wipy %-6s %s\n", verbs[i]->name, verbs[i]->summary);
    }
    fputs("\n`wipy help VERB` says more. Exit status: 0 done, 1 it failed, 2 wrong usage.\n", out);
}

static int help(int argc, char **argv)
{
    if (argc > 2) {
        fputs("wipy help: one verb at a time: wipy help VERB\n", stderr);
        return VERB_USAGE;
    }
    if (argc < 2) {
        overview(stdout);
        return VERB_DONE;
    }
    const struct verb *verb = find(argv[1]);
    if (verb == NULL) {
        return VERB_USAGE;
    }
    fputs(verb->help, stdout);
    return VERB_DONE;
}

/* Whoever starts us may have closed stdin, stdout or stderr. The next file to be opened, such as a
 * board's flash, would get its number, and what we print. */
static void fill_standard_files(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
}

int main(int argc, char **argv)
{
    fill_standard_files();
    if (argc < 2) {
        overview(stderr);
        return VERB_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return help(argc - 1, argv + 1);
    }
    if (strcmp(name, "--version") == 0) {
        printf("wipy %s\n", WIPY_VERSION);
        return VERB_DONE;
    }
    const struct verb *verb = find(name);
    return verb == NULL ? VERB_USAGE : verb->run(argc - 1, argv + 1);
}

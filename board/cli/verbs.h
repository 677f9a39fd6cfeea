/* The verbs of the command line: `wipy VERB ...`. Each stands in a file of its own,
 * board/cli/VERB.c.
 *
 * Every verb takes its own name as argv[0] and returns the exit status of the program. What fails
 * says so in one clear line on stderr, which begins with "wipy VERB: ". */
#ifndef BOARD_CLI_VERBS_H
#define BOARD_CLI_VERBS_H

struct option;

enum verb_status {
    VERB_DONE = 0,
    VERB_FAILED = 1, /* it could not be done */
    VERB_USAGE = 2,  /* it was asked for in a way that makes no sense */
};

struct verb {
    const char *name;
    const char *summary; /* one line, for `wipy help` */
    int (*run)(int argc, char **argv);
    const char *help; /* whole text for `wipy help VERB`, ends with a newline */
};

extern const struct verb verb_run;
extern const struct verb verb_ctl;
extern const struct verb verb_join;
extern const struct verb verb_air;
extern const struct verb verb_flash;
extern const struct verb verb_image;
extern const struct verb verb_sd;

/* Print "wipy VERB: MESSAGE" and, on a line of its own, where to read more. Returns VERB_USAGE. */
int verb_usage(const struct verb *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The next option of a verb, as getopt_long() gives it (long options only, with values above
 * UCHAR_MAX), -1 after the last one;
 * '?' after having said what is wrong with it. */
int verb_option(const struct verb *verb, int argc, char **argv, const struct option *options);

/* Print "wipy VERB: MESSAGE". Returns VERB_FAILED. */
int verb_fail(const struct verb *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `file`, which need not exist, as an absolute path, for a process in another directory; to be
 * freed. NULL with errno. */
char *verb_absolute(const char *file);

#endif

#include "tests/model/commands.h"

#include <stdio.h>
#include <string.h>

#include "net/ftp/ftp_command.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define PICK(array)  ((array)[random_below(COUNT(array))])

uint32_t random_state = 1;

uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

bool commands_too_long(const char *line)
{
    return strlen(line) > FTP_COMMAND_MAX;
}

static const char *name_of_255(char last)
{
    static char name[STORAGE_NAME_MAX + 2];
    memset(name, 'n', sizeof name - 2);
    name[sizeof name - 2] = last;
    return name;
}

static void any_name(char name[MODEL_LINE])
{
    static const char *const folders[] = {"/flash/",
                                          "/flash/a/",
                                          "/flash/a/b/",
                                          "/flash/d/",
                                          "/flash/lib/",
                                          "/flash/sys/",
                                          "/flash/cert/",
                                          "",
                                          "",
                                          "a/",
                                          "b/",
                                          "d/./",
                                          "../",
                                          "/",
                                          "/none/",
                                          "/flash/none/",
                                          "f/",
                                          "//flash//a//"};
    static const char *const bases[] = {"f",
                                        "g",
                                        "a",
                                        "b",
                                        "d",
                                        "x y",
                                        " lead",
                                        "tail ",
                                        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                                        "quo\"te",
                                        "a*b",
                                        "-dash",
                                        ".hidden",
                                        "f",
                                        "g/",
                                        "..",
                                        ".",
                                        "",
                                        "ca.pem",
                                        "private.key",
                                        "mcuimg.bin",
                                        ".uploads",
                                        "bad\xff",
                                        "bad\xc3(",
                                        "bad\xed\xa0\x80",
                                        "c1\xc2\x80",
                                        "bad\x01",
                                        "tab\t",
                                        "del\x7f",
                                        "*",
                                        "?",
                                        "f*",
                                        "*b"};
    sprintf(name, "%s%s", PICK(folders), PICK(bases));
}

/* A name for `verb`; often of something that is there. */
static void name_for(const struct model *model, const char *verb, char name[MODEL_LINE])
{
    uint32_t kind = random_below(20);
    const struct tree_node *node = &model->tree.nodes[random_below(40)];
    /* No folder has such a name, so that no path gets too long by a rename. */
    bool may_be_long = !strstr(verb, "MKD") && strcmp(verb, "RNTO") != 0;
    if (kind == 0 && may_be_long) {
        sprintf(name, "%s%s%s", random_below(2) ? "/flash/" : "", name_of_255('1'),
                random_below(4) ? "" : "n");
    } else if (kind < 11 && node->path[0] && strlen(node->path) < STORAGE_PATH_MAX) {
        size_t length = strlen(model->directory);
        bool relative =
            random_below(2) && tree_child_of(node->path, model->directory) && length > 1;
        strcpy(name, node->path + (relative ? length + 1 : 0));
    } else if (kind < 16) {
        static const char *const good[] = {"f", "g", "a", "x y", "a/f", "a/b", "lib/f", "d"};
        sprintf(name, "/flash/%s", PICK(good));
    } else {
        any_name(name);
    }
}

static void stamped_line(const char *verb, const char *name, char line[MODEL_LINE])
{
    static const char *const stamps[] = {"20200229123456",     "19700101000000", "21060207062815",
                                         "202002291234",       "20161231235960", "20200230000000",
                                         "20200229123456.789", "2020",           "99999999999999",
                                         "19691231235959",     "21060207062816", "20200229123456."};
    sprintf(line, "%s %s %s", verb, PICK(stamps), name);
}

/* One command about a name. */
static void about_a_name(const struct model *model, char line[MODEL_LINE])
{
    static const char *const verbs[] = {"CWD",  "MKD",  "RMD",  "DELE", "SIZE", "MLST",
                                        "STAT", "MDTM", "RNFR", "RNTO", "XMKD", "XRMD",
                                        "XCWD", "MKD",  "DELE", "MFMT", "SITE", "site"};
    char name[MODEL_LINE];
    const char *verb = PICK(verbs);
    name_for(model, verb, name);
    if (strcmp(verb, "MFMT") == 0 || (strcmp(verb, "MDTM") == 0 && random_below(2))) {
        stamped_line(verb, name, line);
    } else if (strcmp(verb, "SITE") == 0) {
        stamped_line("SITE UTIME", name, line);
    } else if (strcmp(verb, "site") == 0) {
        sprintf(line,
                random_below(2) ? "site chmod 644 %s"
                                : "site Utime %s 20010101000000 20020202020202 20030303030303 UTC",
                name);
    } else {
        sprintf(line, "%s %s", verb, name);
    }
}

static void plain(char line[MODEL_LINE])
{
    static const char *const lines[] = {"PWD",
                                        "XPWD",
                                        "CDUP",
                                        "XCUP",
                                        "NOOP",
                                        "SYST",
                                        "FEAT",
                                        "HELP",
                                        "HELP RETR",
                                        "HELP SITE",
                                        "HELP x",
                                        "TYPE I",
                                        "TYPE A",
                                        "type l 8",
                                        "TYPE A N",
                                        "TYPE E",
                                        "MODE S",
                                        "MODE B",
                                        "STRU F",
                                        "STRU R",
                                        "ALLO 5",
                                        "ALLO 5 R 6",
                                        "ALLO 999999999999",
                                        "ALLO 5 5",
                                        "ALLO",
                                        "REST 0",
                                        "REST 5",
                                        "REST x",
                                        "REST",
                                        "REST 4096",
                                        "OPTS UTF8 ON",
                                        "OPTS MLST type;size;",
                                        "OPTS MLST",
                                        "OPTS MLST modify;perm;",
                                        "OPTS MLST type;UNIX.mode;",
                                        "OPTS UTF8 OFF",
                                        "OPTS X",
                                        "LANG",
                                        "LANG en-GB",
                                        "LANG de",
                                        "CLNT x",
                                        "ACCT x",
                                        "AUTH TLS",
                                        "PBSZ 0",
                                        "PROT P",
                                        "CCC",
                                        "HOST h",
                                        "ABOR",
                                        "STAT",
                                        "STAT -la",
                                        "MLST",
                                        "XYZZY",
                                        "XYZZY a",
                                        "",
                                        " NOOP",
                                        "NOOP2",
                                        "no\xc3\xa4p",
                                        "TOOLONGVERB x",
                                        "SITE",
                                        "SITE HELP",
                                        "SITE CHMOD 644",
                                        "SITE CHMOD 999 /flash/boot.py",
                                        "SITE CHMOD u+x /flash/boot.py",
                                        "SITE CHMOD 00644 /flash/boot.py",
                                        "SITE UTIME",
                                        "SITE IDLE",
                                        "CWD",
                                        "MKD",
                                        "DELE",
                                        "RNTO",
                                        "SIZE",
                                        "MDTM",
                                        "MFMT",
                                        "MFMT 20200101000000",
                                        "CWD /flash",
                                        "CWD /",
                                        "CWD /flash/a",
                                        "MKD /flash/a",
                                        "MKD /flash/a/b",
                                        "MKD /flash/d",
                                        "RETR",
                                        "STOR",
                                        "APPE",
                                        "STOU",
                                        "USER micro"};
    if (random_below(40) == 0) {
        memset(line, 'x', MODEL_LINE);
        memcpy(line, "NOOP ", 5);
        line[FTP_COMMAND_MAX + random_below(2)] = '\0';
        return;
    }
    strcpy(line, PICK(lines));
}

static void connection(char line[MODEL_LINE])
{
    static const char *const lines[] = {"PASV",
                                        "EPSV",
                                        "PASV",
                                        "EPSV 1",
                                        "PORT 192,168,1,2,200,1",
                                        "EPRT |1|192.168.1.2|2000|",
                                        "EPSV 2",
                                        "PORT 192,168,1,3,200,1",
                                        "PORT 192,168,1,2,0,21",
                                        "PORT 192,168,1,2,0,0",
                                        "EPRT |1|192.168.1.2|0|",
                                        "PORT 1,2,3",
                                        "PORT",
                                        "EPRT |2|::1|2000|",
                                        "EPRT |1|192.168.1.2|2000",
                                        "EPRT x"};
    strcpy(line, lines[random_below(random_below(4) ? 6 : COUNT(lines))]);
    if (random_below(100) == 0) {
        strcpy(line, "EPSV ALL");
    }
}

static unsigned transfer(const struct model *model, char lines[COMMANDS_AT_ONCE][MODEL_LINE])
{
    static const char *const verbs[] = {"RETR", "STOR", "APPE", "LIST", "NLST",
                                        "MLSD", "STOR", "RETR", "STOR", "STOU"};
    char name[MODEL_LINE];
    unsigned count = 0;
    const char *verb = PICK(verbs);
    name_for(model, verb, name);
    bool is_store = *verb == 'S' || *verb == 'A';
    if (is_store && strstr(name, "mcuimg")) {
        strcpy(name, "/flash/f"); /* firmware is another test's */
    }
    if (model->data == MODEL_NONE && random_below(8)) {
        connection(lines[count++]);
    }
    if (random_below(3) == 0) {
        const struct tree_node *node = &model->tree.nodes[random_below(20)];
        sprintf(lines[count++], "REST %u", random_below(2) ? node->size : random_below(6000));
    }
    static const char *const options[] = {"", "", "-la ", "-a -l ", "-R"};
    if (*verb == 'L' || *verb == 'N') {
        sprintf(lines[count++], "%s %s%s", verb, PICK(options), name);
    } else {
        sprintf(lines[count++], "%s %s", verb, name);
    }
    return count;
}

static unsigned log_in(char lines[COMMANDS_AT_ONCE][MODEL_LINE])
{
    static const char *const passwords[] = {"PASS python", "pass python", "PASS python",
                                            "PASS python", "PASS wrong",  "PASS"};
    strcpy(lines[0], random_below(12) ? "USER micro" : "USER x");
    strcpy(lines[1], PICK(passwords));
    return 2;
}

static unsigned rename_one(const struct model *model, char lines[COMMANDS_AT_ONCE][MODEL_LINE])
{
    char name[MODEL_LINE];
    name_for(model, "RNFR", name);
    sprintf(lines[0], "RNFR %s", name);
    name_for(model, "RNTO", name);
    sprintf(lines[1], "RNTO %s", name);
    return 2;
}

unsigned commands_next(const struct model *model, char lines[COMMANDS_AT_ONCE][MODEL_LINE])
{
    if (model->state != MODEL_READY && random_below(6)) {
        return log_in(lines);
    }
    switch (random_below(16)) {
    case 0:
        if (random_below(20) == 0) {
            strcpy(lines[0], random_below(4) ? "REIN" : "QUIT");
            return 1;
        }
        /* fall through */
    case 1:
    case 2:
        plain(lines[0]);
        return 1;
    case 3:
        connection(lines[0]);
        return 1;
    case 4:
    case 5:
        return rename_one(model, lines);
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
        return transfer(model, lines);
    default: {
        unsigned count = 1 + random_below(3);
        for (unsigned i = 0; i < count; i++) {
            about_a_name(model, lines[i]);
        }
        return count;
    }
    }
}

#include "net/ftp/ftp_command.h"

#include <string.h>

#include "net/ftp/ftp_words.h"
#include "net/telnet/telnet_codes.h"

enum telnet_state {
    TELNET_DATA,
    TELNET_COMMAND, /* after IAC */
    TELNET_OPTION,  /* after IAC WILL, WONT, DO, DONT */
    TELNET_SUB,     /* in a subnegotiation */
    TELNET_SUB_IAC, /* in a subnegotiation after IAC */
    TELNET_SUB_CR,  /* ... after CR */
};

void ftp_command_init(struct ftp_command *command)
{
    memset(command, 0, sizeof *command);
    command->argument = "";
}

static void put(struct ftp_command *command, uint8_t byte)
{
    if (command->length == sizeof command->line) {
        command->too_long = true;
    } else {
        /* NUL would cut the line short in the eyes of what reads it; as a control character it
         * makes names invalid. */
        command->line[command->length++] = byte == '\0' ? '\x01' : (char)byte;
    }
}

/* The byte after IAC; whether it belongs to the line. */
static bool after_iac(struct ftp_command *command, uint8_t byte)
{
    command->telnet = TELNET_DATA;
    if (byte >= TELNET_WILL && byte <= TELNET_DONT) {
        command->telnet = TELNET_OPTION;
    } else if (byte == TELNET_SB) {
        command->telnet = TELNET_SUB;
    } else if (byte < TELNET_SE && command->length > 0) {
        put(command, TELNET_IAC);
    }
    return byte == TELNET_IAC || byte < TELNET_SE;
}

static bool in_subnegotiation(struct ftp_command *command, uint8_t byte)
{
    if (command->telnet == TELNET_SUB_IAC) {
        command->telnet = byte == TELNET_SE ? TELNET_DATA : TELNET_SUB;
        return false;
    }
    if (command->telnet == TELNET_SUB_CR && byte == '\n') {
        command->telnet = TELNET_DATA;
        put(command, TELNET_IAC);
        return true;
    }
    command->telnet = byte == TELNET_IAC ? TELNET_SUB_IAC
                      : byte == '\r'     ? TELNET_SUB_CR
                                         : TELNET_SUB;
    return false;
}

/* Whether `byte` belongs to the line. */
static bool telnet_passes(struct ftp_command *command, uint8_t byte)
{
    switch ((enum telnet_state)command->telnet) {
    case TELNET_COMMAND:
        return after_iac(command, byte);
    case TELNET_OPTION:
        command->telnet = TELNET_DATA;
        return false;
    case TELNET_SUB:
    case TELNET_SUB_IAC:
    case TELNET_SUB_CR:
        return in_subnegotiation(command, byte);
    case TELNET_DATA:
    default:
        if (byte == TELNET_IAC) {
            command->telnet = TELNET_COMMAND;
            return false;
        }
        return true;
    }
}

/* Split the line into verb and argument. Only one space is taken away: a name may begin with one.
 */
static void split(struct ftp_command *command)
{
    command->line[command->length] = '\0';
    size_t end = strcspn(command->line, " ");
    command->argument = command->line + end + (command->line[end] == ' ' ? 1 : 0);
    command->verb[0] = '\0';
    if (end >= FTP_VERB_MAX) {
        return;
    }
    char verb[FTP_VERB_MAX] = "";
    for (size_t i = 0; i < end; i++) {
        char c = ftp_words_upper(command->line[i]);
        if (c < 'A' || c > 'Z') {
            return;
        }
        verb[i] = c;
    }
    memcpy(command->verb, verb, sizeof verb);
}

size_t ftp_command_feed(struct ftp_command *command, const uint8_t *data, size_t size,
                        enum ftp_command_event *event)
{
    *event = FTP_COMMAND_NONE;
    for (size_t i = 0; i < size; i++) {
        if (!telnet_passes(command, data[i])) {
            continue;
        }
        if (data[i] == '\n') {
            if (command->length > 0 && command->line[command->length - 1] == '\r') {
                command->length--; /* it belongs to the end of the line */
            }
            bool too_long = command->too_long || command->length > FTP_COMMAND_MAX;
            *event = too_long ? FTP_COMMAND_TOO_LONG : FTP_COMMAND_LINE;
            if (!too_long) {
                split(command);
            }
            command->length = 0;
            command->too_long = false;
            return i + 1;
        }
        put(command, data[i]);
    }
    return size;
}

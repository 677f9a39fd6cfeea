#include "net/ftp/ftp_command.h"

#include <string.h>

/* RFC 854. */
enum {
    TELNET_SE = 240, /* the first of the commands */
    TELNET_SB = 250,
    TELNET_WILL = 251,
    TELNET_DONT = 254,
    TELNET_IAC = 255,
};

enum telnet_state {
    TELNET_DATA,
    TELNET_COMMAND, /* after IAC */
    TELNET_OPTION,  /* after IAC WILL, WONT, DO, DONT */
    TELNET_SUB,     /* in a subnegotiation */
    TELNET_SUB_IAC, /* in a subnegotiation after IAC */
};

void ftp_command_init(struct ftp_command *command)
{
    memset(command, 0, sizeof *command);
    command->argument = "";
}

/* Whether `byte` belongs to the line. */
static bool telnet_passes(struct ftp_command *command, uint8_t byte)
{
    switch ((enum telnet_state)command->telnet) {
    case TELNET_COMMAND:
        if (byte >= TELNET_WILL && byte <= TELNET_DONT) {
            command->telnet = TELNET_OPTION;
            return false;
        }
        command->telnet = byte == TELNET_SB ? TELNET_SUB : TELNET_DATA;
        return byte == TELNET_IAC || byte < TELNET_SE;
    case TELNET_OPTION:
        command->telnet = TELNET_DATA;
        return false;
    case TELNET_SUB:
        if (byte == TELNET_IAC) {
            command->telnet = TELNET_SUB_IAC;
        }
        return false;
    case TELNET_SUB_IAC:
        command->telnet = byte == TELNET_SE ? TELNET_DATA : TELNET_SUB;
        return false;
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
        char c = command->line[i];
        if (c >= 'a' && c <= 'z') {
            c = (char)(c - 'a' + 'A');
        }
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
        if (command->length == sizeof command->line) {
            command->too_long = true;
        } else {
            /* NUL would cut the line short in the eyes of what reads it; as a control character it
             * makes names invalid. */
            command->line[command->length++] = data[i] == '\0' ? '\x01' : (char)data[i];
        }
    }
    return size;
}

/* The control stream of FTP: from bytes to command lines (RFC 959 section 4.1.3 and 5.3; the stream
 * is telnet's, RFC 854).
 *
 * A line ends with LF; a CR before it is dropped. Telnet sequences are skipped wherever they stand
 * (the IAC IP IAC DM that comes before an urgent ABOR, options, subnegotiations); IAC IAC is the
 * byte 255. An IAC before something that is no telnet command is that byte, too, but skipped where
 * a line begins: the network may lose the urgent byte behind it. CR LF ends a line also in a
 * subnegotiation that does not end, whose IAC is the byte 255 then. So a name in another encoding
 * than UTF-8 never passes for a shorter one.
 *
 * A line longer than FTP_COMMAND_MAX bytes is skipped to its end and reported once. */
#ifndef NET_FTP_FTP_COMMAND_H
#define NET_FTP_FTP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/storage.h"

#define FTP_VERB_MAX   8  /* bytes of a verb, NUL included */
#define FTP_STAMPS_MAX 64 /* bytes that some verbs have besides a path: SITE UTIME */
#define FTP_COMMAND_MAX                                                                            \
    (FTP_VERB_MAX + STORAGE_PATH_MAX + FTP_STAMPS_MAX) /* bytes of a line without its end */

enum ftp_command_event {
    FTP_COMMAND_NONE,     /* more bytes are needed */
    FTP_COMMAND_LINE,     /* verb and argument are set, until the next ftp_command_feed() */
    FTP_COMMAND_TOO_LONG, /* the end of a line that was too long */
};

struct ftp_command {
    char verb[FTP_VERB_MAX]; /* upper case, NUL-terminated; "" when it is no word of up to 7 letters
                              */
    const char
        *argument; /* what follows the first space, to the end of the line; "" when nothing does */

    /* private */
    char line[FTP_COMMAND_MAX + 1];
    size_t length;
    bool too_long;
    uint8_t telnet; /* enum telnet_state of ftp_command.c */
};

void ftp_command_init(struct ftp_command *command);

/* Take bytes up to the end of a line. Returns how many were taken; `*event` says what they made. */
size_t ftp_command_feed(struct ftp_command *command, const uint8_t *data, size_t size,
                        enum ftp_command_event *event);

#endif

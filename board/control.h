/* The control socket DIR/control.sock: what `wipy ctl` does, for programs (docs/spec.md, "Control
 * socket").
 *
 * A Unix stream socket of the board's owner. A client sends requests, one JSON object a line of at
 * most CONTROL_LINE_MAX bytes, and gets one line for each, in their order. Request and answer:
 *
 *   {"verb": "status"}
 *   {"ok": true, "status": {...}}
 *
 *   {"verb": "reset"}
 *   {"verb": "power", "value": "off"}, or "on"
 *   {"ok": true}
 *
 *   {"verb": "pin", "pin": "GP28"}, which only asks, or with "value": 0, 1 or "release"
 *   {"ok": true, "pin": "GP28", "level": 1, "driver": "external"}, or "pull-down"
 *
 *   {"verb": "sd"}, which only asks, or with "value": "eject", or
 *   "value": "insert", "file": "/absolute/path" and perhaps "read_only": true
 *   {"ok": true, "sd": null}, or the object that status has there
 *
 *   {"verb": "led"}
 *   {"ok": true, "changes": [[12, 1], [92, 0]]}
 *
 *   {"verb": "led", "follow": true}
 *   the same, then for every further change a line {"led": [5012, 1]}
 *
 * A change of the LED is [board_ms, 1 for on or 0 for off]; at most LED_HISTORY of them are
 * remembered, oldest first. A verb has been carried out when its answer comes: after that of
 * "reset" and "power" no status shows the run before.
 *
 * What cannot be done or understood is answered {"ok": false, "error": "in words"}; a line that is
 * too long, too, and is skipped to its end. At most CONTROL_CLIENTS are served at a time: for the
 * next one, the client that has been idle the longest is closed, after an error, so that silent
 * clients cannot lock others out. A client that lets more than CONTROL_UNREAD_MAX bytes of answers
 * wait is closed. */
#ifndef BOARD_CONTROL_H
#define BOARD_CONTROL_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_SOCKET     "control.sock"
#define CONTROL_LINE_MAX   4096u
#define CONTROL_CLIENTS    32
#define CONTROL_UNREAD_MAX (1024u * 1024u)

struct control_client;

struct control {
    struct ev_loop *loop;
    struct ev_io accept;
    struct control_client *clients[CONTROL_CLIENTS]; /* NULL: free */
    uint64_t uses;                                   /* counts requests and changes of the LED */
    /* Answers one request: `line`, NUL-terminated, without its newline. Returns the answer (malloc,
     * one line without newline), NULL when out of memory, and whether the client follows the LED
     * from now on. */
    char *(*answer)(void *context, const char *line, bool *follow);
    void *context;
};

/* Serve on CONTROL_SOCKET in the current directory, in place of what a killed board left there. 0
 * or -errno. */
int control_open(struct control *control, struct ev_loop *loop);
void control_close(struct control *control);

/* Tell those who follow the LED of a change. */
void control_led_changed(struct control *control, uint64_t board_ms, bool on);

#endif

#include "board/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct control_client {
    struct control *control;
    int slot;
    uint64_t used; /* when, counted in control->uses, it last said or heard something */
    struct ev_io read;
    struct ev_io write;
    bool follows;  /* the LED */
    bool skipping; /* the rest of a line that was too long */
    bool ended;    /* it sends no more: close when it has its answers */
    char in[CONTROL_LINE_MAX + 1];
    size_t in_size;
    char *out; /* what it has not read yet */
    size_t out_size, out_room;
};

static void client_free(struct control_client *client)
{
    ev_io_stop(client->control->loop, &client->read);
    ev_io_stop(client->control->loop, &client->write);
    close(client->read.fd);
    client->control->clients[client->slot] = NULL;
    free(client->out);
    free(client);
}

/* Put text into the client's queue; false: there is no room for it, the client must go. */
static bool client_queue(struct control_client *client, const char *text, size_t size)
{
    if (size > CONTROL_UNREAD_MAX - client->out_size) {
        return false;
    }
    if (client->out_size + size > client->out_room) {
        size_t room = client->out_size + size + 1024;
        char *out = realloc(client->out, room);
        if (out == NULL) {
            return false;
        }
        client->out = out;
        client->out_room = room;
    }
    memcpy(client->out + client->out_size, text, size);
    client->out_size += size;
    return true;
}

static bool client_queue_line(struct control_client *client, const char *line)
{
    return client_queue(client, line, strlen(line)) && client_queue(client, "\n", 1);
}

static bool client_queue_error(struct control_client *client, const char *words)
{
    char line[200];
    snprintf(line, sizeof line, "{\"ok\": false, \"error\": \"%s\"}", words);
    return client_queue_line(client, line);
}

/* Send what is queued. False: the client is gone, or has all that it waited for. */
static bool client_flush(struct control_client *client)
{
    size_t sent = 0;
    while (sent < client->out_size) {
        ssize_t n = send(client->read.fd, client->out + sent, client->out_size - sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        if (n <= 0) {
            break;
        }
        sent += (size_t)n;
    }
    client->out_size -= sent;
    if (client->out_size > 0) {
        memmove(client->out, client->out + sent, client->out_size);
        ev_io_start(client->control->loop, &client->write);
        return true;
    }
    free(client->out);
    client->out = NULL;
    client->out_room = 0;
    ev_io_stop(client->control->loop, &client->write);
    return !client->ended;
}

static bool client_line(struct control_client *client, const char *line)
{
    bool follow = false;
    client->used = ++client->control->uses;
    char *answer = client->control->answer(client->control->context, line, &follow);
    bool kept = answer != NULL && client_queue_line(client, answer);
    client->follows = client->follows || follow;
    free(answer);
    return kept;
}

/* Handle every whole line that has arrived. */
static bool client_lines(struct control_client *client)
{
    char *line = client->in;
    char *end = client->in + client->in_size;
    char *newline;
    while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        *newline = '\0';
        if (client->skipping) {
            client->skipping = false;
        } else if (!client_line(client, line)) {
            return false;
        }
        line = newline + 1;
    }
    client->in_size = (size_t)(end - line);
    memmove(client->in, line, client->in_size);
    if (client->skipping) {
        client->in_size = 0;
    } else if (client->in_size == sizeof client->in) {
        client->skipping = true;
        client->in_size = 0;
        return client_queue_error(client, "the line is too long");
    }
    return true;
}

static void client_readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct control_client *client = watcher->data;
    ssize_t n = recv(watcher->fd, client->in + client->in_size, sizeof client->in - client->in_size,
                     MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    bool kept = n >= 0;
    if (n > 0) {
        client->in_size += (size_t)n;
        kept = client_lines(client);
    } else if (n == 0) {
        client->ended = true;
        ev_io_stop(loop, &client->read);
        kept = client->in_size == 0 || client_queue_error(client, "the line does not end");
    }
    if (!kept || !client_flush(client)) {
        client_free(client);
    }
}

static void client_writable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct control_client *client = watcher->data;
    if (!client_flush(client)) {
        client_free(client);
    }
}

static void client_new(struct control *control, int fd, int slot)
{
    struct control_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        close(fd);
        return;
    }
    client->control = control;
    client->slot = slot;
    client->used = ++control->uses;
    ev_io_init(&client->read, client_readable, fd, EV_READ);
    ev_io_init(&client->write, client_writable, fd, EV_WRITE);
    client->read.data = client;
    client->write.data = client;
    control->clients[slot] = client;
    ev_io_start(control->loop, &client->read);
}

/* A free place for a client; when there is none, that of the client that has been idle the longest.
 */
static int make_place(struct control *control)
{
    static const char farewell[] = "{\"ok\": false, \"error\": \"there are many clients, and this "
                                   "one was idle the longest\"}\n";
    int idlest = 0;
    for (int slot = 0; slot < CONTROL_CLIENTS; slot++) {
        if (control->clients[slot] == NULL) {
            return slot;
        }
        if (control->clients[slot]->used < control->clients[idlest]->used) {
            idlest = slot;
        }
    }
    struct control_client *client = control->clients[idlest];
    (void)!send(client->read.fd, farewell, sizeof farewell - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    client_free(client);
    return idlest;
}

static void acceptable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    for (int i = 0; i < CONTROL_CLIENTS; i++) {
        int fd = accept4(watcher->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        client_new(watcher->data, fd, make_place(watcher->data));
    }
}

int control_open(struct control *control, struct ev_loop *loop)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    unlink(CONTROL_SOCKET);
    mode_t mask = umask(0077);
    int result = bind(fd, (const struct sockaddr *)&address, sizeof address);
    umask(mask);
    if (result < 0 || listen(fd, SOMAXCONN) < 0) {
        result = -errno;
        close(fd);
        return result;
    }
    control->loop = loop;
    memset(control->clients, 0, sizeof control->clients);
    ev_io_init(&control->accept, acceptable, fd, EV_READ);
    control->accept.data = control;
    ev_io_start(loop, &control->accept);
    return 0;
}

void control_close(struct control *control)
{
    unlink(CONTROL_SOCKET);
    for (int slot = 0; slot < CONTROL_CLIENTS; slot++) {
        if (control->clients[slot] != NULL) {
            client_free(control->clients[slot]);
        }
    }
    ev_io_stop(control->loop, &control->accept);
    close(control->accept.fd);
}

void control_led_changed(struct control *control, uint64_t board_ms, bool on)
{
    char line[64];
    snprintf(line, sizeof line, "{\"led\": [%llu, %d]}", (unsigned long long)board_ms, on);
    for (int slot = 0; slot < CONTROL_CLIENTS; slot++) {
        struct control_client *client = control->clients[slot];
        if (client == NULL || !client->follows) {
            continue;
        }
        /* This may be the doing of the client's own request, so it is sent, or the client freed,
         * later. */
        if (client_queue_line(client, line)) {
            client->used = ++control->uses;
            ev_io_start(control->loop, &client->write);
        } else {
            client->follows = false;
            shutdown(client->read.fd, SHUT_RDWR);
        }
    }
}

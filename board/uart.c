#include "board/uart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define STUCK_S 0.5 /* who has not read for so long is not there */
#define TERMINAL_MAX                                                                               \
    81920u /* bytes; a terminal holds less, so when it has taken more somebody reads */

static void readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct uart *uart = watcher->data;
    ssize_t n = read(watcher->fd, uart->input, sizeof uart->input);
    if (n <= 0 || !uart->listening) {
        return;
    }
    uart->unread = false; /* who types is there */
    uart->given = (size_t)n;
    ev_io_stop(loop, watcher);
    uart->event(uart->context, LINK_EVENT_UART, uart->input, (uint32_t)uart->given);
}

/* Tell the MCU how much of its output is out of the way. It may have filled the whole window and
 * wait: wherever it began, what is taken then passes a half. */
static void publish(struct uart *uart)
{
    uint32_t before = *uart->taken;
    uint32_t taken = uart->sent - (uart->unread ? 0 : (uint32_t)uart->queued);
    *uart->taken = taken;
    if (before / (LINK_UART_WINDOW / 2) != taken / (LINK_UART_WINDOW / 2)) {
        uart->event(uart->context, LINK_EVENT_UART_ROOM, NULL, 0);
    }
}

/* Write as much of the queue as the terminal takes. */
static void flush(struct uart *uart)
{
    while (uart->queued > 0) {
        size_t piece = LINK_UART_WINDOW - uart->first;
        if (piece > uart->queued) {
            piece = uart->queued;
        }
        ssize_t n = write(uart->writable.fd, uart->queue + uart->first, piece);
        if (n <= 0) {
            ev_io_start(uart->loop, &uart->writable);
            if (!uart->unread) {
                ev_timer_start(uart->loop, &uart->stuck);
            }
            return;
        }
        ev_timer_stop(uart->loop, &uart->stuck);
        ev_timer_set(&uart->stuck, STUCK_S, 0);
        uart->first = (uart->first + (size_t)n) % LINK_UART_WINDOW;
        uart->queued -= (size_t)n;
        uart->written += (size_t)n;
        if (uart->written > TERMINAL_MAX) {
            uart->unread = false;
        }
    }
    uart->first = 0; /* so that a quiet line needs but the first page of the queue */
    ev_io_stop(uart->loop, &uart->writable);
}

static void writable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct uart *uart = watcher->data;
    flush(uart);
    publish(uart);
}

static void stuck(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct uart *uart = timer->data;
    uart->unread = true;
    uart->written =
        0; /* the terminal is full; the count begins in earnest when it has been emptied */
    publish(uart);
}

void uart_send(struct uart *uart, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    if (uart->unread && size > LINK_UART_WINDOW - uart->queued) {
        /* Who comes later wants to see what is new, not what is old. */
        tcflush(uart->writable.fd, TCOFLUSH);
        tcflush(uart->slave, TCIFLUSH);
        uart->queued = 0;
        uart->first = 0;
        uart->written = 0;
    }
    size_t room = LINK_UART_WINDOW - uart->queued;
    size_t kept = size < room ? size : room;
    for (size_t i = 0; i < kept; i++) {
        uart->queue[(uart->first + uart->queued + i) % LINK_UART_WINDOW] = bytes[i];
    }
    uart->queued += kept;
    uart->sent += (uint32_t)size;
    flush(uart);
    publish(uart);
}

void uart_mcu_started(struct uart *uart, bool again)
{
    uart->listening = true;
    uart->sent = 0;
    *uart->taken = uart->unread ? 0 : 0 - (uint32_t)uart->queued;
    if (again && uart->given > 0) {
        ev_io_stop(uart->loop, &uart->readable);
        uart->event(uart->context, LINK_EVENT_UART, uart->input, (uint32_t)uart->given);
        return;
    }
    uart->given = 0;
    ev_io_start(uart->loop, &uart->readable);
}

void uart_mcu_stopped(struct uart *uart)
{
    uart->listening = false;
    ev_io_start(uart->loop, &uart->readable); /* what comes now is read and lost */
}

void uart_taken(struct uart *uart)
{
    uart->given = 0;
    ev_io_start(uart->loop, &uart->readable);
}

static int make_link(const char *path)
{
    if (unlink(UART_LINK) < 0 && errno != ENOENT) {
        return -errno;
    }
    return symlink(path, UART_LINK) < 0 ? -errno : 0;
}

static int make_raw(int fd)
{
    struct termios settings;
    if (tcgetattr(fd, &settings) < 0) {
        return -errno;
    }
    cfmakeraw(&settings);
    return tcsetattr(fd, TCSANOW, &settings) < 0 ? -errno : 0;
}

int uart_open(struct uart *uart, struct ev_loop *loop)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (master < 0) {
        return -errno;
    }
    uart->slave = -1;
    int result = 0;
    if (grantpt(master) < 0 || unlockpt(master) < 0 ||
        ptsname_r(master, uart->path, sizeof uart->path) != 0 ||
        (uart->slave = open(uart->path, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
        result = -errno;
    }
    if (result == 0) {
        result = make_raw(uart->slave);
    }
    if (result == 0) {
        result = make_link(uart->path);
    }
    if (result < 0) {
        close(master);
        if (uart->slave >= 0) {
            close(uart->slave);
        }
        return result;
    }
    uart->loop = loop;
    ev_io_init(&uart->readable, readable, master, EV_READ);
    ev_io_init(&uart->writable, writable, master, EV_WRITE);
    ev_timer_init(&uart->stuck, stuck, STUCK_S, 0);
    uart->readable.data = uart;
    uart->writable.data = uart;
    uart->stuck.data = uart;
    uart_mcu_stopped(uart);
    return 0;
}

void uart_close(struct uart *uart)
{
    unlink(UART_LINK);
    ev_io_stop(uart->loop, &uart->readable);
    ev_io_stop(uart->loop, &uart->writable);
    ev_timer_stop(uart->loop, &uart->stuck);
    close(uart->readable.fd);
    close(uart->slave);
}

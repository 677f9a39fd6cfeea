#include "board/uart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "board/clock.h"

#define STUCK_NS 1000000000u /* who has not read for so long is not there */

static void readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct uart *uart = watcher->data;
    ssize_t n = read(watcher->fd, uart->input, sizeof uart->input);
    if (n <= 0 || !uart->listening) {
        return;
    }
    uart->given = (size_t)n;
    ev_io_stop(loop, watcher);
    uart->deliver(uart->context, uart->input, uart->given);
}

/* Write as much of the queue as the terminal takes. */
static void flush(struct uart *uart)
{
    while (uart->queued > 0) {
        size_t piece = UART_QUEUE - uart->first;
        if (piece > uart->queued) {
            piece = uart->queued;
        }
        ssize_t n = write(uart->writable.fd, uart->queue + uart->first, piece);
        if (n <= 0) {
            if (uart->stuck_ns == 0) {
                uart->stuck_ns = clock_link_ns();
            }
            ev_io_start(uart->loop, &uart->writable);
            return;
        }
        uart->stuck_ns = 0;
        uart->first = (uart->first + (size_t)n) % UART_QUEUE;
        uart->queued -= (size_t)n;
    }
    uart->first = 0; /* so that a quiet line needs but the first page of the queue */
    ev_io_stop(uart->loop, &uart->writable);
}

static void writable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    flush(watcher->data);
}

void uart_send(struct uart *uart, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    if (uart->stuck_ns != 0 && clock_link_ns() - uart->stuck_ns > STUCK_NS) {
        /* Nobody reads. Who comes later wants to see what is new, not what is old. */
        tcflush(uart->writable.fd, TCOFLUSH);
        tcflush(uart->slave, TCIFLUSH);
        uart->queued = 0;
        uart->first = 0;
        uart->stuck_ns = 0;
    }
    size_t room = UART_QUEUE - uart->queued;
    if (size > room) {
        size = room;
    }
    for (size_t i = 0; i < size; i++) {
        uart->queue[(uart->first + uart->queued + i) % UART_QUEUE] = bytes[i];
    }
    uart->queued += size;
    flush(uart);
}

void uart_mcu_started(struct uart *uart, bool again)
{
    uart->listening = true;
    if (again && uart->given > 0) {
        ev_io_stop(uart->loop, &uart->readable);
        uart->deliver(uart->context, uart->input, uart->given);
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
    uart->readable.data = uart;
    uart->writable.data = uart;
    uart_mcu_stopped(uart);
    return 0;
}

void uart_close(struct uart *uart)
{
    unlink(UART_LINK);
    ev_io_stop(uart->loop, &uart->readable);
    ev_io_stop(uart->loop, &uart->writable);
    close(uart->readable.fd);
    close(uart->slave);
}

#include "hal/uart.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hal/reset.h"
#include "targets/virtual/mcu_link.h"

static uint8_t received[LINK_EVENT_DATA_MAX];
static size_t received_first, received_count;
static uint32_t sent; /* bytes, mod 2^32 */

static void uart_receive(const uint8_t *data, size_t size)
{
    if (received_count > 0) {
        hal_fault("UART: the board sent input before the last was taken");
    }
    memcpy(received, data, size);
    received_first = 0;
    received_count = size;
}

void mcu_take_events(void)
{
    struct {
        struct link_event event;
        uint8_t data[LINK_EVENT_DATA_MAX];
    } packet;
    ssize_t got;
    while ((got = read(LINK_FD_EVENT, &packet, sizeof packet)) != 0) {
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            if (errno == EAGAIN) {
                return;
            }
            break;
        }
        /* The pins' levels and the UART's room are in the registers already; their events only
         * wake. */
        if (packet.event.code == LINK_EVENT_UART &&
            (size_t)got == sizeof packet.event + packet.event.size) {
            uart_receive(packet.data, packet.event.size);
        }
    }
    mcu_end();
}

size_t hal_uart_read(void *data, size_t size)
{
    mcu_take_events();
    if (size > received_count) {
        size = received_count;
    }
    if (size == 0) {
        return 0;
    }
    memcpy(data, received + received_first, size);
    received_first += size;
    received_count -= size;
    if (received_count == 0) {
        mcu_send(&(struct link_command){.code = LINK_UART_TAKEN}, NULL);
    }
    return size;
}

size_t hal_uart_write(const void *data, size_t size)
{
    const uint8_t *next = data;
    uint32_t under_way = sent - MCU_REGISTERS->uart_taken;
    uint32_t room = under_way < LINK_UART_WINDOW ? LINK_UART_WINDOW - under_way : 0;
    size_t taken = size < room ? size : room;
    for (size_t left = taken; left > 0;) {
        uint32_t part = left < LINK_DATA_MAX ? (uint32_t)left : LINK_DATA_MAX;
        mcu_send(&(struct link_command){.code = LINK_UART_SEND, .size = part}, next);
        sent += part;
        next += part;
        left -= part;
    }
    return taken;
}

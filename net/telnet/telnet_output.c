#include <string.h>

#include "hal/clock.h"
#include "net/telnet/last_line.h"
#include "net/telnet/telnet_internal.h"
#include "net/telnet/telnet_server.h"
#include "system/console.h"

static struct last_line last_line;
static bool unsent; /* console output that TCP holds back until the next poll */
static uint64_t waiting_until_us =
    HAL_CLOCK_NEVER; /* link time, while console output waits for the client */

/* Wait until the client has taken something; false when it has stalled or is gone. */
static bool wait_for_client(struct telnet_connection *connection)
{
    const struct tcp_pcb *pcb = connection->pcb;
    uint32_t taken = connection->taken;
    uint64_t deadline_us = hal_clock_link_us() + TELNET_STALL_US;
    while (connection->taken == taken) {
        if (hal_clock_link_us() >= deadline_us) {
            connection->stalled = true;
            return false;
        }
        waiting_until_us = deadline_us;
        loop_wait(HAL_CLOCK_NEVER);
        waiting_until_us = HAL_CLOCK_NEVER;
        if (telnet_owner != connection || connection->pcb != pcb)
            return false;
    }
    return true;
}

/* Send all of `data` to the client, or drop the rest by the rule in the header. */
static void send_output(struct telnet_connection *connection, const char *data, size_t size)
{
    struct tcp_pcb *pcb = connection->pcb;
    while (size > 0 && !connection->stalled) {
        size_t part = size < tcp_sndbuf(pcb) ? size : tcp_sndbuf(pcb);
        if (part > 0 && tcp_write(pcb, data, (u16_t)part, TCP_WRITE_FLAG_COPY) == ERR_OK) {
            unsent =
                true; /* again after each: a poll while we waited may have sent what was there */
            data += part;
            size -= part;
        } else if (!wait_for_client(connection)) {
            return;
        }
    }
}

static void on_output(const char *data, size_t size)
{
    last_line_print(&last_line, data, size);
    if (telnet_owner != NULL && telnet_owner->aborted) {
        return;
    }
    /* RFC 854: a data byte 255 is sent twice. */
    while (size > 0 && telnet_owner != NULL) {
        const char *escape = memchr(data, TELNET_IAC, size);
        size_t part = escape == NULL ? size : (size_t)(escape - data) + 1;
        send_output(telnet_owner, data, part);
        if (escape != NULL && telnet_owner != NULL)
            send_output(telnet_owner, "\xff", 1);
        data += part;
        size -= part;
    }
}

void telnet_output_init(void)
{
    console_set_remote(on_output);
}

void telnet_output_show_line(struct telnet_connection *connection)
{
    char escaped[2 * LAST_LINE_MAX]; /* as in on_output() */
    size_t size = 0;
    for (size_t i = 0; i < last_line.size; i++) {
        escaped[size++] = last_line.text[i];
        if ((uint8_t)last_line.text[i] == TELNET_IAC) {
            escaped[size++] = last_line.text[i];
        }
    }
    tcp_write(connection->pcb, escaped, (u16_t)size, TCP_WRITE_FLAG_COPY);
}

/* RFC 854: what is on its way cannot be called back; the DM says that the AO was carried out. */
void telnet_output_abort(struct telnet_connection *connection)
{
    connection->aborted = true;
    telnet_say(connection, "\xff\xf2");
}

void telnet_output_resume(struct telnet_connection *connection)
{
    if (connection->aborted) {
        connection->aborted = false;
        telnet_say(connection, "\r\n");
        telnet_output_show_line(connection);
    }
}

/* A stalled client has taken half of the send buffer: tell it what it missed. */
static void end_stall(struct telnet_connection *connection)
{
    connection->stalled = false;
    telnet_say(connection, "\r\n[output lost]\r\n");
    telnet_output_show_line(connection);
}

void telnet_output_poll(struct telnet_connection *connection)
{
    if (connection->stalled && tcp_sndbuf(connection->pcb) >= TCP_SND_BUF / 2) {
        end_stall(connection);
    }
    if (console_is_waiting()) {
        telnet_output_resume(connection);
    }
}

void telnet_output_sent(void)
{
    unsent = false;
}

void telnet_output_deadline(struct loop_deadline *deadline)
{
    uint64_t link_us = unsent ? 0 : waiting_until_us;
    if (link_us < deadline->link_us) {
        deadline->link_us = link_us;
    }
}

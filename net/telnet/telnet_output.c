#include <string.h>

#include "hal/clock.h"
#include "net/telnet/last_line.h"
#include "net/telnet/telnet_internal.h"
#include "net/telnet/telnet_server.h"
#include "system/console.h"

struct telnet_connection *telnet_owner;

static struct last_line last_line;
static bool cut;    /* AO came while a write waited for the client: the rest of it is dropped */
static bool unsent; /* console output that TCP holds back until the next poll */
static uint64_t waiting_until_us =
    HAL_CLOCK_NEVER; /* link time, while console output waits for the client */

bool telnet_send(struct tcp_pcb *pcb, const void *data, size_t size)
{
    return tcp_sndbuf(pcb) >= size &&
           tcp_write(pcb, data, (u16_t)size, TCP_WRITE_FLAG_COPY) == ERR_OK;
}

bool telnet_say(struct tcp_pcb *pcb, const char *words)
{
    return telnet_send(pcb, words, strlen(words));
}

/* Wait until the client has taken something; false when it has stalled or is gone. */
static bool wait_for_client(struct telnet_connection *connection)
{
    const struct tcp_pcb *pcb = connection->pcb;
    uint32_t taken = connection->taken;
    uint64_t deadline_us = hal_clock_link_us() + TELNET_STALL_US;
    while (connection->taken == taken && !cut) {
        if (hal_clock_link_us() >= deadline_us) {
            connection->stalled = true;
            return false;
        }
        waiting_until_us = deadline_us;
        loop_wait(HAL_CLOCK_NEVER);
        waiting_until_us = HAL_CLOCK_NEVER;
        if (telnet_owner != connection || connection->pcb != pcb) {
            return false;
        }
    }
    return !cut;
}

/* How many bytes of `data` go together: the text before a byte 255 as far as there is room, or that
 * byte, which RFC 854 sends twice. */
static size_t next_piece(const struct tcp_pcb *pcb, const char *data, size_t size)
{
    if ((uint8_t)data[0] == TELNET_IAC) {
        return 1;
    }
    const char *escape = memchr(data, TELNET_IAC, size);
    size_t text = escape == NULL ? size : (size_t)(escape - data);
    return text < tcp_sndbuf(pcb) ? text : tcp_sndbuf(pcb);
}

/* Send all of `data` to the client, or drop the rest by the rule in the header: never the second
 * half of a byte 255, without which the client would take what follows for a command. */
static void send_output(struct telnet_connection *connection, const char *data, size_t size)
{
    struct tcp_pcb *pcb = connection->pcb;
    cut = false;
    while (size > 0 && !connection->stalled) {
        size_t piece = next_piece(pcb, data, size);
        bool sent = (uint8_t)data[0] == TELNET_IAC ? telnet_send(pcb, "\xff\xff", 2)
                                                   : piece > 0 && telnet_send(pcb, data, piece);
        if (sent) {
            unsent =
                true; /* again after each: a poll while we waited may have sent what was there */
            data += piece;
            size -= piece;
        } else if (!wait_for_client(connection)) {
            return;
        }
    }
}

static void on_output(const char *data, size_t size)
{
    last_line_print(&last_line, data, size);
    if (telnet_owner != NULL && !telnet_owner->aborted) {
        send_output(telnet_owner, data, size);
    }
}

void telnet_output_init(void)
{
    console_set_remote(on_output);
}

/* Words, then the current line. Without room for them the client has stalled: it gets the line when
 * it has taken more. */
static void show_line_after(struct telnet_connection *connection, const char *words)
{
    char text[32 + 2 * LAST_LINE_MAX];
    size_t size = strlen(words);
    memcpy(text, words, size);
    for (size_t i = 0; i < last_line.size; i++) {
        text[size++] = last_line.text[i];
        if ((uint8_t)last_line.text[i] == TELNET_IAC) {
            text[size++] = last_line.text[i];
        }
    }
    connection->stalled = !telnet_send(connection->pcb, text, size);
}

void telnet_output_show_line(struct telnet_connection *connection)
{
    show_line_after(connection, "");
}

/* RFC 854: what is on its way cannot be called back; the DM says that the AO was carried out. */
static void send_mark(struct telnet_connection *connection)
{
    connection->owes_mark = !telnet_say(connection->pcb, "\xff\xf2");
}

void telnet_output_abort(struct telnet_connection *connection)
{
    connection->aborted = true;
    cut = true;
    send_mark(connection);
}

void telnet_output_resume(struct telnet_connection *connection)
{
    if (connection->aborted) {
        connection->aborted = false;
        if (!connection->stalled) {
            show_line_after(connection, "\r\n");
        }
    }
}

void telnet_output_poll(struct telnet_connection *connection)
{
    if (connection->owes_mark) {
        send_mark(connection);
    }
    if (console_is_waiting()) {
        telnet_output_resume(connection);
    }
    if (connection->stalled && !connection->aborted &&
        tcp_sndbuf(connection->pcb) >= TCP_SND_BUF / 2) {
        show_line_after(connection, "\r\n[output lost]\r\n");
    }
}

void telnet_output_sent(void)
{
    unsent = false;
}

void telnet_output_deadline(struct loop_deadline *deadline)
{
    bool shows_again = telnet_owner != NULL && telnet_owner->aborted && console_is_waiting();
    uint64_t link_us = unsent || shows_again ? 0 : waiting_until_us;
    if (link_us < deadline->link_us) {
        deadline->link_us = link_us;
    }
}

/* What the telnet server (telnet_server.c) and its output (telnet_output.c) share. */
#ifndef NET_TELNET_TELNET_INTERNAL_H
#define NET_TELNET_TELNET_INTERNAL_H

#include "lwip/tcp.h"
#include "net/telnet/telnet_session.h"

struct telnet_connection {
    struct tcp_pcb *pcb;  /* NULL: the place is free */
    struct pbuf *pending; /* received, not consumed; acknowledged when it is */
    bool finished;        /* the client has sent its last byte */
    bool failed;          /* the dialogue could not be sent */
    bool stalled;         /* it takes nothing: output is dropped */
    bool aborted;         /* it sent AO: output is dropped */
    bool owes_mark;       /* the DM that answers AO found no room yet */
    uint64_t accepted_us; /* link time */
    uint32_t taken;       /* bytes that the client has acknowledged, modulo 2^32 */
    struct telnet_session session;
    struct telnet_io io;
};

/* Is logged in: has the console; NULL: nobody. */
extern struct telnet_connection *telnet_owner;

/* Send all or nothing; false: there is no room. The data need not outlive the call. */
bool telnet_send(struct tcp_pcb *pcb, const void *data, size_t size);
bool telnet_say(struct tcp_pcb *pcb, const char *words);

/* ---- the console's output, to telnet_owner */
void telnet_output_init(void);
/* The line on which the console's cursor is. */
void telnet_output_show_line(struct telnet_connection *connection);
/* AO, and the end of it: the client types, or Python waits for input. What is being written just
 * now is dropped to its end in either case. */
void telnet_output_abort(struct telnet_connection *connection);
void telnet_output_resume(struct telnet_connection *connection);
/* Each poll: of the owner, once its input was taken. */
void telnet_output_poll(struct telnet_connection *connection);
/* All that was to be sent at this poll is about to be: see telnet_output_deadline(). */
void telnet_output_sent(void);
void telnet_output_deadline(struct loop_deadline *deadline);

#endif

#include "net/ftp/ftp_server.h"

#include <string.h>

#include "hal/clock.h"
#include "hal/result.h"
#include "hal/rtc.h"
#include "net/ftp/ftp_reserved.h"
#include "net/ftp/ftp_storage.h"
#include "net/ftp/ftp_transport.h"
#include "net/login/login.h"
#include "net/stack/frames.h"
#include "net/stack/stack.h"

#define CONTROL_BACKLOG  200   /* a burst of clients is answered at once */
#define REPLY_ROUNDS     8     /* of a listing, in one poll */
#define CONTROL_INBOX    8     /* frames */
#define KEEP_IDLE_MS     30000 /* a silent client is asked whether it is alive after this, */
#define KEEP_INTERVAL_MS 10000 /* again after this, */
#define KEEP_COUNT       3     /* so often */

/* Full windows of all data connections together never empty the pool for the others. */
_Static_assert(FTP_SERVER_SESSIONS *FTP_TRANSPORT_DATA_INBOX <= FRAMES_COUNT - FRAMES_RESERVED,
               "too few frames");
_Static_assert(FTP_SERVER_SESSIONS <= FTP_STORAGE_FILES, "each session can have a file open");

static uint64_t idle_limit_us;
static struct tcp_pcb *control_listener; /* NULL: the server is stopped */
static struct ftp_slot slots[FTP_SERVER_SESSIONS];
static unsigned first_slot; /* the one that is served first by the next poll */
static bool more_to_do;

static struct ftp_now clock_now(void)
{
    return (struct ftp_now){
        .link_us = hal_clock_link_us(),
        .board_us = hal_clock_us(),
        .utc_s = (uint32_t)(hal_rtc_us() / 1000000u),
    };
}

/* ---- control connections */

/* A listing may make more replies than the session holds at once; what the client does not read
 * waits there. */
static void send_replies(struct ftp_slot *slot)
{
    const uint8_t *data;
    size_t size, taken;
    unsigned rounds = REPLY_ROUNDS;
    do {
        size = ftp_session_output(&slot->session, &data);
        taken = ftp_stream_send(&slot->control, data, size);
        ftp_session_output_taken(&slot->session, taken);
    } while (taken == size && slot->session.state == FTP_TELLING && --rounds > 0);
    ftp_stream_flush(&slot->control);
}

static void free_slot(struct ftp_slot *slot)
{
    ftp_transport.close(slot, true);
    ftp_stream_close(&slot->control, slot->session.state == FTP_CLOSED);
    slot->used = false;
}

/* Of two sessions that nobody has logged into: the one that goes first. */
static bool goes_before(const struct ftp_session *one, const struct ftp_session *other)
{
    bool failed = ftp_session_has_failed(one);
    return failed == ftp_session_has_failed(other) ? one->born_link_us < other->born_link_us
                                                   : failed;
}

/* A free slot, if need be that of a session that nobody has logged into. NULL: there is none. */
static struct ftp_slot *get_slot(void)
{
    struct ftp_slot *first = NULL;
    for (unsigned i = 0; i < FTP_SERVER_SESSIONS; i++) {
        struct ftp_slot *slot = &slots[i];
        if (!slot->used) {
            return slot;
        }
        if (!ftp_session_is_logged_in(&slot->session) &&
            (!first || goes_before(&slot->session, &first->session))) {
            first = slot;
        }
    }
    if (first) {
        ftp_session_evict(&first->session);
        send_replies(first);
        free_slot(first);
    }
    return first;
}

static err_t on_control_connection(void *context, struct tcp_pcb *pcb, err_t error)
{
    static const char full[] = "421 Too many connections; try again later.\r\n";
    if (error != ERR_OK || !pcb) {
        return ERR_VAL;
    }
    struct ftp_slot *slot = get_slot();
    if (!slot) {
        tcp_write(pcb, full, sizeof full - 1, 0);
        stack_linger(pcb);
        return ERR_OK;
    }

    ftp_stream_open(&slot->control, pcb, CONTROL_INBOX);
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = KEEP_IDLE_MS;
    pcb->keep_intvl = KEEP_INTERVAL_MS;
    pcb->keep_cnt = KEEP_COUNT;

    const ip4_addr_t *local = ip_2_ip4(&pcb->local_ip);
    const ip4_addr_t *peer = ip_2_ip4(&pcb->remote_ip);
    const struct ftp_session_config config = {
        .files = &ftp_reserved,
        .transport = &ftp_transport,
        .context = slot,
        .login = login_try,
        .login_notice = login_notice,
        .idle_us = idle_limit_us,
        .address = {ip4_addr1(local), ip4_addr2(local), ip4_addr3(local), ip4_addr4(local)},
        .peer = {ip4_addr1(peer), ip4_addr2(peer), ip4_addr3(peer), ip4_addr4(peer)},
    };
    struct ftp_now now = clock_now();
    ftp_session_init(&slot->session, &config, &now);
    slot->used = true;
    return ERR_OK;
}

int ftp_server_start(void)
{
    if (control_listener) {
        return 0;
    }
    control_listener = stack_listen(FTP_SERVER_PORT, CONTROL_BACKLOG);
    if (!control_listener) {
        return HAL_ERROR_FAILED;
    }
    tcp_accept(control_listener, on_control_connection);
    return 0;
}

void ftp_server_stop(void)
{
    if (!control_listener) {
        return;
    }
    tcp_close(control_listener);
    control_listener = NULL;
    for (unsigned i = 0; i < FTP_SERVER_SESSIONS; i++) {
        if (slots[i].used) {
            ftp_session_lost(&slots[i].session);
            free_slot(&slots[i]);
        }
    }
}

void ftp_server_set_idle(uint64_t idle_us)
{
    idle_limit_us = idle_us;
    for (unsigned i = 0; i < FTP_SERVER_SESSIONS; i++) {
        slots[i].session.config.idle_us = idle_us;
    }
}

/* ---- poll: each of these returns false when time was up before the work was done */

static bool time_is_up(uint64_t until_us)
{
    return hal_clock_link_us() >= until_us;
}

static bool run_commands(struct ftp_slot *slot, uint64_t until_us)
{
    for (;;) {
        const uint8_t *data;
        size_t size = ftp_stream_peek(&slot->control, &data);
        size_t taken = ftp_session_input(&slot->session, data, size);
        ftp_stream_skip(&slot->control, taken);
        if (taken == 0 && !ftp_session_goes_on(&slot->session)) {
            break;
        }
        if (time_is_up(until_us)) {
            return false;
        }
    }
    if (slot->control.ended) {
        ftp_session_input_end(&slot->session, !slot->control.inbox);
    }
    return true;
}

static bool receive_data(struct ftp_slot *slot, uint64_t until_us)
{
    while (slot->data.inbox && ftp_session_takes_data(&slot->session)) {
        if (time_is_up(until_us)) {
            return false;
        }
        const uint8_t *data;
        size_t size = ftp_stream_peek(&slot->data, &data);
        ftp_stream_skip(&slot->data, ftp_session_data_in(&slot->session, data, size));
    }
    if (slot->data.ended && !slot->data.inbox && ftp_session_takes_data(&slot->session)) {
        ftp_session_data_in_end(&slot->session);
    }
    return true;
}

static bool send_data(struct ftp_slot *slot, uint64_t until_us)
{
    bool done = true;
    while (slot->session.state == FTP_SENDING && ftp_stream_room(&slot->data) > 0) {
        if (time_is_up(until_us)) {
            done = false;
            break;
        }
        const uint8_t *data;
        size_t size = ftp_session_data_out(&slot->session, &data);
        size_t taken = ftp_stream_send(&slot->data, data, size);
        if (size > 0 && taken == 0) {
            break; /* lwIP is short of memory: an acknowledgement will free some */
        }
        ftp_session_data_out_taken(&slot->session, taken);
    }
    ftp_stream_flush(&slot->data);
    if (slot->data.acknowledged || slot->data.in_flight == 0) {
        slot->data.acknowledged = false;
        ftp_session_data_delivered(&slot->session, slot->data.in_flight == 0);
    }
    return done;
}

/* Returns whether there is more to do at once. */
static bool serve(struct ftp_slot *slot, uint64_t until_us)
{
    struct ftp_session *session = &slot->session;
    struct ftp_now now = clock_now();
    ftp_session_poll(session, &now);
    if (slot->control.lost) {
        ftp_session_lost(session);
    }
    bool done = run_commands(slot, until_us);
    if (done && session->state == FTP_COMMITTING && ftp_stream_is_alive(&slot->control)) {
        ftp_session_alive(session);
    }
    if (slot->data.opened) {
        slot->data.opened = false;
        ftp_session_data_opened(session);
    }
    done = receive_data(slot, until_us) && done;
    if (slot->data.lost) {
        ftp_session_data_lost(session);
    }
    done = send_data(slot, until_us) && done;
    /* A command may have waited for the end of the transfer. */
    done = run_commands(slot, until_us) && done;
    send_replies(slot);
    if (ftp_session_is_over(session)) {
        free_slot(slot);
        return false;
    }
    return !done || (session->state == FTP_TELLING && session->output.length == 0);
}

void ftp_server_poll(void)
{
    uint64_t until_us = hal_clock_link_us() + FTP_SERVER_SLICE_US;
    more_to_do = false;
    for (unsigned i = 0; i < FTP_SERVER_SESSIONS; i++) {
        struct ftp_slot *slot = &slots[(first_slot + i) % FTP_SERVER_SESSIONS];
        if (slot->used && serve(slot, until_us)) {
            more_to_do = true;
        }
    }
    first_slot = (first_slot + 1) % FTP_SERVER_SESSIONS;
}

void ftp_server_deadline(struct loop_deadline *deadline)
{
    if (more_to_do) {
        deadline->link_us = 0;
    }
    for (unsigned i = 0; i < FTP_SERVER_SESSIONS; i++) {
        if (slots[i].used) {
            ftp_session_deadline(&slots[i].session, deadline);
        }
    }
}

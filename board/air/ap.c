#include "board/air/ap.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- members */

static void tell(struct air_ap *ap)
{
    if (ap->members_changed != NULL) {
        ap->members_changed(ap->context);
    }
}

static int member_count(const struct air_ap *ap)
{
    return air_ap_members(ap, NULL, 0);
}

int air_ap_members(const struct air_ap *ap, uint8_t (*macs)[6], int max)
{
    int count = 0;
    for (int i = 0; i < RELAY_PORTS; i++) {
        if (ap->members[i] == NULL) {
            continue;
        }
        if (count < max) {
            memcpy(macs[count], ap->members[i]->mac, 6);
        }
        count++;
    }
    return count;
}

/* The place in `members` of this port; of NULL: one that is free. */
static struct relay_port **slot_of(struct air_ap *ap, const struct relay_port *port)
{
    struct relay_port **slot = ap->members;
    while (*slot != port) {
        slot++;
    }
    return slot;
}

static void member_ended(void *context, struct relay_port *port)
{
    struct air_ap *ap = context;
    *slot_of(ap, port) = NULL;
    close(port->out.fd);
    tell(ap);
}

static void drop(struct air_ap *ap, struct relay_port **member)
{
    relay_remove(*member);
    close((*member)->out.fd);
    *member = NULL;
}

/* By the access point, a member, or what is wired to it. */
static bool is_taken(const struct air_ap *ap, const uint8_t mac[6])
{
    bool taken = memcmp(mac, ap->network.bssid, 6) == 0;
    for (int i = 0; i < RELAY_PORTS; i++) {
        const struct relay_port *port = &ap->relay->ports[i];
        taken = taken || (relay_is_used(port) && memcmp(port->mac, mac, 6) == 0);
    }
    return taken;
}

/* ---- conditions */

static bool is_cut(const struct air_ap *ap, const uint8_t mac[6])
{
    const struct air_conditions *conditions = &ap->relay->conditions;
    return conditions->cut_count > 0 && (air_conditions_is_cut(conditions, mac) ||
                                         air_conditions_is_cut(conditions, ap->network.bssid));
}

/* What makes no sense in the conditions is told once. */
static void complain(struct air_ap *ap, const char *error)
{
    bool is_new = error[0] != '\0' && strcmp(error, ap->complaint) != 0;
    strcpy(ap->complaint, error);
    if (is_new && ap->complained != NULL) {
        ap->complained(ap->context);
    }
}

/* Read the conditions again. What makes no sense counts as none. */
static void look_at_conditions(struct air_ap *ap)
{
    struct air_conditions now;
    char error[sizeof ap->complaint] = "";
    air_conditions_read(&now, ap->place, error, sizeof error);
    complain(ap, error);
    if (memcmp(&now, &ap->relay->conditions, sizeof now) == 0) {
        return;
    }
    ap->relay->conditions = now;
    relay_conditions_changed(ap->relay);
    int before = member_count(ap);
    for (int i = 0; i < RELAY_PORTS; i++) {
        if (ap->members[i] != NULL && is_cut(ap, ap->members[i]->mac)) {
            drop(ap, &ap->members[i]);
        }
    }
    if (member_count(ap) != before) {
        tell(ap);
    }
}

/* ---- handshakes */

/* Forget a handshake; the caller cares for its descriptor. */
static void forget(struct ap_handshake *one)
{
    ev_io_stop(one->ap->loop, &one->in);
    ev_timer_stop(one->ap->loop, &one->limit);
    ev_io_set(&one->in, -1, EV_READ);
}

static void end(struct ap_handshake *one)
{
    int fd = one->in.fd;
    forget(one);
    close(fd);
}

/* Why this station, which has proved the key, cannot be a member. */
static enum handshake_refusal obstacle(const struct air_ap *ap, const uint8_t mac[6])
{
    if (is_cut(ap, mac)) {
        return HANDSHAKE_CUT;
    }
    if (is_taken(ap, mac)) {
        return HANDSHAKE_TAKEN;
    }
    return member_count(ap) < HAL_RADIO_STATIONS ? HANDSHAKE_OK : HANDSHAKE_FULL;
}

static void accept_member(struct ap_handshake *one)
{
    struct air_ap *ap = one->ap;
    struct relay_port *port =
        relay_add(ap->relay, one->in.fd, RELAY_MEMBER, one->handshake.station, member_ended, ap);
    if (port == NULL) {
        end(one);
        return;
    }
    *slot_of(ap, NULL) = port;
    forget(one);
    tell(ap);
}

/* Send what the handshake says, which it has put into `out`, and do what it has come to. */
static void go_on(struct ap_handshake *one, uint8_t out[HANDSHAKE_PACKET_MAX], size_t size)
{
    struct handshake *handshake = &one->handshake;
    if (handshake->state == HANDSHAKE_DONE) {
        enum handshake_refusal refusal = obstacle(one->ap, handshake->station);
        if (refusal != HANDSHAKE_OK) {
            size = handshake_refuse(handshake, refusal, out);
        }
    }
    bool sent = send(one->in.fd, out, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
    if (!sent || handshake->state == HANDSHAKE_REFUSED) {
        end(one);
    } else if (handshake->state == HANDSHAKE_DONE) {
        accept_member(one);
    }
}

/* The key is worked on when the first station speaks, and not when somebody only knocks. */
static void begin(struct ap_handshake *one)
{
    struct air_ap *ap = one->ap;
    if (!ap->has_pmk && ap->network.security != HAL_RADIO_OPEN) {
        handshake_pmk(ap->key, ap->network.ssid, ap->pmk);
        ap->has_pmk = true;
    }
    handshake_ap(&one->handshake, &ap->network, ap->pmk);
    one->has_begun = true;
}

static void readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct ap_handshake *one = watcher->data;
    uint8_t in[HANDSHAKE_PACKET_MAX], out[HANDSHAKE_PACKET_MAX];
    ssize_t size = recv(watcher->fd, in, sizeof in, MSG_DONTWAIT | MSG_TRUNC);
    if (size > 0) {
        if (!one->has_begun) {
            begin(one);
        }
        go_on(one, out, handshake_packet(&one->handshake, in, (size_t)size, out));
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        end(one);
    }
}

static void too_slow(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct ap_handshake *one = timer->data;
    uint8_t out[HANDSHAKE_PACKET_MAX];
    go_on(one, out, handshake_refuse(&one->handshake, HANDSHAKE_PROTOCOL, out));
}

/* A place for another handshake: if need be that of the oldest one, which others do in a moment. */
static struct ap_handshake *make_room(struct air_ap *ap)
{
    struct ap_handshake *oldest = &ap->unfinished[0];
    for (int i = 0; i < AP_UNFINISHED; i++) {
        struct ap_handshake *one = &ap->unfinished[i];
        if (one->in.fd < 0) {
            return one;
        }
        oldest = ap->handshakes - one->number > ap->handshakes - oldest->number ? one : oldest;
    }
    end(oldest);
    return oldest;
}

static void knock(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct air_ap *ap = watcher->data;
    int fd = listener_accept(&ap->knock, loop, NULL);
    if (fd < 0) {
        return;
    }
    look_at_conditions(ap);
    struct ap_handshake *one = make_room(ap);
    one->number = ++ap->handshakes;
    one->has_begun = false;
    ev_io_set(&one->in, fd, EV_READ);
    ev_io_start(loop, &one->in);
    ev_timer_set(&one->limit, HANDSHAKE_SECONDS, 0.);
    ev_timer_start(loop, &one->limit);
}

/* ---- on the air */

static int go_on_air(struct air_ap *ap)
{
    int result = air_beacon_start(&ap->beacon, ap->place, &ap->network);
    bool is_new = result != ap->silence;
    ap->silence = result;
    ap->retry.repeat = result == 0 ? AP_LOOK : AP_START_RETRY;
    ev_timer_again(ap->loop, &ap->retry);
    if (result == 0) {
        listener_start(&ap->knock, ap->loop, ap->beacon.listen_fd);
        if (ap->on_air != NULL) {
            ap->on_air(ap->context);
        }
    } else if (is_new && ap->unheard != NULL) {
        ap->unheard(ap->context);
    }
    return result;
}

static void go_off_air(struct air_ap *ap)
{
    listener_stop(&ap->knock, ap->loop);
    air_beacon_stop(&ap->beacon, ap->place);
}

/* The look comes first: who finds its bssid taken when it starts waits a while for that to end. */
static void retry(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct air_ap *ap = timer->data;
    struct air_network other;
    if (air_beacon_is_there(&ap->beacon, ap->place)) {
        return;
    }
    go_off_air(ap);
    if (!air_place_find(ap->place, ap->network.bssid, &other)) {
        go_on_air(ap);
    }
}

void air_ap_init(struct air_ap *ap, struct ev_loop *loop, const struct air_place *place,
                 struct relay *relay)
{
    *ap = (struct air_ap){.loop = loop, .place = place, .relay = relay};
    ap->beacon.file_fd = ap->beacon.listen_fd = -1;
    listener_init(&ap->knock, knock, ap);
    ev_init(&ap->retry, retry);
    ap->retry.data = ap;
    for (int i = 0; i < AP_UNFINISHED; i++) {
        struct ap_handshake *one = &ap->unfinished[i];
        one->ap = ap;
        ev_io_init(&one->in, readable, -1, EV_READ);
        ev_timer_init(&one->limit, too_slow, HANDSHAKE_SECONDS, 0.);
        one->in.data = one->limit.data = one;
    }
}

int air_ap_start(struct air_ap *ap, const struct air_network *network, const char *key)
{
    air_ap_stop(ap);
    ap->network = *network;
    strncpy(ap->key, key, sizeof ap->key - 1);
    ap->has_pmk = false;
    look_at_conditions(ap);
    ap->is_up = true;
    ap->silence = 0;
    return go_on_air(ap);
}

void air_ap_stop(struct air_ap *ap)
{
    if (!ap->is_up) {
        return;
    }
    ap->is_up = false;
    ev_timer_stop(ap->loop, &ap->retry);
    go_off_air(ap);
    for (int i = 0; i < AP_UNFINISHED; i++) {
        if (ap->unfinished[i].in.fd >= 0) {
            end(&ap->unfinished[i]);
        }
    }
    int before = member_count(ap);
    for (int i = 0; i < RELAY_PORTS; i++) {
        if (ap->members[i] != NULL) {
            drop(ap, &ap->members[i]);
        }
    }
    if (before > 0) {
        tell(ap);
    }
}

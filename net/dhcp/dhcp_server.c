#include "net/dhcp/dhcp_server.h"

#include <string.h>

/* Offsets in a message (RFC 2131, figure 1). */
enum {
    OP = 0,
    HTYPE = 1,
    HLEN = 2,
    XID = 4,
    FLAGS = 10,
    CIADDR = 12,
    YIADDR = 16,
    GIADDR = 24,
    CHADDR = 28,
    MAGIC = 236,
    OPTIONS = 240
};
enum { CHADDR_SIZE = 16, REPLY_MIN = 300 };
enum { BOOTREQUEST = 1, BOOTREPLY = 2, ETHERNET = 1, ETHERNET_SIZE = 6 };

enum message_type { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM };

enum option {
    PAD = 0,
    NETMASK = 1,
    ROUTER = 3,
    DNS = 6,
    REQUESTED_ADDRESS = 50,
    LEASE_TIME = 51,
    MESSAGE_TYPE = 53,
    SERVER_ID = 54,
    CLIENT_ID = 61,
    END = 255,
};

static const uint8_t magic[4] = {99, 130, 83, 99};
static const uint8_t no_address[4];
static const uint8_t broadcast[4] = {255, 255, 255, 255};

struct message {
    const uint8_t *bytes;
    uint8_t type;
    const uint8_t *requested; /* NULL: not given */
    const uint8_t *server;    /* NULL: not given */
    const uint8_t *client_id; /* NULL: not given */
    uint8_t client_id_size;
    uint64_t client;
};

struct writer {
    uint8_t *bytes;
    size_t size;
};

#define NOBODY (UINT64_MAX - 1) /* as a client: hashes are odd */

/* ---- reading */

/* FNV-1a, 64 bits; never 0. */
static uint64_t hash(uint8_t kind, const uint8_t *data, size_t size)
{
    uint64_t value = (14695981039346656037u ^ kind) * 1099511628211u;
    for (size_t i = 0; i < size; i++)
        value = (value ^ data[i]) * 1099511628211u;
    return value | 1;
}

static void take_option(struct message *message, uint8_t code, const uint8_t *value, uint8_t size)
{
    if (code == MESSAGE_TYPE && size == 1)
        message->type = value[0];
    else if (code == REQUESTED_ADDRESS && size == 4)
        message->requested = value;
    else if (code == SERVER_ID && size == 4)
        message->server = value;
    else if (code == CLIENT_ID && size >= 2) {
        message->client_id = value;
        message->client_id_size = size;
    }
}

/* False: malformed, or nothing for a server on this link (a relay's). */
static bool parse(struct message *message, const uint8_t *bytes, size_t size)
{
    memset(message, 0, sizeof *message);
    message->bytes = bytes;
    if (size < OPTIONS || bytes[OP] != BOOTREQUEST || bytes[HTYPE] != ETHERNET ||
        bytes[HLEN] != ETHERNET_SIZE)
        return false;
    if (memcmp(bytes + MAGIC, magic, sizeof magic) != 0 ||
        memcmp(bytes + GIADDR, no_address, 4) != 0)
        return false;
    size_t at = OPTIONS;
    while (at < size && bytes[at] != END) {
        if (bytes[at] == PAD) {
            at++;
            continue;
        }
        if (size - at < 2 || size - at - 2 < bytes[at + 1])
            return false;
        take_option(message, bytes[at], bytes + at + 2, bytes[at + 1]);
        at += 2u + bytes[at + 1];
    }
    if (message->client_id != NULL)
        message->client = hash(1, message->client_id, message->client_id_size);
    else
        message->client = hash(0, bytes + CHADDR, ETHERNET_SIZE);
    return true;
}

/* ---- the pool */

/* Where the lease of `address` is; -1: it is not of the pool. */
static int index_of(const struct dhcp_server *server, const uint8_t address[4])
{
    int index = (int)address[3] - (int)DHCP_FIRST_HOST;
    return memcmp(address, server->address, 3) == 0 && index < (int)DHCP_POOL_SIZE ? index : -1;
}

/* The lease of `address`; NULL when it is not of the pool. */
static struct dhcp_lease *lease_of(struct dhcp_server *server, const uint8_t address[4])
{
    int index = index_of(server, address);
    return index >= 0 ? &server->leases[index] : NULL;
}

void dhcp_server_init(struct dhcp_server *server, const uint8_t address[4],
                      const uint8_t netmask[4])
{
    memset(server, 0, sizeof *server);
    memcpy(server->address, address, 4);
    memcpy(server->netmask, netmask, 4);
    struct dhcp_lease *own = lease_of(server, address);
    if (own != NULL) {
        own->client = NOBODY;
        own->until_s = UINT32_MAX;
    }
}

static void address_of(const struct dhcp_server *server, const struct dhcp_lease *lease,
                       uint8_t address[4])
{
    memcpy(address, server->address, 3);
    address[3] = (uint8_t)(DHCP_FIRST_HOST + (unsigned)(lease - server->leases));
}

static bool is_free_for(const struct dhcp_lease *lease, uint64_t client, uint32_t now_s)
{
    return lease->client == client || lease->client == 0 || now_s >= lease->until_s;
}

/* The address that `message`'s client gets: the one it had, the one it asks for, one that nobody
 * had, the one that has been free for the longest time; NULL: none is left. */
static struct dhcp_lease *choose(struct dhcp_server *server, const struct message *message,
                                 uint32_t now_s)
{
    struct dhcp_lease *unused = NULL;
    struct dhcp_lease *expired = NULL;
    for (size_t i = 0; i < DHCP_POOL_SIZE; i++) {
        struct dhcp_lease *lease = &server->leases[i];
        if (lease->client == message->client)
            return lease;
        if (lease->client == 0 && unused == NULL)
            unused = lease;
        if (lease->client != 0 && now_s >= lease->until_s &&
            (expired == NULL || lease->until_s < expired->until_s))
            expired = lease;
    }
    if (message->requested != NULL) {
        struct dhcp_lease *wish = lease_of(server, message->requested);
        if (wish != NULL && is_free_for(wish, message->client, now_s))
            return wish;
    }
    return unused != NULL ? unused : expired;
}

/* A client has one lease: what it had elsewhere is free. */
static void grant(struct dhcp_server *server, struct dhcp_lease *lease,
                  const struct message *message, uint32_t until_s)
{
    for (size_t i = 0; i < DHCP_POOL_SIZE; i++) {
        if (server->leases[i].client == message->client)
            server->leases[i].client = 0;
    }
    lease->client = message->client;
    lease->until_s = until_s;
    memcpy(lease->mac, message->bytes + CHADDR, ETHERNET_SIZE);
}

static bool is_held(const struct dhcp_lease *lease, uint32_t now_s)
{
    return lease->client != 0 && lease->client != NOBODY && now_s < lease->until_s;
}

bool dhcp_server_lease(const struct dhcp_server *server, uint32_t now_s, const uint8_t mac[6],
                       uint8_t address[4])
{
    for (size_t i = 0; i < DHCP_POOL_SIZE; i++) {
        const struct dhcp_lease *lease = &server->leases[i];
        if (is_held(lease, now_s) && memcmp(lease->mac, mac, ETHERNET_SIZE) == 0) {
            address_of(server, lease, address);
            return true;
        }
    }
    return false;
}

bool dhcp_server_holder(const struct dhcp_server *server, uint32_t now_s, const uint8_t address[4],
                        uint8_t mac[6])
{
    int index = index_of(server, address);
    if (index < 0 || !is_held(&server->leases[index], now_s)) {
        return false;
    }
    memcpy(mac, server->leases[index].mac, ETHERNET_SIZE);
    return true;
}

/* ---- writing */

static void put_option(struct writer *writer, uint8_t code, const void *value, uint8_t size)
{
    writer->bytes[writer->size] = code;
    writer->bytes[writer->size + 1] = size;
    memcpy(writer->bytes + writer->size + 2, value, size);
    writer->size += 2u + size;
}

static void begin(struct writer *writer, const struct dhcp_server *server,
                  const struct message *message, uint8_t type, uint8_t *reply)
{
    memset(reply, 0, DHCP_REPLY_MAX);
    reply[OP] = BOOTREPLY;
    reply[HTYPE] = ETHERNET;
    reply[HLEN] = ETHERNET_SIZE;
    memcpy(reply + XID, message->bytes + XID, 4);
    memcpy(reply + FLAGS, message->bytes + FLAGS, 2);
    memcpy(reply + CHADDR, message->bytes + CHADDR, CHADDR_SIZE);
    memcpy(reply + MAGIC, magic, sizeof magic);
    writer->bytes = reply;
    writer->size = OPTIONS;
    put_option(writer, MESSAGE_TYPE, &type, 1);
    put_option(writer, SERVER_ID, server->address, 4);
}

static size_t finish(struct writer *writer, const struct message *message)
{
    if (message->client_id != NULL)
        put_option(writer, CLIENT_ID, message->client_id, message->client_id_size);
    writer->bytes[writer->size++] = END;
    return writer->size < REPLY_MIN ? REPLY_MIN : writer->size;
}

static void put_network(struct writer *writer, const struct dhcp_server *server)
{
    put_option(writer, NETMASK, server->netmask, 4);
    put_option(writer, ROUTER, server->address, 4);
    put_option(writer, DNS, server->address, 4);
}

/* OFFER or ACK of `lease`. */
static size_t write_lease(const struct dhcp_server *server, const struct message *message,
                          uint8_t type, const struct dhcp_lease *lease, uint8_t *reply)
{
    static const uint8_t lease_time[4] = {DHCP_LEASE_S >> 24, DHCP_LEASE_S >> 16 & 255,
                                          DHCP_LEASE_S >> 8 & 255, DHCP_LEASE_S & 255};
    struct writer writer;
    begin(&writer, server, message, type, reply);
    address_of(server, lease, reply + YIADDR);
    if (type == ACK)
        memcpy(reply + CIADDR, message->bytes + CIADDR, 4);
    put_option(&writer, LEASE_TIME, lease_time, 4);
    put_network(&writer, server);
    return finish(&writer, message);
}

static size_t write_nak(const struct dhcp_server *server, const struct message *message,
                        uint8_t *reply)
{
    struct writer writer;
    begin(&writer, server, message, NAK, reply);
    return finish(&writer, message);
}

/* ---- the messages */

static size_t on_discover(struct dhcp_server *server, const struct message *message, uint32_t now_s,
                          uint8_t *reply)
{
    struct dhcp_lease *lease = choose(server, message, now_s);
    if (lease == NULL)
        return 0;
    bool holds_it = lease->client == message->client && now_s < lease->until_s;
    if (!holds_it)
        grant(server, lease, message, now_s + DHCP_OFFER_S);
    return write_lease(server, message, OFFER, lease, reply);
}

/* The four states of a client that sends REQUEST (RFC 2131, 4.3.2): SELECTING names the server;
 * INIT-REBOOT asks for an address without; RENEWING and REBINDING have the address in ciaddr. */
static size_t on_request(struct dhcp_server *server, const struct message *message, uint32_t now_s,
                         uint8_t *reply, uint8_t destination[4])
{
    const uint8_t *ciaddr = message->bytes + CIADDR;
    bool has_address = memcmp(ciaddr, no_address, 4) != 0;
    if (message->server != NULL && memcmp(message->server, server->address, 4) != 0)
        return 0; /* it has chosen another server; our offer runs out by itself */
    const uint8_t *wanted = has_address ? ciaddr : message->requested;
    if (wanted == NULL)
        return 0;
    struct dhcp_lease *lease = lease_of(server, wanted);
    if (lease == NULL || !is_free_for(lease, message->client, now_s))
        return write_nak(server, message, reply);
    grant(server, lease, message, now_s + DHCP_LEASE_S);
    if (has_address)
        memcpy(destination, ciaddr, 4);
    return write_lease(server, message, ACK, lease, reply);
}

static void on_decline(struct dhcp_server *server, const struct message *message, uint32_t now_s)
{
    struct dhcp_lease *lease =
        message->requested == NULL ? NULL : lease_of(server, message->requested);
    if (lease == NULL || lease->client != message->client)
        return;
    lease->client = NOBODY;
    lease->until_s = now_s + DHCP_DECLINE_S;
}

static void on_release(struct dhcp_server *server, const struct message *message, uint32_t now_s)
{
    struct dhcp_lease *lease = lease_of(server, message->bytes + CIADDR);
    if (lease != NULL && lease->client == message->client)
        lease->until_s = now_s;
}

static size_t on_inform(const struct dhcp_server *server, const struct message *message,
                        uint8_t *reply, uint8_t destination[4])
{
    struct writer writer;
    begin(&writer, server, message, ACK, reply);
    memcpy(reply + CIADDR, message->bytes + CIADDR, 4);
    put_network(&writer, server);
    if (memcmp(message->bytes + CIADDR, server->address, 3) == 0)
        memcpy(destination, message->bytes + CIADDR, 4);
    return finish(&writer, message);
}

size_t dhcp_server_handle(struct dhcp_server *server, uint32_t now_s, const uint8_t *request,
                          size_t size, uint8_t *reply, uint8_t destination[4])
{
    struct message message;
    if (!parse(&message, request, size))
        return 0;
    memcpy(destination, broadcast, 4);
    switch (message.type) {
    case DISCOVER:
        return on_discover(server, &message, now_s, reply);
    case REQUEST:
        return on_request(server, &message, now_s, reply, destination);
    case DECLINE:
        on_decline(server, &message, now_s);
        return 0;
    case RELEASE:
        on_release(server, &message, now_s);
        return 0;
    case INFORM:
        return on_inform(server, &message, reply, destination);
    default:
        return 0;
    }
}

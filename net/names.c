#include "net/names.h"

#include <string.h>

#include "hal/result.h"
#include "lwip/apps/mdns.h"
#include "lwip/def.h"
#include "net/ftp/ftp_server.h"
#include "net/stack/stack.h"
#include "net/telnet/telnet_server.h"

static char name[NAMES_HOST_MAX + 1];
static const struct {
    const char *type;
    uint16_t port;
} services[] = {{"_telnet", TELNET_PORT}, {"_ftp", FTP_SERVER_PORT}};
#define CONFLICT_WAIT_MS 5000
#define SERVICES         (sizeof services / sizeof services[0])

_Static_assert(SERVICES <= MDNS_MAX_SERVICES, "too few places");

/* The name is another one's, as it seems: the responder is silent, and asks again later whether it
 * still is. */
static void on_result(struct netif *netif, u8_t result, s8_t service)
{
    if (result == MDNS_PROBING_CONFLICT) {
        mdns_resp_restart_delay(netif, CONFLICT_WAIT_MS);
    }
}

void names_init(const char *host)
{
    strncpy(name, host, NAMES_HOST_MAX);
    netif_set_hostname(stack_netif(), name);
    mdns_resp_init();
    mdns_resp_register_name_result_cb(on_result);
    mdns_resp_add_netif(stack_netif(), name);
    for (size_t i = 0; i < SERVICES; i++) {
        mdns_resp_add_service(stack_netif(), name, services[i].type, DNSSD_PROTO_TCP,
                              services[i].port, NULL, NULL);
    }
}

const char *names_host(void)
{
    return name;
}

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int names_set_host(const char *host, size_t size)
{
    if (size < 1 || size > NAMES_HOST_MAX || host[0] == '-' || host[size - 1] == '-') {
        return HAL_ERROR_RANGE;
    }
    for (size_t i = 0; i < size; i++) {
        if (host[i] != '-' && !is_letter_or_digit(host[i])) {
            return HAL_ERROR_RANGE;
        }
    }
    memcpy(name, host, size);
    name[size] = '\0';
    mdns_resp_rename_netif(stack_netif(), name);
    for (size_t i = 0; i < SERVICES; i++) {
        mdns_resp_rename_service(stack_netif(), (u8_t)i, name);
    }
    return 0;
}

bool names_is_own(const char *host)
{
    size_t size = strlen(name);
    return lwip_strnicmp(host, name, size) == 0 &&
           (lwip_stricmp(host + size, ".local") == 0 || lwip_stricmp(host + size, ".local.") == 0);
}

void names_announce(void)
{
    mdns_resp_restart(stack_netif());
}

#include "net/net.h"

#include "net/ftp/ftp_server.h"
#include "net/stack/stack.h"
#include "net/telnet/telnet_server.h"
#include "net/wlan.h"

int net_init(const char *banner)
{
    int result = wlan_init();
    if (result < 0)
        return result;
    result = telnet_server_init(banner, NET_TIMEOUT_US);
    if (result < 0)
        return result;
    return ftp_server_init(NET_TIMEOUT_US);
}

void net_poll(void)
{
    stack_poll();
    telnet_server_poll();
    ftp_server_poll();
}

void net_deadline(struct loop_deadline *deadline)
{
    stack_deadline(deadline);
    telnet_server_deadline(deadline);
    ftp_server_deadline(deadline);
}

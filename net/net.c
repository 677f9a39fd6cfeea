#include "net/net.h"

#include "hal/clock.h"
#include "hal/result.h"
#include "net/ftp/ftp_server.h"
#include "net/stack/stack.h"
#include "net/telnet/telnet_server.h"
#include "net/wlan.h"

#define GOODBYE_US 20000u /* link time */

static bool running;
static uint32_t timeout_s;

int net_init(const char *banner)
{
    int result = wlan_init();
    if (result < 0) {
        return result;
    }
    telnet_server_init(banner);
    net_servers_set_timeout(NET_TIMEOUT_S);
    return net_servers_start();
}

bool net_is_up(void)
{
    return wlan_is_up();
}

void net_poll(void)
{
    stack_poll();
    wlan_poll();
    telnet_server_poll();
    ftp_server_poll();
}

void net_deadline(struct loop_deadline *deadline)
{
    stack_deadline(deadline);
    wlan_deadline(deadline);
    telnet_server_deadline(deadline);
    ftp_server_deadline(deadline);
}

int net_servers_start(void)
{
    int result = telnet_server_start();
    if (result == 0) {
        result = ftp_server_start();
        if (result < 0) {
            telnet_server_stop();
        }
    }
    running = result == 0;
    return result;
}

void net_say_goodbye(void)
{
    telnet_server_stop();
    uint64_t until_us = hal_clock_link_us() + GOODBYE_US;
    while (hal_clock_link_us() < until_us) {
        loop_wait(hal_clock_us() + 1000);
    }
}

void net_servers_stop(void)
{
    telnet_server_stop();
    ftp_server_stop();
    running = false;
}

bool net_servers_running(void)
{
    return running;
}

int net_servers_set_timeout(uint32_t seconds)
{
    if (seconds < NET_TIMEOUT_MIN_S || seconds > NET_TIMEOUT_MAX_S) {
        return HAL_ERROR_RANGE;
    }
    timeout_s = seconds;
    telnet_server_set_idle((uint64_t)seconds * 1000000);
    ftp_server_set_idle((uint64_t)seconds * 1000000);
    return 0;
}

uint32_t net_servers_timeout(void)
{
    return timeout_s;
}

#include "net/wlan.h"

#include <string.h>

#include "hal/radio.h"
#include "hal/report.h"
#include "net/dhcp/dhcp_udp.h"
#include "net/stack/stack.h"

#define FACTORY_SSID    "wipy-wlan-"
#define FACTORY_KEY     "www.wipy.io"
#define FACTORY_CHANNEL 5

static const uint8_t address[4] = {192, 168, 1, 1};
static const uint8_t netmask[4] = {255, 255, 255, 0};

static void append_hex(char *text, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    size_t size = strlen(text);
    text[size] = digits[byte >> 4];
    text[size + 1] = digits[byte & 15];
    text[size + 2] = '\0';
}

int wlan_init(void)
{
    struct hal_radio_ap ap = {.ssid = FACTORY_SSID,
                              .key = FACTORY_KEY,
                              .channel = FACTORY_CHANNEL,
                              .security = HAL_RADIO_WPA2};
    uint8_t mac[6];
    hal_radio_mac(mac);
    append_hex(ap.ssid, mac[4]);
    append_hex(ap.ssid, mac[5]);
    stack_init(address, netmask);
    int result = dhcp_udp_init(address, netmask);
    if (result < 0)
        return result;
    result = hal_radio_ap_start(&ap);
    if (result < 0)
        return result;
    hal_report(HAL_REPORT_WLAN_MODE, "ap");
    hal_report(HAL_REPORT_WLAN_SSID, ap.ssid);
    hal_report(HAL_REPORT_WLAN_IP, "192.168.1.1");
    return 0;
}

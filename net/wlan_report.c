#include "net/wlan_report.h"

#include <stdint.h>
#include <string.h>

#include "hal/report.h"
#include "lib/text.h"
#include "net/names.h"
#include "net/stack/interface.h"

static uint8_t reported[4]; /* the address that others know of */

static void report_address(void)
{
    char string[16];
    struct text text = {string, sizeof string - 1, 0};
    for (int i = 0; i < 4; i++) {
        if (i > 0) {
            text_char(&text, '.');
        }
        text_number(&text, reported[i], 1, '0');
    }
    string[text.length] = '\0';
    hal_report(HAL_REPORT_WLAN_IP, string);
}

bool wlan_report_address(void)
{
    static const uint8_t none[4];
    struct interface_address now;
    interface_address(&now);
    if (memcmp(now.address, reported, 4) == 0) {
        return false;
    }
    memcpy(reported, now.address, 4);
    report_address();
    if (memcmp(reported, none, 4) != 0) {
        names_announce();
    }
    return true;
}

void wlan_report(bool is_ap, const char *ssid)
{
    hal_report(HAL_REPORT_WLAN_MODE, is_ap ? "ap" : "sta");
    hal_report(HAL_REPORT_WLAN_SSID, ssid);
    wlan_report_address();
}

/* The factory firmware: brings up storage, network and console, then runs Python on top of them. */
#include <string.h>

#include "hal/report.h"
#include "hal/reset.h"
#include "hal/uart.h"
#include "lib/version.h"
#include "net/net.h"
#include "python/python.h"
#include "storage/storage.h"
#include "system/console.h"
#include "system/heartbeat.h"
#include "system/loop.h"

static const struct loop_client clients[] = {
    {console_poll, console_deadline},
    {net_poll, net_deadline},
    {heartbeat_poll, heartbeat_deadline},
};

/* For the person at the board: in `status`, and on the wire. */
static void notice(const char *text)
{
    hal_report(HAL_REPORT_NOTICE, text);
    hal_uart_write(text, strlen(text));
    hal_uart_write("\r\n", 2);
}

int main(void)
{
    hal_report(HAL_REPORT_BOOT_VERSION, WIPY_VERSION);
    hal_report(HAL_REPORT_BOOT_MODE, "normal");
    hal_report(HAL_REPORT_BOOT_IMAGE, "factory");

    console_init();
    if (storage_init() == STORAGE_FLASH_DAMAGED) {
        notice("/flash cannot be mounted: its file system is damaged; nothing was changed on it");
    }
    if (net_init(python_banner()) < 0) {
        hal_fault("the network cannot be started");
    }
    heartbeat_init();
    hal_report(HAL_REPORT_LED_PATTERN, "heartbeat");
    loop_init(clients, sizeof clients / sizeof clients[0]);
    loop_poll();
    hal_report(HAL_REPORT_STATE, "running");

    python_run();
}

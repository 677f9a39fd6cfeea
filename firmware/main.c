/* The firmware: brings up storage, network and console, then runs Python on top of them. */
#include <string.h>

#include "hal/clock.h"
#include "hal/report.h"
#include "hal/reset.h"
#include "hal/uart.h"
#include "net/login/login.h"
#include "net/net.h"
#include "python/python.h"
#include "storage/storage.h"
#include "system/console.h"
#include "system/heartbeat.h"
#include "system/loop.h"
#include "update/update.h"

/* The free space of a large card is counted in the background. */
static void card_deadline(struct loop_deadline *deadline)
{
    if (storage_card_wants_poll()) {
        deadline->board_us = 0;
    }
}

static const struct loop_client clients[] = {
    {console_poll, console_deadline},
    {net_poll, net_deadline},
    {heartbeat_poll, heartbeat_deadline},
    {storage_card_poll, card_deadline},
};

/* For the person at the board: in `status`, and on the wire. */
static void notice(const char *text)
{
    hal_report(HAL_REPORT_NOTICE, text);
    hal_uart_write(text, strlen(text));
    hal_uart_write("\r\n", 2);
}

/* The first line that telnet says: of Python, and of what runs here. */
static const char *banner(void)
{
    static char text[96 + UPDATE_TEXT_MAX];
    size_t size = 0;
    const char *const parts[] = {python_banner(), ", "};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (const char *next = parts[i]; *next != '\0' && size < 96; next++) {
            text[size++] = *next;
        }
    }
    update_text(text + size, sizeof text - size);
    return text;
}

int main(void)
{
    console_init();
    if (storage_init() == STORAGE_FLASH_DAMAGED) {
        notice("/flash cannot be mounted: its file system is damaged; nothing was changed on it");
    }
    if (login_init(update_is_safe_boot()) < 0) {
        notice("the saved login is damaged and opens to nobody: this prompt, or safe boot with GP28 and then the factory login, can set another one: "
               "network.Server().login('user', 'password', save=True)");
    }
    if (net_init(banner()) < 0) {
        hal_fault("the network cannot be started");
    }
    heartbeat_init();
    loop_init(clients, sizeof clients / sizeof clients[0]);
    loop_poll();
    /* An update that nobody can reach could not be replaced over the air: the end of its time rolls it back. */
    while (update_is_on_trial() && !net_is_up()) {
        loop_wait(HAL_CLOCK_NEVER);
    }
    if (update_confirm() < 0) {
        hal_fault("the update on trial works, but the boot record cannot be written");
    }
    /* The services are up: whatever scripts do from here on rolls nothing back. */
    hal_report(HAL_REPORT_STATE, "running");

    python_run();
}

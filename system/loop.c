#include "system/loop.h"

#include <stdbool.h>

#include "hal/clock.h"
#include "hal/interrupt.h"
#include "hal/reset.h"
#include "storage/storage.h"

static const struct loop_client *loop_clients;
static size_t loop_count;
static bool loop_polling;

void loop_init(const struct loop_client *clients, size_t count)
{
    loop_clients = clients;
    loop_count = count;
    loop_polling = false;
}

void loop_poll(void)
{
    if (loop_polling) {
        return;
    }
    if (storage_busy()) {
        hal_fault("the loop was polled from inside storage");
    }
    loop_polling = true;
    hal_interrupt_take();
    for (size_t i = 0; i < loop_count; i++) {
        loop_clients[i].poll();
    }
    loop_polling = false;
}

void loop_wait(uint64_t until_us)
{
    if (loop_polling) {
        return;
    }
    struct loop_deadline next = {.board_us = until_us, .link_us = HAL_CLOCK_NEVER};
    for (size_t i = 0; i < loop_count; i++) {
        if (loop_clients[i].deadline) {
            loop_clients[i].deadline(&next);
        }
    }
    hal_clock_sleep(next.board_us, next.link_us);
    loop_poll();
}

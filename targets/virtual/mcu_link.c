#include "targets/virtual/mcu_link.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "hal/result.h"

static uint8_t packet[sizeof(struct link_command) + LINK_DATA_MAX];

void mcu_end(void)
{
    _exit(0);
}

void mcu_wait_for_end(void)
{
    uint8_t byte;
    ssize_t got;
    while ((got = read(LINK_FD_BUS, &byte, sizeof byte)) > 0 || (got < 0 && errno == EINTR)) {
    }
    mcu_end();
}

void mcu_send(const struct link_command *command, const void *data)
{
    bool boots = command->code == LINK_BOOT || command->code == LINK_BOOT_TRIAL;
    size_t size = boots ? 0 : command->size;
    if (size > LINK_DATA_MAX) {
        size = LINK_DATA_MAX;
    }
    memcpy(packet, command, sizeof *command);
    if (size > 0) {
        memcpy(packet + sizeof *command, data, size);
    }
    while (write(LINK_FD_BUS, packet, sizeof *command + size) < 0) {
        if (errno != EINTR) {
            mcu_end();
        }
    }
}

int mcu_call(const struct link_command *command, const void *data)
{
    mcu_send(command, data);
    struct link_answer answer;
    ssize_t got;
    while ((got = read(LINK_FD_BUS, &answer, sizeof answer)) < 0 && errno == EINTR) {
    }
    if (got <= 0) {
        mcu_end();
    }
    return got == sizeof answer ? answer.result : HAL_ERROR_FAILED;
}

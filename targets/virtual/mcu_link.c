#include "targets/virtual/mcu_link.h"

#include <errno.h>
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
    size_t size = data != NULL ? command->size : 0;
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

/* Read the answer into `packet`. Its size. */
static size_t read_answer(void)
{
    ssize_t got;
    while ((got = read(LINK_FD_BUS, packet, sizeof packet)) < 0 && errno == EINTR) {
    }
    if (got <= 0) {
        mcu_end();
    }
    return (size_t)got;
}

int mcu_call(const struct link_command *command, const void *data)
{
    struct link_answer answer;
    mcu_send(command, data);
    if (read_answer() != sizeof answer) {
        return HAL_ERROR_FAILED;
    }
    memcpy(&answer, packet, sizeof answer);
    return answer.result;
}

int mcu_call_for_data(const struct link_command *command, void *data)
{
    struct link_answer answer;
    mcu_send(command, NULL);
    size_t size = read_answer();
    memcpy(&answer, packet, sizeof answer);
    if (answer.result == HAL_OK && size == sizeof answer + command->size) {
        memcpy(data, packet + sizeof answer, command->size);
        return HAL_OK;
    }
    return answer.result < 0 ? answer.result : HAL_ERROR_FAILED;
}

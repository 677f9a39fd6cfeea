#include "tests/unit/boot_world.h"

#include <stdio.h>
#include <string.h>

#include "hal/retained.h"
#include "hal/uart.h"
#include "hal/watchdog.h"
#include "lib/flash_map.h"
#include "mbedtls/md5.h"
#include "mbedtls/sha256.h"
#include "tests/powerloss/ram_chip.h"

#define PAYLOAD_SIZE 600u
#define SIZE         (IMAGE_HEADER_SIZE + PAYLOAD_SIZE + IMAGE_MD5_SIZE)

struct boot_world boot_world;

enum hal_trial_end hal_trial_end(void)
{
    return boot_world.trial_end;
}

static uint32_t retained[HAL_RETAINED_COUNT];

uint32_t hal_retained_read(unsigned index)
{
    return retained[index];
}

void hal_retained_write(unsigned index, uint32_t value)
{
    retained[index] = value;
}

void hal_watchdog_feed(void)
{
    boot_world.fed++;
}

static void append(char *text, size_t size, const char *more, size_t length)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%.*s", (int)length, more);
}

void hal_report(enum hal_report_item item, const char *text)
{
    if (item == HAL_REPORT_NOTICE) {
        append(boot_world.notices, sizeof boot_world.notices, text, strlen(text));
        append(boot_world.notices, sizeof boot_world.notices, "\n", 1);
    }
}

size_t hal_uart_write(const void *data, size_t size)
{
    append(boot_world.wire, sizeof boot_world.wire, data, size);
    return size;
}

void boot_world_reset(void)
{
    ram_chip_reset();
    boot_world.trial_end = HAL_TRIAL_NONE;
    boot_world_put(HAL_BOOT_FACTORY);
}

uint32_t boot_world_image(uint8_t *image, const char *version, uint32_t payload_size, uint8_t fill)
{
    uint32_t end = IMAGE_HEADER_SIZE + payload_size;
    struct image_header header = {.magic = IMAGE_MAGIC,
                                  .header_version = IMAGE_HEADER_VERSION,
                                  .target = IMAGE_TARGET_VIRTUAL,
                                  .payload_size = payload_size};
    strcpy(header.version, version);
    memset(image + IMAGE_HEADER_SIZE, fill, payload_size);
    mbedtls_sha256(image + IMAGE_HEADER_SIZE, payload_size, header.payload_sha256, 0);
    memcpy(image, &header, sizeof header);
    uint8_t md5[16];
    mbedtls_md5(image, end, md5);
    for (size_t i = 0; i < sizeof md5; i++) {
        char hex[3];
        snprintf(hex, sizeof hex, "%02x", md5[i]);
        memcpy(image + end + 2 * i, hex, 2);
    }
    return image_size(&header);
}

void boot_world_put(enum hal_boot_slot slot)
{
    uint8_t image[SIZE];
    char version[32];
    snprintf(version, sizeof version, "1.%c.0", "0ABC"[slot]);
    boot_world_image(image, version, PAYLOAD_SIZE, (uint8_t)slot);
    for (uint32_t i = 0; i < SIZE; i++) {
        ram_chip_damage(boot_place_address(slot) + i, image[i]);
    }
}

void boot_world_damage(enum hal_boot_slot slot)
{
    uint32_t last = boot_place_address(slot) + IMAGE_HEADER_SIZE + PAYLOAD_SIZE - 1;
    ram_chip_damage(last, (uint8_t)(slot + 1));
}

void boot_world_erase(enum hal_boot_slot slot)
{
    for (uint32_t i = 0; i < SIZE; i++) {
        ram_chip_damage(boot_place_address(slot) + i, 0xff);
    }
}

bool boot_world_boot(enum safe_boot_choice choice, struct boot_selection *selection)
{
    boot_world.notices[0] = 0;
    boot_world.wire[0] = 0;
    bool found = boot_select(choice, selection);
    boot_world.trial_end = HAL_TRIAL_NONE;
    return found;
}

/* What surrounds updates in their tests: a board with a chip in RAM that boots (boot_world.h), and
 * images on their way. Included by one test program each; what a program does not use is not warned
 * about. */
#ifndef TESTS_UNIT_UPDATE_WORLD_H
#define TESTS_UNIT_UPDATE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/boot_record.h"
#include "lib/firmware_version.h"
#include "lib/flash_map.h"
#include "storage/storage.h"
#include "tests/powerloss/ram_chip.h"
#include "tests/unit/boot_world.h"
#include "update/update.h"

#define IMAGE_ROOM 40000u

const char firmware_version[] = "of the tests";

static uint8_t image[IMAGE_ROOM];
static uint32_t length; /* of it */
static unsigned confirmations;
static struct boot_selection running;

void hal_boot_confirm(void)
{
    confirmations++;
}

/* The image that is going to be uploaded. */
static inline void make_image(const char *version)
{
    length = boot_world_image(image, version, 10000, 0x5a);
}

static inline struct boot_record record_now(void)
{
    struct boot_record record;
    boot_record_read(&record);
    return record;
}

/* Reset and boot: RAM is lost. */
static inline void boot(void)
{
    ram_chip.cut_at = 0;
    storage_init();
    update_abandon();
    assert_true(boot_world_boot(SAFE_BOOT_NONE, &running));
    boot_note_set(&running.note);
}

static inline void assert_runs(const char *version)
{
    assert_string_equal(running.header.version, version);
}

/* Upload `size` bytes in pieces; 0 or what the first call said that did not take them. */
static inline int upload(const uint8_t *data, uint32_t size, uint32_t piece)
{
    int result = update_begin();
    for (uint32_t at = 0; at < size && result >= 0; at += piece) {
        uint32_t part = size - at < piece ? size - at : piece;
        result = (int)update_write(data + at, part);
        assert_true(result < 0 || result == (int)part);
    }
    if (result < 0) {
        update_abandon();
        return result;
    }
    return update_commit();
}

static inline void upload_good(const char *version)
{
    make_image(version);
    assert_int_equal(upload(image, length, FLASH_SECTOR_SIZE), UPDATE_OK);
}

/* Upload, boot, confirm. */
static inline void install(const char *version)
{
    upload_good(version);
    boot();
    assert_runs(version);
    assert_true(running.note.trial);
    assert_int_equal(update_confirm(), UPDATE_OK);
}

/* A new board that runs its factory firmware 1.0.0. */
static inline int new_board(void **state)
{
    boot_world_reset();
    confirmations = 0;
    boot();
    return 0;
}

/* Runs 3.0.0, previous is 2.0.0, and 4.0.0 waits: every place is taken. */
static inline int full_board(void **state)
{
    new_board(state);
    install("2.0.0");
    install("3.0.0");
    upload_good("4.0.0");
    return 0;
}

#endif

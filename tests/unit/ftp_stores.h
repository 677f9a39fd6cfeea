/* Stores into /flash as an FTP session makes them, on a chip in RAM. Included by one test program
 * each. */
#ifndef TESTS_UNIT_FTP_STORES_H
#define TESTS_UNIT_FTP_STORES_H

#include "net/ftp/ftp_storage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/powerloss/ram_chip.h"

#define PIECE 4096u /* as FTP_BUFFER_SIZE */
#define NEW   300000u
#define OLD   150000u

static uint8_t old_data[OLD], new_data[NEW * 4], got[NEW * 4];

static int set_up(void **state)
{
    ram_chip_reset();
    for (uint32_t i = 0; i < sizeof new_data; i++) {
        new_data[i] = (uint8_t)(i * 7 + i / 251);
    }
    memset(old_data, 'o', sizeof old_data);
    return storage_init() == STORAGE_FLASH_FORMATTED ? 0 : -1;
}

static int tear_down(void **state)
{
    ram_chip_reset();
    return 0;
}

static struct ftp_file *open_store(const char *path, enum ftp_store how, uint64_t offset)
{
    struct ftp_file *file;
    assert_int_equal(ftp_storage_open_store(&file, path, how, offset), STORAGE_OK);
    return file;
}

/* The first error, or 0. */
static int send(struct ftp_file *file, const uint8_t *data, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += PIECE) {
        uint32_t part = size - at < PIECE ? size - at : PIECE;
        int32_t result = ftp_storage_write(file, data + at, part);
        if (result < 0) {
            return (int)result;
        }
        assert_int_equal(result, part);
    }
    return STORAGE_OK;
}

static void put(const char *path, const uint8_t *data, uint32_t size)
{
    struct ftp_file *file = open_store(path, FTP_STORE_WHOLE, 0);
    assert_int_equal(send(file, data, size), STORAGE_OK);
    assert_int_equal(ftp_storage_commit(file), STORAGE_OK);
}

/* Size of the file, -1: there is none. Its contents are in `got`. */
static int32_t get(const char *path)
{
    struct ftp_file *file;
    if (ftp_storage_open_read(&file, path, 0) != STORAGE_OK) {
        return -1;
    }
    int32_t size = ftp_storage_read(file, got, sizeof got);
    ftp_storage_abandon(file);
    return size;
}

#endif

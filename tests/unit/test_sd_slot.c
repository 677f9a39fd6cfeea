/* The SD slot and its card's file (board/sd_slot.h). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/sd_slot.h"
#include "hal/result.h"

#define BLOCK  SD_SLOT_BLOCK
#define BLOCKS 100u

static char folder[] = "/tmp/test_sd_slot.XXXXXX";
static struct sd_slot slot;
static char error[SD_SLOT_ERROR_MAX];
static char last_report[SD_SLOT_ERROR_MAX];
static unsigned reports;

static void note(void *context, const char *line)
{
    (void)context;
    reports++;
    snprintf(last_report, sizeof last_report, "%s", line);
}

static void make_card(const char *path, off_t size)
{
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
}

static int make_folder(void **state)
{
    return mkdtemp(folder) == NULL || chmod(folder, 0755) < 0 || chdir(folder) < 0;
}

static int remove_folder(void **state)
{
    return rmdir(folder);
}

static int set_up(void **state)
{
    slot = (struct sd_slot){.report = note};
    reports = 0;
    error[0] = last_report[0] = '\0';
    make_card("card", (off_t)BLOCKS * BLOCK);
    return 0;
}

static int tear_down(void **state)
{
    sd_slot_eject(&slot);
    return unlink("card");
}

static void insert(bool read_only)
{
    error[0] = '\0';
    int result = sd_slot_insert(&slot, "card", read_only, error);
    assert_string_equal(error, "");
    assert_int_equal(result, 0);
}

static void refused(const char *path, const char *words)
{
    assert_int_equal(sd_slot_insert(&slot, path, false, error), -1);
    if (strstr(error, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, error);
    }
}

/* A block whose contents tell which one it is. */
static const uint8_t *pattern(uint32_t number)
{
    static uint8_t block[BLOCK];
    for (uint32_t i = 0; i < BLOCK; i++) {
        block[i] = (uint8_t)(number * 7 + i);
    }
    return block;
}

static void blocks_are_where_they_belong_in_the_file(void **state)
{
    uint8_t data[8 * BLOCK], file[BLOCK];
    insert(false);
    assert_int_equal(slot.blocks, BLOCKS);
    for (uint32_t i = 0; i < 8; i++) {
        memcpy(data + i * BLOCK, pattern(92 + i), BLOCK);
    }
    assert_int_equal(sd_slot_write(&slot, slot.insertion, 92, data, sizeof data), HAL_OK);
    int fd = open("card", O_RDONLY);
    assert_int_equal(pread(fd, file, BLOCK, 99 * BLOCK), BLOCK);
    close(fd);
    assert_memory_equal(file, pattern(99), BLOCK);
    assert_int_equal(sd_slot_read(&slot, slot.insertion, 95, data, 2 * BLOCK), HAL_OK);
    assert_memory_equal(data + BLOCK, pattern(96), BLOCK);
    struct stat now;
    assert_int_equal(stat("card", &now), 0);
    assert_int_equal(now.st_size, BLOCKS * BLOCK);
}

static void nothing_outside_of_the_card_is_touched(void **state)
{
    static const struct {
        uint32_t block, size;
    } wrong[] = {
        {0, 0},
        {0, 1},
        {0, 511},
        {0, 513},
        {BLOCKS, 512},
        {BLOCKS - 1, 1024},
        {0, BLOCKS * 512 + 512},
        {UINT32_MAX, 512},
        {UINT32_MAX, UINT32_MAX},
        {1, UINT32_MAX - 511},
    };
    uint8_t data[BLOCK];
    insert(false);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(sd_slot_read(&slot, slot.insertion, wrong[i].block, data, wrong[i].size),
                         HAL_ERROR_RANGE);
        assert_int_equal(sd_slot_write(&slot, slot.insertion, wrong[i].block, data, wrong[i].size),
                         HAL_ERROR_RANGE);
    }
    assert_int_equal(sd_slot_write(&slot, slot.insertion, BLOCKS - 1, data, BLOCK), HAL_OK);
}

static void another_insertion_is_never_reached(void **state)
{
    uint8_t data[BLOCK];
    assert_int_equal(sd_slot_read(&slot, 0, 0, data, BLOCK), HAL_ERROR_GONE);
    insert(false);
    uint32_t first = slot.insertion;
    assert_int_not_equal(first, 0);
    assert_int_equal(sd_slot_read(&slot, 0, 0, data, BLOCK), HAL_ERROR_GONE);
    assert_int_equal(sd_slot_read(&slot, first + 1, 0, data, BLOCK), HAL_ERROR_GONE);
    assert_true(sd_slot_eject(&slot));
    assert_int_equal(slot.insertion, 0);
    assert_int_equal(sd_slot_read(&slot, first, 0, data, BLOCK), HAL_ERROR_GONE);
    assert_false(sd_slot_eject(&slot));
    insert(false);
    assert_int_not_equal(slot.insertion, first);
    assert_int_equal(sd_slot_write(&slot, first, 0, pattern(3), BLOCK), HAL_ERROR_GONE);
    assert_int_equal(sd_slot_read(&slot, slot.insertion, 0, data, BLOCK), HAL_OK);
    assert_int_equal(data[1], 0);
}

static void the_switch_protects_the_card(void **state)
{
    uint8_t data[BLOCK];
    insert(true);
    assert_int_equal(slot.lock, SD_SLOT_LOCKED_BY_SWITCH);
    assert_int_equal(sd_slot_write(&slot, slot.insertion, 5, pattern(5), BLOCK),
                     HAL_ERROR_PROTECTED);
    assert_int_equal(sd_slot_read(&slot, slot.insertion, 5, data, BLOCK), HAL_OK);
    assert_int_equal(data[1], 0);
}

static void a_file_that_cannot_be_written_is_a_protected_card(void **state)
{
    assert_int_equal(chmod("card", 0444), 0);
    assert_int_equal(seteuid(geteuid() == 0 ? 65534 : geteuid()), 0); /* root may write anything */
    int result = sd_slot_insert(&slot, "card", false, error);
    assert_int_equal(seteuid(getuid()), 0);
    assert_int_equal(result, 0);
    assert_int_equal(slot.lock, SD_SLOT_LOCKED_BY_FILE);
    assert_int_equal(sd_slot_write(&slot, slot.insertion, 5, pattern(5), BLOCK),
                     HAL_ERROR_PROTECTED);
}

static void what_is_no_card_is_refused_in_words(void **state)
{
    refused("missing", "wipy sd create");
    refused(".", "folder");
    refused("/dev/null", "no card");
    refused("card/card", strerror(ENOTDIR));
    assert_int_equal(mkfifo("pipe", 0644), 0);
    refused("pipe", "no card");
    assert_int_equal(sd_slot_insert(&slot, "pipe", true, error), -1); /* and does not wait for it */
    unlink("pipe");
    static const off_t sizes[] = {0, 511, 513, 1000, ((off_t)UINT32_MAX + 1) * 512};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char words[40];
        make_card("other", sizes[i]);
        snprintf(words, sizeof words, "has %lld bytes", (long long)sizes[i]);
        refused("other", words);
    }
    make_card("other", (off_t)UINT32_MAX * 512);
    assert_int_equal(sd_slot_insert(&slot, "other", false, error), 0);
    assert_int_equal(slot.blocks, UINT32_MAX);
    sd_slot_eject(&slot);
    make_card("other", 512);
    assert_int_equal(sd_slot_insert(&slot, "other", false, error), 0);
    unlink("other");
    char path[PATH_MAX + 10];
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    sd_slot_eject(&slot);
    refused(path, strerror(ENAMETOOLONG));
}

static void one_card_in_one_slot(void **state)
{
    struct sd_slot other = {0};
    insert(false);
    refused("card", "eject it first");
    assert_int_equal(sd_slot_insert(&other, "card", true, error), -1);
    assert_non_null(strstr(error, "in use"));
    sd_slot_eject(&slot);
    assert_int_equal(sd_slot_insert(&other, "card", false, error), 0);
    sd_slot_eject(&other);
    int fd = open("card", O_RDONLY); /* a program that keeps to the locks, as mtools does */
    assert_int_equal(flock(fd, LOCK_SH), 0);
    refused("card", "in use");
    close(fd);
    insert(false);
}

static void a_file_that_was_cut_short_fails_and_stays_short(void **state)
{
    uint8_t data[8 * BLOCK];
    struct stat now;
    insert(false);
    assert_int_equal(truncate("card", 50 * BLOCK + 100), 0);
    assert_int_equal(sd_slot_read(&slot, slot.insertion, 49, data, BLOCK), HAL_OK);
    assert_int_equal(sd_slot_read(&slot, slot.insertion, 49, data, 2 * BLOCK), HAL_ERROR_FAILED);
    assert_non_null(strstr(last_report, "cannot read block 50 of card"));
    assert_int_equal(sd_slot_read(&slot, slot.insertion, 90, data, BLOCK), HAL_ERROR_FAILED);
    assert_int_equal(sd_slot_write(&slot, slot.insertion, 90, data, BLOCK), HAL_ERROR_FAILED);
    assert_int_equal(stat("card", &now), 0);
    assert_int_equal(now.st_size, 50 * BLOCK + 100);
    assert_int_equal(slot.failures, 3);
    assert_int_equal(reports, 1); /* for each insertion, not for each block */
}

static void a_host_that_cannot_write_is_an_error_with_its_reason(void **state)
{
    struct rlimit limit, old;
    uint8_t data[BLOCK];
    insert(false);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = (struct rlimit){.rlim_cur = 10 * BLOCK, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int result = sd_slot_write(&slot, slot.insertion, 20, pattern(20), BLOCK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(result, HAL_ERROR_FAILED);
    assert_non_null(strstr(last_report, "cannot write block 20 of card: "));
    assert_non_null(strstr(last_report, strerror(EFBIG)));
    assert_int_equal(sd_slot_write(&slot, slot.insertion, 20, pattern(20), BLOCK), HAL_OK);
    assert_int_equal(sd_slot_read(&slot, slot.insertion, 20, data, BLOCK), HAL_OK);
    assert_memory_equal(data, pattern(20), BLOCK);
}

static void names_are_fit_for_terminals(void **state)
{
    static const char name[] = "c\xff\n\x1b[1m\xc3\xa9";
    make_card(name, 512);
    assert_int_equal(sd_slot_insert(&slot, name, false, error), 0);
    assert_string_equal(slot.path, "c???[1m\xc3\xa9");
    unlink(name);
    sd_slot_eject(&slot);
    refused(name, "no c???[1m\xc3\xa9");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocks_are_where_they_belong_in_the_file),
        TEST(nothing_outside_of_the_card_is_touched),
        TEST(another_insertion_is_never_reached),
        TEST(the_switch_protects_the_card),
        TEST(a_file_that_cannot_be_written_is_a_protected_card),
        TEST(what_is_no_card_is_refused_in_words),
        TEST(one_card_in_one_slot),
        TEST(a_file_that_was_cut_short_fails_and_stays_short),
        TEST(a_host_that_cannot_write_is_an_error_with_its_reason),
        TEST(names_are_fit_for_terminals),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

#include "board/flash_chip.h"
#include "hal/result.h"
#include "lib/flash_map.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SECTOR FLASH_SECTOR_SIZE
#define FREE   FLASH_FS_ADDRESS /* not write-protected */

static char folder[64], path[96];
static struct flash_chip chip;
static char last_report[200];

static void note(void *context, const char *line)
{
    (void)context;
    snprintf(last_report, sizeof last_report, "%s", line);
}

static int set_up(void **state)
{
    strcpy(folder, "/tmp/flash-chip-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/flash.bin", folder);
    last_report[0] = '\0';
    if (flash_chip_open(&chip, path, true) != FLASH_CHIP_OK)
        return -1;
    chip.report = note;
    return 0;
}

static int tear_down(void **state)
{
    flash_chip_close(&chip);
    unlink(path);
    return rmdir(folder);
}

static void expect(uint32_t address, const void *data, uint32_t size)
{
    uint8_t read[SECTOR];
    assert_int_equal(flash_chip_read(&chip, address, read, size), HAL_OK);
    assert_memory_equal(read, data, size);
}

static void expect_erased(uint32_t address, uint32_t size)
{
    uint8_t erased[SECTOR];
    memset(erased, 0xFF, sizeof erased);
    expect(address, erased, size);
}

static void a_new_chip_is_erased_and_takes_no_disk(void **state)
{
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_size, FLASH_SIZE + FLASH_SIZE / SECTOR * 4);
    assert_true(file.st_blocks * 512 < 65536);
    expect_erased(0, SECTOR);
    expect_erased(FLASH_SIZE - SECTOR, SECTOR);
    assert_int_equal(flash_chip_wear(&chip, 0), 0);
}

static void programming_clears_bits_only(void **state)
{
    assert_int_equal(flash_chip_program(&chip, FREE + 10, "\xF0\x0F", 2), HAL_OK);
    expect(FREE + 10, "\xF0\x0F", 2);
    expect_erased(FREE, 10);
    assert_int_equal(flash_chip_program(&chip, FREE + 10, "\x10\x0F", 2), HAL_OK);
    expect(FREE + 10, "\x10\x0F", 2);
    assert_int_equal(chip.misuses, 0);
    assert_int_equal(chip.programs, 2);
}

static void programming_a_1_over_a_0_is_reported(void **state)
{
    flash_chip_program(&chip, FREE, "\x0F", 1);
    assert_int_equal(flash_chip_program(&chip, FREE, "\x1E", 1), HAL_OK);
    expect(FREE, "\x0E", 1);
    assert_int_equal(chip.misuses, 1);
    assert_non_null(strstr(last_report, "1 over a 0"));
    assert_non_null(strstr(last_report, "0x850000"));
}

static void erasing_a_sector_wears_it(void **state)
{
    static const uint8_t zeros[SECTOR];
    assert_int_equal(flash_chip_program(&chip, FREE, zeros, SECTOR), HAL_OK);
    assert_int_equal(flash_chip_program(&chip, FREE + SECTOR, "a", 1), HAL_OK);
    assert_int_equal(flash_chip_erase_sector(&chip, FREE), HAL_OK);
    assert_int_equal(flash_chip_erase_sector(&chip, FREE), HAL_OK);
    expect_erased(FREE, SECTOR);
    expect(FREE + SECTOR, "a", 1);
    assert_int_equal(flash_chip_wear(&chip, FREE), 2);
    assert_int_equal(flash_chip_wear(&chip, FREE + SECTOR - 1), 2);
    assert_int_equal(flash_chip_wear(&chip, FREE + SECTOR), 0);
    assert_int_equal(chip.erases, 2);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_true(file.st_blocks * 512 < 65536); /* the erased sector is a hole again */
}

static void what_lies_outside_is_refused(void **state)
{
    uint8_t data[16] = {0};
    assert_int_equal(flash_chip_read(&chip, FLASH_SIZE - 1, data, 2), HAL_ERROR_RANGE);
    assert_int_equal(flash_chip_read(&chip, UINT32_MAX, data, 2), HAL_ERROR_RANGE);
    assert_int_equal(flash_chip_read(&chip, FLASH_SIZE, data, 0), HAL_OK);
    assert_int_equal(flash_chip_program(&chip, FLASH_SIZE - 1, data, 2), HAL_ERROR_RANGE);
    assert_int_equal(flash_chip_program(&chip, FREE, data, UINT32_MAX), HAL_ERROR_RANGE);
    assert_int_equal(flash_chip_program(&chip, FREE + SECTOR - 1, data, 2), HAL_ERROR_RANGE);
    assert_int_equal(flash_chip_erase_sector(&chip, FREE + 1), HAL_ERROR_RANGE);
    assert_int_equal(flash_chip_erase_sector(&chip, FLASH_SIZE), HAL_ERROR_RANGE);
    assert_int_equal(chip.misuses, 5);
    assert_int_equal(flash_chip_program(&chip, FREE, data, 0), HAL_OK);
}

static void the_protected_part_stays(void **state)
{
    chip.protected_size = FLASH_PROTECTED_SIZE;
    assert_int_equal(flash_chip_program(&chip, FLASH_PROTECTED_SIZE - 1, "a", 1),
                     HAL_ERROR_PROTECTED);
    assert_int_equal(flash_chip_erase_sector(&chip, 0), HAL_ERROR_PROTECTED);
    assert_int_equal(flash_chip_program(&chip, FLASH_PROTECTED_SIZE, "a", 1), HAL_OK);
    assert_int_equal(chip.misuses, 2);
    expect_erased(FLASH_PROTECTED_SIZE - 1, 1);
    assert_int_equal(flash_chip_wear(&chip, 0), 0);
}

static void the_factory_writes_the_protected_part_once(void **state)
{
    static uint8_t image[3 * SECTOR + 100];
    for (size_t i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)(i * 7);
    chip.protected_size = FLASH_PROTECTED_SIZE;
    assert_int_equal(flash_chip_produce(&chip, FLASH_FACTORY_ADDRESS, image, sizeof image), 0);
    expect(FLASH_FACTORY_ADDRESS, image, SECTOR);
    expect(FLASH_FACTORY_ADDRESS + 3 * SECTOR, image + 3 * SECTOR, 100);
    assert_int_equal(flash_chip_wear(&chip, FLASH_FACTORY_ADDRESS), 1);
    assert_int_equal(flash_chip_produce(&chip, FLASH_FACTORY_ADDRESS, image, sizeof image), 0);
    assert_int_equal(flash_chip_wear(&chip, FLASH_FACTORY_ADDRESS), 1);
    image[2 * SECTOR] ^= 0xFF;
    assert_int_equal(flash_chip_produce(&chip, FLASH_FACTORY_ADDRESS, image, sizeof image), 0);
    expect(FLASH_FACTORY_ADDRESS + 2 * SECTOR, image + 2 * SECTOR, SECTOR);
    assert_int_equal(chip.misuses, 0);
}

static void it_stays_after_closing(void **state)
{
    flash_chip_program(&chip, FREE, "kept", 4);
    flash_chip_erase_sector(&chip, FREE + SECTOR);
    flash_chip_close(&chip);
    assert_int_equal(flash_chip_open(&chip, path, false), FLASH_CHIP_OK);
    expect(FREE, "kept", 4);
    assert_int_equal(flash_chip_wear(&chip, FREE + SECTOR), 1);
}

static void only_one_may_open_it(void **state)
{
    struct flash_chip second;
    assert_int_equal(flash_chip_open(&second, path, true), FLASH_CHIP_IN_USE);
    flash_chip_close(&chip);
    assert_int_equal(flash_chip_open(&second, path, true), FLASH_CHIP_OK);
    flash_chip_close(&second);
}

static void a_file_of_another_size_is_refused(void **state)
{
    struct flash_chip second;
    const off_t sizes[] = {0, 1, FLASH_SIZE, FLASH_SIZE + 4 * 4096 - 1, FLASH_SIZE + 4 * 4096 + 1};
    flash_chip_close(&chip);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(truncate(path, sizes[i]), 0);
        assert_int_equal(flash_chip_open(&second, path, true), FLASH_CHIP_WRONG_SIZE);
    }
}

static void without_create_a_missing_one_is_an_error(void **state)
{
    struct flash_chip second;
    char other[128];
    snprintf(other, sizeof other, "%s/none", folder);
    assert_int_equal(flash_chip_open(&second, other, false), FLASH_CHIP_SYSTEM);
    assert_int_equal(errno, ENOENT);
    assert_int_not_equal(access(other, F_OK), 0);
}

static void whoever_dies_while_making_one_leaves_a_place_for_the_next(void **state)
{
    char part[128];
    flash_chip_close(&chip);
    unlink(path);
    snprintf(part, sizeof part, "%s.part", path);
    int fd = open(part, O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, "half", 4), 4);
    close(fd);
    assert_int_equal(flash_chip_open(&chip, path, true), FLASH_CHIP_OK);
    expect_erased(0, 16);
    assert_int_not_equal(access(part, F_OK), 0);
}

/* A host that has no room for the file is an error of the command, not a signal: here the limit is
 * that of a file's size. */
static void a_full_disk_is_an_error(void **state)
{
    signal(SIGXFSZ, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {FREE, FREE};
        setrlimit(RLIMIT_FSIZE, &limit);
        int result = flash_chip_program(&chip, FREE, "a", 1);
        bool said = strstr(last_report, "cannot program") != NULL;
        _exit(result == HAL_ERROR_FAILED && said ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    expect_erased(FREE, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_chip_is_erased_and_takes_no_disk),
        TEST(programming_clears_bits_only),
        TEST(programming_a_1_over_a_0_is_reported),
        TEST(erasing_a_sector_wears_it),
        TEST(what_lies_outside_is_refused),
        TEST(the_protected_part_stays),
        TEST(the_factory_writes_the_protected_part_once),
        TEST(it_stays_after_closing),
        TEST(only_one_may_open_it),
        TEST(a_file_of_another_size_is_refused),
        TEST(without_create_a_missing_one_is_an_error),
        TEST(whoever_dies_while_making_one_leaves_a_place_for_the_next),
        TEST(a_full_disk_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

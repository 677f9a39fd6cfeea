/* Images: what image_pack() makes is valid, and every change to it is found, with the right words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/cli/image_pack.h"
#include "hal/flash.h"
#include "hal/result.h"
#include "image/image.h"
#include "lib/flash_map.h"

#define PAYLOAD_SIZE 10000u
#define IMAGE_SIZE   (IMAGE_HEADER_SIZE + PAYLOAD_SIZE + IMAGE_MD5_SIZE)

static uint8_t flash[FLASH_SLOT_A_ADDRESS + FLASH_SLOT_SIZE];
static uint8_t *const image = flash + FLASH_SLOT_A_ADDRESS;
static bool flash_fails;
static char folder[] = "/tmp/test_image-XXXXXX";
static char payload_path[64], image_path[64];

int hal_flash_read(uint32_t address, void *data, uint32_t size)
{
    if (flash_fails) {
        return HAL_ERROR_FAILED;
    }
    assert_in_range(address, 0, sizeof flash);
    assert_in_range(size, 0, sizeof flash - address);
    memcpy(data, flash + address, size);
    return HAL_OK;
}

static void write_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "wb");
    for (size_t i = 0; i < size; i++) {
        fputc((int)(i * 31 % 251), file);
    }
    assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
    assert_non_null(mkdtemp(folder));
    snprintf(payload_path, sizeof payload_path, "%s/payload", folder);
    snprintf(image_path, sizeof image_path, "%s/mcuimg.bin", folder);
    return 0;
}

static int remove_folder(void **state)
{
    unlink(payload_path);
    unlink(image_path);
    return rmdir(folder);
}

/* Into slot A, as an upload does: what follows is erased. */
static int put_image(void **state)
{
    flash_fails = false;
    write_file(payload_path, PAYLOAD_SIZE);
    assert_int_equal(image_pack(payload_path, image_path, IMAGE_TARGET_VIRTUAL, "1.2.3"),
                     IMAGE_PACK_OK);
    memset(flash, 0xff, sizeof flash);
    FILE *file = fopen(image_path, "rb");
    assert_int_equal(fread(image, 1, FLASH_SLOT_SIZE, file), IMAGE_SIZE);
    fclose(file);
    return 0;
}

static int check(void)
{
    struct image_header header;
    return image_check_flash(FLASH_SLOT_A_ADDRESS, FLASH_SLOT_SIZE, IMAGE_TARGET_VIRTUAL, &header);
}

static void a_packed_image_is_valid_and_says_what_it_is(void **state)
{
    struct image_header header;
    assert_int_equal(
        image_check_flash(FLASH_SLOT_A_ADDRESS, FLASH_SLOT_SIZE, IMAGE_TARGET_VIRTUAL, &header),
        IMAGE_OK);
    assert_string_equal(header.version, "1.2.3");
    assert_int_equal(header.payload_size, PAYLOAD_SIZE);
    assert_int_equal(image[IMAGE_HEADER_SIZE + 1], 31);
}

static void its_end_is_the_md5_of_the_rest_as_md5sum_prints_it(void **state)
{
    char command[256], line[64];
    snprintf(command, sizeof command, "head -c %u %s | md5sum", IMAGE_SIZE - IMAGE_MD5_SIZE,
             image_path);
    FILE *md5sum = popen(command, "r");
    assert_non_null(fgets(line, sizeof line, md5sum));
    pclose(md5sum);
    assert_memory_equal(line, image + IMAGE_SIZE - IMAGE_MD5_SIZE, IMAGE_MD5_SIZE);
}

static void every_flipped_byte_is_found(void **state)
{
    for (uint32_t i = 0; i < IMAGE_SIZE; i += i < 400 || i > IMAGE_SIZE - 400 ? 1 : 97) {
        image[i] ^= 0x20;
        assert_int_not_equal(check(), IMAGE_OK);
        image[i] ^= 0x20;
    }
    assert_int_equal(check(), IMAGE_OK);
}

static void each_flaw_has_its_name(void **state)
{
    struct image_header *header = (struct image_header *)image;
    image[IMAGE_SIZE - 1] ^= 1;
    assert_int_equal(check(), IMAGE_BAD_MD5);
    image[IMAGE_SIZE - 1] ^= 1;
    header->target = IMAGE_TARGET_MPS2;
    assert_int_equal(check(), IMAGE_WRONG_TARGET);
    header->target = IMAGE_TARGET_VIRTUAL;
    header->magic[7] = '2';
    assert_int_equal(check(), IMAGE_NOT_AN_IMAGE);
    header->magic[7] = '1';
    header->header_version = 2;
    assert_int_equal(check(), IMAGE_NOT_AN_IMAGE);
    header->header_version = 1;
    char version[32];
    memcpy(version, header->version, sizeof version);
    memset(header->version, 'x', sizeof header->version);
    assert_int_equal(check(), IMAGE_NOT_AN_IMAGE); /* it would be printed without end */
    memcpy(header->version, version, sizeof version);
    static const uint32_t sizes[] = {0, FLASH_SLOT_SIZE - IMAGE_HEADER_SIZE - IMAGE_MD5_SIZE + 1,
                                     UINT32_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        header->payload_size = sizes[i];
        assert_int_equal(check(), IMAGE_TOO_LARGE);
    }
    header->payload_size = PAYLOAD_SIZE;
    flash_fails = true;
    assert_int_equal(check(), IMAGE_UNREADABLE);
    flash_fails = false;
    assert_int_equal(check(), IMAGE_OK);
}

/* It is what users see in a line: of an image that comes in as of one that is packed. */
static void a_version_is_1_to_31_printable_characters_without_spaces(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } versions[] = {
        {"1", true},         {"1.2.3-rc1+~!", true}, {"1234567890123456789012345678901", true},
        {"", false},         {" 1", false},          {"12345678901234567890123456789012", false},
        {"1.0 beta", false}, {"1.0\n", false},       {"1.\xc3\xa4", false},
        {"1.0\x7f", false},
    };
    struct image_header *header = (struct image_header *)image;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        memset(header->version, 0, sizeof header->version);
        memcpy(header->version, versions[i].text, strlen(versions[i].text));
        assert_int_equal(image_check_header(header, IMAGE_TARGET_VIRTUAL, FLASH_SLOT_SIZE) ==
                             IMAGE_OK,
                         versions[i].ok);
        assert_int_equal(
            image_pack(payload_path, image_path, IMAGE_TARGET_VIRTUAL, versions[i].text),
            versions[i].ok ? IMAGE_PACK_OK : IMAGE_PACK_VERSION);
    }
}

static void a_wrong_sha256_is_found_behind_a_right_md5(void **state)
{
    image[offsetof(struct image_header, payload_sha256)] ^= 1;
    char command[256], line[64];
    FILE *file = fopen(image_path, "wb");
    fwrite(image, 1, IMAGE_SIZE - IMAGE_MD5_SIZE, file);
    fclose(file);
    snprintf(command, sizeof command, "md5sum < %s", image_path);
    FILE *md5sum = popen(command, "r");
    assert_non_null(fgets(line, sizeof line, md5sum));
    pclose(md5sum);
    memcpy(image + IMAGE_SIZE - IMAGE_MD5_SIZE, line, IMAGE_MD5_SIZE);
    assert_int_equal(check(), IMAGE_BAD_SHA256);
}

/* The image in the flash as if it were a file. */
static int read_file(void *context, uint32_t offset, void *data, uint32_t size)
{
    assert_ptr_equal(context, image);
    return hal_flash_read(FLASH_SLOT_A_ADDRESS + offset, data, size);
}

static int check_file(uint32_t size, uint32_t target)
{
    struct image_source source = {read_file, image};
    struct image_header header;
    return image_check(&source, size, target, &header);
}

static void a_file_is_exactly_an_image(void **state)
{
    assert_int_equal(image_size((struct image_header *)image), IMAGE_SIZE);
    assert_int_equal(check_file(IMAGE_SIZE, IMAGE_TARGET_VIRTUAL), IMAGE_OK);
    assert_int_equal(check_file(IMAGE_SIZE + 1, IMAGE_TARGET_VIRTUAL), IMAGE_EXCESS);
    assert_int_equal(check_file(UINT32_MAX, IMAGE_TARGET_VIRTUAL), IMAGE_EXCESS);
    for (uint32_t size = 1; size < IMAGE_SIZE; size += size < 600 ? 1 : 103) {
        assert_int_equal(check_file(size, IMAGE_TARGET_VIRTUAL), IMAGE_TRUNCATED);
    }
    assert_int_equal(check_file(IMAGE_SIZE - 1, IMAGE_TARGET_VIRTUAL), IMAGE_TRUNCATED);
    image[IMAGE_SIZE - 1] ^= 1;
    assert_int_equal(check_file(IMAGE_SIZE, IMAGE_TARGET_VIRTUAL), IMAGE_BAD_MD5);
    flash_fails = true;
    assert_int_equal(check_file(IMAGE_SIZE, IMAGE_TARGET_VIRTUAL), IMAGE_UNREADABLE);
}

static void a_file_of_another_kind_is_no_image_however_short(void **state)
{
    assert_int_equal(check_file(0, IMAGE_TARGET_VIRTUAL), IMAGE_NOT_AN_IMAGE);
    image[0] = '#';
    for (uint32_t size = 1; size < 300; size++) {
        assert_int_equal(check_file(size, IMAGE_TARGET_VIRTUAL), IMAGE_NOT_AN_IMAGE);
    }
}

static void a_file_can_be_checked_for_any_known_target(void **state)
{
    struct image_header *header = (struct image_header *)image;
    assert_int_equal(check_file(IMAGE_SIZE, 0), IMAGE_OK);
    assert_int_equal(check_file(IMAGE_SIZE, IMAGE_TARGET_MPS2), IMAGE_WRONG_TARGET);
    assert_string_equal(image_target_name(header->target), "virtual");
    header->target = IMAGE_TARGET_MPS2;
    assert_int_equal(check_file(IMAGE_SIZE, 0), IMAGE_BAD_MD5); /* the change, not the target */
    header->target = 77;
    assert_int_equal(check_file(IMAGE_SIZE, 0), IMAGE_WRONG_TARGET);
    assert_string_equal(image_target_name(header->target), "unknown");
}

static void erased_flash_is_no_image(void **state)
{
    memset(flash, 0xff, sizeof flash);
    assert_int_equal(check(), IMAGE_NOT_AN_IMAGE);
}

static void every_error_has_words(void **state)
{
    for (int error = IMAGE_EXCESS; error <= IMAGE_OK; error++) {
        assert_string_not_equal(image_error_text(error), "unknown error");
    }
}

static void packing_refuses_what_does_not_fit(void **state)
{
    unlink(image_path);
    write_file(payload_path, 0);
    assert_int_equal(image_pack(payload_path, image_path, IMAGE_TARGET_VIRTUAL, "1"),
                     IMAGE_PACK_SIZE);
    write_file(payload_path, FLASH_SLOT_SIZE - IMAGE_HEADER_SIZE - IMAGE_MD5_SIZE + 1);
    assert_int_equal(image_pack(payload_path, image_path, IMAGE_TARGET_VIRTUAL, "1"),
                     IMAGE_PACK_SIZE);
    write_file(payload_path, 5);
    assert_int_equal(image_pack(payload_path, image_path, IMAGE_TARGET_VIRTUAL, ""),
                     IMAGE_PACK_VERSION);
    assert_int_equal(image_pack(payload_path, image_path, IMAGE_TARGET_VIRTUAL, "1 2"),
                     IMAGE_PACK_VERSION);
    assert_int_equal(image_pack(payload_path, image_path, IMAGE_TARGET_VIRTUAL,
                                "12345678901234567890123456789012"),
                     IMAGE_PACK_VERSION);
    assert_int_equal(image_pack("/nowhere", image_path, IMAGE_TARGET_VIRTUAL, "1"),
                     IMAGE_PACK_SYSTEM);
    assert_int_equal(image_pack(payload_path, "/nowhere/x", IMAGE_TARGET_VIRTUAL, "1"),
                     IMAGE_PACK_SYSTEM);
    assert_int_equal(access(image_path, F_OK), -1); /* nothing was left */
    write_file(payload_path, FLASH_SLOT_SIZE - IMAGE_HEADER_SIZE - IMAGE_MD5_SIZE);
    assert_int_equal(image_pack(payload_path, image_path, IMAGE_TARGET_VIRTUAL, "1"),
                     IMAGE_PACK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_packed_image_is_valid_and_says_what_it_is, put_image),
        cmocka_unit_test_setup(its_end_is_the_md5_of_the_rest_as_md5sum_prints_it, put_image),
        cmocka_unit_test_setup(every_flipped_byte_is_found, put_image),
        cmocka_unit_test_setup(each_flaw_has_its_name, put_image),
        cmocka_unit_test_setup(a_version_is_1_to_31_printable_characters_without_spaces, put_image),
        cmocka_unit_test_setup(a_wrong_sha256_is_found_behind_a_right_md5, put_image),
        cmocka_unit_test_setup(a_file_is_exactly_an_image, put_image),
        cmocka_unit_test_setup(a_file_of_another_kind_is_no_image_however_short, put_image),
        cmocka_unit_test_setup(a_file_can_be_checked_for_any_known_target, put_image),
        cmocka_unit_test_setup(erased_flash_is_no_image, put_image),
        cmocka_unit_test_setup(every_error_has_words, put_image),
        cmocka_unit_test_setup(packing_refuses_what_does_not_fit, put_image),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* The boot loader: verifies the image that is to run, and starts it. */
#include <string.h>

#include "hal/boot.h"
#include "hal/led.h"
#include "hal/reset.h"
#include "image/image.h"
#include "lib/flash_map.h"

static _Noreturn void no_image(int error)
{
    char reason[96] = "no valid firmware: factory image: ";
    strncat(reason, image_error_text(error), sizeof reason - strlen(reason) - 1);
    hal_led_set(true);
    hal_fault(reason);
}

int main(void)
{
    struct image_header header;
    int error = image_check_flash(FLASH_FACTORY_ADDRESS, FLASH_FACTORY_SIZE, BOOT_TARGET, &header);
    if (error < 0) {
        no_image(error);
    }
    hal_boot(HAL_BOOT_FACTORY, FLASH_FACTORY_ADDRESS + IMAGE_HEADER_SIZE, header.payload_size);
}

/* The boot loader: lets GP28 choose, verifies the image that is to run, tells it what it needs to
 * know, and starts it. */
#include "hal/boot.h"
#include "boot/safe_boot.h"
#include "boot/select.h"
#include "hal/clock.h"
#include "hal/gpio.h"
#include "hal/interrupt.h"
#include "hal/led.h"
#include "hal/report.h"
#include "hal/reset.h"

static bool pin_is_high(void)
{
    return hal_gpio_read(HAL_GPIO_SAFE_BOOT) == 1;
}

static enum safe_boot_choice wait_for_choice(void)
{
    struct safe_boot safe_boot;
    safe_boot_begin(&safe_boot, hal_clock_us(), pin_is_high());
    while (!safe_boot.done) {
        hal_clock_sleep(safe_boot_deadline(&safe_boot), HAL_CLOCK_NEVER);
        hal_interrupt_take();
        safe_boot_step(&safe_boot, hal_clock_us(), pin_is_high());
        hal_led_set(safe_boot.led);
    }
    return safe_boot.choice;
}

static void tell(const struct boot_selection *selection)
{
    const char *role = boot_role_name(selection->note.role);
    hal_report(HAL_REPORT_BOOT_MODE, selection->note.safe ? "safe" : "normal");
    hal_report(HAL_REPORT_BOOT_IMAGE, role);
    hal_report(HAL_REPORT_BOOT_VERSION, selection->header.version);
    if (selection->note.safe) {
        struct words words = {"safe boot, "};
        words_add(&words, role);
        words_add(&words, " firmware ");
        words_add(&words, selection->header.version);
        words_print(&words);
    }
    boot_note_set(&selection->note);
}

int main(void)
{
    struct boot_selection selection;
    if (!boot_select(wait_for_choice(), &selection)) {
        hal_fault(selection.failure.text); /* says so on the wire, and the LED is on */
    }
    tell(&selection);
    enum hal_boot_slot slot = selection.note.slot;
    uint32_t address = boot_place_address(slot) + IMAGE_HEADER_SIZE;
    if (selection.note.trial) {
        hal_boot_trial(slot, address, selection.header.payload_size);
    }
    hal_boot(slot, address, selection.header.payload_size);
}

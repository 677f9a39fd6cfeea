/* What surrounds the boot loader in its tests: images in a chip in RAM, the end of a trial, and
 * what it says. */
#ifndef TESTS_BOOT_WORLD_H
#define TESTS_BOOT_WORLD_H

#include <stdint.h>

#include "boot/select.h"
#include "hal/boot.h"
#include "hal/report.h"

struct boot_world {
    enum hal_trial_end trial_end; /* of the last reset */
    char notices[1000];           /* those of this boot, a line each */
    char wire[1000];              /* what came by UART at this boot */
    unsigned fed;                 /* how often the watchdog was */
};
extern struct boot_world boot_world;

/* A chip with a valid factory image "1.0.0" and nothing else. */
void boot_world_reset(void);

/* Make a valid image, whose payload is `payload_size` bytes `fill`; returns its size. */
uint32_t boot_world_image(uint8_t *image, const char *version, uint32_t payload_size, uint8_t fill);

/* Put a valid image there; damage it; erase it. Its version is its place's: "1.0.0" (factory),
 * "1.A.0", "1.B.0", "1.C.0". */
void boot_world_put(enum hal_boot_slot slot);
void boot_world_damage(enum hal_boot_slot slot);
void boot_world_erase(enum hal_boot_slot slot);

/* One boot: boot_select(), of which the notices and the wire are kept. The next one finds no ended
 * trial. */
bool boot_world_boot(enum safe_boot_choice choice, struct boot_selection *selection);

#endif

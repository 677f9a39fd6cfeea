/* Upgrading the firmware over the air: an image comes in, is verified, and is tried at the next normal boot (docs/spec.md, "Update").
 *
 * The image is written to a place that holds neither the latest nor the previous update, nor the one that runs, nor (as long as there
 * is another place) the one that waits for its trial. When only that place is left, the image is first collected in /flash, so that
 * what waits is given up only for a complete and valid image. Nothing that is refused or abandoned changes what the next boot runs, with one
 * exception: when that complete image is being copied over the one that waited, and a reset, a power cut or a failing chip breaks the copy off, then
 * neither waits any more. The latest one runs, and the next normal boot says why. */
#ifndef UPDATE_UPDATE_H
#define UPDATE_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/boot.h"

enum update_error {
    UPDATE_OK = 0,
    UPDATE_BUSY = -1,      /* another upload is under way */
    UPDATE_REFUSED = -2,   /* not an image, wrong target, truncated, digest mismatch: update_words() */
    UPDATE_TOO_LARGE = -3, /* for its place, or for the room in /flash: update_words() */
    UPDATE_FAILED = -4,    /* the chip fails: update_words(); see above */
};

/* Begin an upload. One at a time. */
int update_begin(void);
/* The next bytes, in order; 1 to 4096. All of them, or an error: then the upload is over but for update_abandon(). Blocks for the time that the flash
 * takes for them. */
int32_t update_write(const void *data, uint32_t size);
/* No more comes: verify, and make it the update that is tried at the next normal boot. The upload is over either way. Blocks while it reads the whole
 * image back, and feeds the watchdog meanwhile. */
int update_commit(void);
/* Give it up; also after an error of update_write(). Nothing happens when none is under way. */
void update_abandon(void);
/* What the last of these calls has to say to the user, without full stop: "firmware 1.2.0 for the virtual target accepted: reset to run it", "image truncated: 4096 of
 * 700000 bytes came", ... Valid until the next call. */
const char *update_words(void);

/* The image that runs is an update on trial that is not confirmed yet. */
bool update_is_on_trial(void);
/* The services are up: the image that runs works. Makes the update on trial the latest one, and ends the supervision. Does nothing when it is not on
 * trial. UPDATE_FAILED: that cannot be recorded, and it is still supervised; it must not go on to scripts, of which any error would now look like its own. */
int update_confirm(void);

/* The version of the firmware that runs, as its image says: what `status`, update_place() and the 226 of its upload say, too. Valid until the next call. */
const char *update_version(void);

/* What runs, in a line without CR LF: "firmware 1.2.0", "safe boot, previous firmware 1.1.0", "firmware 1.1.0; 1.2.0 was rolled back: hard fault".
 * Returns its length; never more than `size` - 1. */
#define UPDATE_TEXT_MAX 160
size_t update_text(char *text, size_t size);
/* boot.py and main.py are to be skipped; WLAN and login have factory settings. */
bool update_is_safe_boot(void);

/* One place and what is in it. */
enum update_state {
    UPDATE_EMPTY,
    UPDATE_DAMAGED, /* it has a role, but its image is not valid */
    UPDATE_VALID,   /* it can be booted */
    UPDATE_RUNNING, /* it runs */
    UPDATE_WAITING, /* verified; it is tried at the next normal boot */
    UPDATE_ROLLED_BACK,
};
struct update_place {
    const char *name; /* "factory", "A", "B", "C" */
    const char *role; /* "factory", "latest", "previous", "trial"; "" none */
    char version[32]; /* "" when there is no valid image */
    enum update_state state;
};
/* Verifies the image: takes milliseconds. */
void update_place(enum hal_boot_slot slot, struct update_place *place);
const char *update_state_name(enum update_state state); /* "empty", "damaged", "valid", "running", "waiting", "rolled back" */

#endif
